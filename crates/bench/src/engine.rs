//! The engines that run cases: ours and PyTorch's.

use burn::tensor::Device;

use crate::case::Case;
use crate::precision::Precision;
use crate::subject::{self, Subject};

/// Runs one case at a time.
pub(crate) trait Engine {
    /// Builds a case and repeats it until it is warm; what was built before is gone. Where there are several ways to run
    /// it, `variant` is the one to take; without it the engine finds out.
    fn prepare(&mut self, case: &Case, variant: Option<&str>) -> Result<(), String>;

    /// The seconds that each of several repetitions takes.
    fn run(&mut self, repetitions: usize) -> Result<Vec<f64>, String>;

    /// Which of several ways to run the case it has taken.
    fn variant(&self) -> Option<&str> {
        None
    }

    /// Gives the case's memory back.
    fn release(&mut self);
}

/// Foreframe itself.
pub(crate) struct Foreframe {
    device: Device,
    precision: Precision,
    subject: Option<Box<dyn Subject>>,
}

impl Foreframe {
    pub(crate) fn new(device: Device, precision: Precision) -> Self {
        Self {
            device,
            precision,
            subject: None,
        }
    }
}

impl Engine for Foreframe {
    fn prepare(&mut self, case: &Case, _: Option<&str>) -> Result<(), String> {
        self.release();
        let mut subject = subject::prepare(case, &self.device, self.precision)?;
        subject::warm_up(&mut *subject)?;
        self.subject = Some(subject);
        Ok(())
    }

    fn run(&mut self, repetitions: usize) -> Result<Vec<f64>, String> {
        match &mut self.subject {
            Some(subject) => subject::time(&mut **subject, repetitions),
            None => Err("nothing is prepared".to_owned()),
        }
    }

    fn release(&mut self) {
        self.subject = None;
        self.device.memory_cleanup();
    }
}
