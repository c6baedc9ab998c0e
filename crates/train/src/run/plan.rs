//! The arithmetic of steps and epochs.

use crate::config::RunConfig;

/// How steps make up epochs.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) batches_per_epoch: usize,
    pub(super) steps_per_epoch: u64,
    pub(super) steps: u64,
    pub(super) epochs: u64,
}

impl Plan {
    pub(super) fn new(config: &RunConfig, batches_per_epoch: usize) -> Self {
        let train = &config.train;
        let steps_per_epoch = batches_per_epoch.div_ceil(train.accumulate) as u64;
        let steps = match train.steps {
            0 => train.epochs as u64 * steps_per_epoch,
            steps => steps,
        };
        Self {
            batches_per_epoch,
            steps_per_epoch,
            steps,
            epochs: steps.div_ceil(steps_per_epoch),
        }
    }

    /// Steps that are done at the end of epoch `epoch`, counted from 0.
    pub(super) fn end_of(&self, epoch: u64) -> u64 {
        ((epoch + 1) * self.steps_per_epoch).min(self.steps)
    }
}
