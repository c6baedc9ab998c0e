//! Something that can be repeated and timed.

use std::time::{Duration, Instant};

use burn::tensor::Device;

use crate::case::{Case, What};
use crate::precision::Precision;

/// One case, ready to run.
pub(crate) trait Subject {
    /// Runs once and waits for the result.
    fn repeat(&mut self) -> Result<(), String>;
}

/// Builds what `case` describes.
pub(crate) fn prepare(case: &Case, device: &Device, precision: Precision) -> Result<Box<dyn Subject>, String> {
    match &case.what {
        What::Operation(operation) => Ok(crate::operation::prepare(operation, case.pass, device, precision)),
        What::Network(network) => crate::network::prepare(network, case.pass, device, precision),
    }
}

/// Repeats until what only happens at first (fresh memory, compiled kernels) has happened: for half a second, but twice
/// at least and 20 times at most.
pub(crate) fn warm_up(subject: &mut dyn Subject) -> Result<(), String> {
    const WARM_UP: Duration = Duration::from_millis(500);
    let start = Instant::now();
    for repetition in 0..20 {
        subject.repeat()?;
        if repetition > 0 && start.elapsed() > WARM_UP {
            break;
        }
    }
    Ok(())
}

/// The seconds that each of several repetitions takes.
pub(crate) fn time(subject: &mut dyn Subject, repetitions: usize) -> Result<Vec<f64>, String> {
    (0..repetitions)
        .map(|_| {
            let start = Instant::now();
            subject.repeat()?;
            Ok(start.elapsed().as_secs_f64())
        })
        .collect()
}
