//! SIGINT and SIGTERM as requests to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Exit status of a program that a second Ctrl-C ended.
const EXIT_CODE: i32 = 130;

/// While it lives, the first signal is noted and the second ends the program at once.
pub struct Interrupt {
    requests: [(&'static str, Arc<AtomicBool>); 2],
    registered: Vec<SigId>,
}

impl Interrupt {
    /// Begins to listen.
    pub fn listen() -> Self {
        let mut interrupt = Self {
            requests: ["SIGINT", "SIGTERM"].map(|name| (name, Arc::new(AtomicBool::new(false)))),
            registered: Vec::new(),
        };
        for (signal, (name, request)) in [SIGINT, SIGTERM].into_iter().zip(&interrupt.requests) {
            // The order matters: the exit looks at the request before this very signal sets it.
            let exit = signal_hook::flag::register_conditional_shutdown(signal, EXIT_CODE, request.clone());
            let note = signal_hook::flag::register(signal, request.clone());
            for result in [exit, note] {
                match result {
                    Ok(id) => interrupt.registered.push(id),
                    Err(error) => tracing::warn!("{name} will end the program at once: {error}"),
                }
            }
        }
        interrupt
    }

    /// The signal that asked to stop.
    pub fn requested(&self) -> Option<&'static str> {
        self.requests
            .iter()
            .find(|(_, request)| request.load(Ordering::Relaxed))
            .map(|(name, _)| *name)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
