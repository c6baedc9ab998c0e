//! Where a run stands, besides its tensors.

use std::str::FromStr;

use foreframe_data::Loader;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::checkpoint::Checkpoints;
use super::folder::{EpochRecord, StepRecord};

/// Where a run stands, as in `state.json`.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    /// Optimizer steps done.
    pub(super) step: u64,
    /// Epochs done and validated.
    pub(super) epoch: u64,
    /// Seed of the run.
    pub(super) seed: u64,
    /// Updates of the average of the weights.
    pub(super) average_updates: u64,
    /// Sum of the training losses of the epoch begun.
    pub(super) loss_sum: Exact,
    /// Seconds of work so far, and when the epoch began.
    pub(super) seconds: Exact,
    pub(super) epoch_began: Exact,
    /// The best validation so far.
    pub(super) best: Option<Best>,
    /// Validations since then.
    pub(super) since_best: usize,
    /// Where the epoch begun stands. Older checkpoints have no such field, and their checksum is that of a state without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    /// The validation at the run's end in the middle of an epoch, or at the end of one that is otherwise not validated. A run that
    /// goes on forgets it and takes the epoch up where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Ended>,
}

/// Where an epoch stands.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Position {
    /// Clips seen, in the order of the epoch; all of them where the epoch is over.
    pub(super) clips: usize,
    /// Optimizer steps that saw them.
    pub(super) steps: u64,
    /// The learning rate of the last of these steps.
    pub(super) learning_rate: Exact,
}

/// The validation at the end of a run, which does not count where the run goes on.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) best: Option<Best>,
    pub(super) since_best: usize,
}

/// The best validation of a run.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) struct Best {
    pub(super) epoch: u64,
    pub(super) validation_loss: Exact,
    pub(super) checkpoint: String,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            position: Some(Position::default()),
            ..Self::default()
        }
    }

    pub(super) fn position(&self) -> Position {
        self.position.unwrap_or_default()
    }

    pub(super) fn set_position(&mut self, position: Position) {
        self.position = Some(position);
    }

    /// Whether the position is still to be found out by [`locate`](Self::locate).
    pub(super) fn is_old(&self) -> bool {
        self.position.is_none()
    }

    /// Epochs that have a line in `epochs.csv`.
    pub(super) fn closed_epochs(&self) -> u64 {
        self.epoch + u64::from(self.ended.is_some())
    }

    /// Epochs done or begun.
    pub(super) fn begun_epochs(&self) -> u64 {
        self.epoch + u64::from(self.position().clips > 0)
    }

    /// The best validation so far, with that of the run's end.
    pub(super) fn best_of_all(&self) -> Option<&Best> {
        self.ended.as_ref().map_or(&self.best, |ended| &ended.best).as_ref()
    }

    /// The best validation and the number of those since then, after that of `record`.
    pub(super) fn evaluated(&self, record: &EpochRecord) -> (Option<Best>, usize) {
        let better = |loss: &f64| {
            // A loss that is no number is never better.
            let best = self.best.as_ref();
            best.is_none_or(|best| *loss < best.validation_loss.0) && !loss.is_nan()
        };
        match record.validation_loss {
            None => (self.best.clone(), self.since_best),
            Some(loss) if better(&loss) => {
                let best = Best {
                    epoch: record.epoch,
                    validation_loss: Exact(loss),
                    checkpoint: Checkpoints::name(record.step),
                };
                (Some(best), 0)
            }
            Some(_) => (self.best.clone(), self.since_best + 1),
        }
    }

    /// Finds out the position that an older version left out, from what `loader` and `accumulate` made of an epoch then and
    /// what was `logged`. Such a version closed an epoch that the end of the run cut short: it is opened again.
    pub(super) fn locate(&mut self, loader: &Loader, accumulate: usize, logged: &[StepRecord]) {
        let steps_per_epoch = steps_left(loader, accumulate, 0);
        let is_cut = self.step < self.epoch * steps_per_epoch;
        if is_cut {
            self.epoch = self.step / steps_per_epoch;
            self.ended = Some(Ended {
                best: self.best.clone(),
                since_best: self.since_best,
            });
        }
        let steps = self.step - self.epoch * steps_per_epoch;
        let in_epoch = |record: &&StepRecord| record.epoch == self.epoch + 1 && record.step <= self.step;
        let records: Vec<&StepRecord> = logged.iter().filter(in_epoch).collect();
        if is_cut {
            self.loss_sum = Exact(records.iter().map(|record| record.loss).sum());
        }
        let batches = (steps as usize * accumulate).min(loader.batches());
        self.position = Some(Position {
            clips: batches * loader.batch_size(),
            steps,
            learning_rate: Exact(records.last().map_or(0.0, |record| record.learning_rate)),
        });
    }
}

/// Optimizer steps that an epoch still has after its first `clip` clips.
pub(super) fn steps_left(loader: &Loader, accumulate: usize, clip: usize) -> u64 {
    loader.batches_from(clip).div_ceil(accumulate) as u64
}

/// A number that comes back from JSON bit for bit: the parser may be off by the last bit, text is not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Exact(pub(super) f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        f64::from_str(&text).map(Self).map_err(serde::de::Error::custom)
    }
}
