//! The speedup by a second thread.

use serde::Serialize;

use crate::case::Case;
use crate::fresh::Fresh;
use crate::statistics::median;

/// One case with one thread and with two, each in processes of its own.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Scaling {
    /// The case.
    pub name: String,
    /// Medians with one thread and with two, in seconds.
    pub seconds: Result<[f64; 2], String>,
}

impl Scaling {
    /// How many times as fast two threads are.
    pub fn speedup(&self) -> Option<f64> {
        let [one, two] = self.seconds.as_ref().ok()?;
        Some(one / two)
    }
}

/// Whether this machine has a second thread to offer.
pub(crate) fn is_possible() -> bool {
    std::thread::available_parallelism().is_ok_and(|threads| threads.get() > 1)
}

/// Runs `case` with one and with two threads in turn.
pub(crate) fn measure(case: &Case, fresh: &Fresh<'_>) -> Scaling {
    const TURNS: usize = 2;
    // Each process has repeated twice at least before.
    const REPETITIONS: usize = 1;
    let mut times = [const { Vec::new() }; 2];
    let mut run = || {
        for _ in 0..TURNS {
            for (threads, times) in times.iter_mut().enumerate() {
                times.extend(fresh.run(case, REPETITIONS, Some(threads + 1))?.seconds);
            }
        }
        Ok(())
    };
    let outcome: Result<(), String> = run();
    Scaling {
        name: case.name(),
        seconds: outcome.map(|()| times.map(|seconds| median(&seconds))),
    }
}
