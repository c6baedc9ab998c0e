//! One epoch of a session: its steps, and what follows them.

use std::time::Instant;

use foreframe_core::{Clip, StepContext};
use foreframe_data::{Batches, DataError, HostBatch};

use super::checkpoint::{Best, Checkpoints, Exact};
use super::folder::{EpochRecord, Status, StepRecord};
use super::session::{Ending, Session};
use crate::error::TrainError;
use crate::evaluate::{targets_of, validation_loss};

impl Session<'_, '_> {
    /// The steps of the running epoch that are not done yet.
    pub(super) fn epoch(&mut self) -> Result<Option<Ending>, TrainError> {
        let train = &self.config.train;
        let end = self.plan.end_of(self.state.epoch);
        let done = self.state.step - self.state.epoch * self.plan.steps_per_epoch;
        if done == 0 {
            self.state.epoch_began = Exact(self.seconds());
        }
        let mut batches = self.loader.epoch(self.state.epoch, done as usize * train.accumulate);
        while self.state.step < end {
            if let Some(reason) = self.wish_to_stop() {
                return Ok(Some((Status::Interrupted, reason)));
            }
            self.step(&mut batches)?;
            let every = train.checkpoint_every;
            if every > 0 && self.state.step.is_multiple_of(every) && self.state.step < end {
                self.save()?;
            }
        }
        Ok(None)
    }

    fn wish_to_stop(&self) -> Option<String> {
        if let Some(signal) = self.interrupt.requested() {
            return Some(format!("interrupted by {signal}"));
        }
        let limit = self.options.max_steps.filter(|limit| self.state.step >= *limit)?;
        Some(format!("stopped after {limit} steps, as asked"))
    }

    fn step(&mut self, batches: &mut Batches) -> Result<(), TrainError> {
        let clock = Instant::now();
        let begun = (self.state.step - self.state.epoch * self.plan.steps_per_epoch) as usize;
        let left = self.plan.batches_per_epoch - begun * self.config.train.accumulate;
        let device = self.network.device();
        let upload = |batch: Result<HostBatch, DataError>| Ok::<Clip, DataError>(batch?.to_clip(&device));
        let micro_batches = batches.take(left.min(self.config.train.accumulate)).map(upload);
        let micro_batches = micro_batches.collect::<Result<Vec<Clip>, DataError>>()?;
        let context = StepContext {
            sampling: self.sampling.at(self.state.step),
            recompute_steps: self.config.train.recompute_steps,
            targets: targets_of(self.splits.train.as_ref()),
            ..StepContext::new(self.state.step, self.state.epoch, self.state.seed)
        };
        let rates = self.schedule.rates(self.state.step);
        let outcome = self.network.step(micro_batches, &context, &mut self.optimizer, &rates);
        let outcome = outcome.map_err(|cause| TrainError::NotFinite {
            step: self.state.step + 1,
            cause,
            kept: match self.saved {
                Some(step) => format!("and checkpoint {} is the last good state", Checkpoints::name(step)),
                None => "before the first checkpoint".to_owned(),
            },
        })?;
        if let Some(average) = &mut self.average {
            average.update(&*self.network);
            self.state.average_updates += 1;
        }
        self.state.step += 1;
        self.state.loss_sum.0 += outcome.loss;
        let record = StepRecord {
            step: self.state.step,
            epoch: self.state.epoch + 1,
            loss: outcome.loss,
            learning_rate: rates.learning_rate,
            grad_norm: outcome.grad_norm,
            clips_per_second: outcome.clips as f64 / clock.elapsed().as_secs_f64(),
        };
        self.folder.step(&record)?;
        let note = format!("epoch {}/{}  loss {:.4e}", record.epoch, self.plan.epochs, record.loss);
        self.options.progress.advance(self.state.step, &note);
        Ok(())
    }

    /// Validates where it is due and there is a split for it, writes the epoch's line and a checkpoint.
    pub(super) fn close_epoch(&mut self) -> Result<(), TrainError> {
        let train = &self.config.train;
        let epoch = self.state.epoch + 1;
        let averaged = self.average.as_ref().map(|average| average.network(&*self.network));
        let judged = averaged.as_deref().unwrap_or(&*self.network);
        let due = epoch.is_multiple_of(train.validate_every as u64) || epoch == self.plan.epochs;
        let validation_loss = match due && !self.splits.validation.is_empty() {
            true => Some(validation_loss(
                judged,
                self.splits.validation.clone(),
                self.config.eval.batch,
                train.validation_clips,
                self.options.progress,
            )?),
            false => None,
        };
        let steps = self.state.step - self.state.epoch * self.plan.steps_per_epoch;
        let record = EpochRecord {
            epoch,
            step: self.state.step,
            train_loss: self.state.loss_sum.0 / steps as f64,
            validation_loss,
            learning_rate: self.schedule.rates(self.state.step.saturating_sub(1)).learning_rate,
            seconds: self.seconds() - self.state.epoch_began.0,
        };
        self.folder.epoch(&record)?;
        self.judge(&record);
        self.state.epoch = epoch;
        self.state.loss_sum = Exact(0.0);
        self.save_with(averaged.as_deref())?;
        self.info.seconds = self.seconds();
        self.info.best = self.best();
        self.folder.write_info(&self.info)?;
        let judged = averaged.as_deref().unwrap_or(&*self.network);
        self.options.hooks.epoch_ended(judged, &record, self.options.folder);
        let best = if self.state.since_best == 0 && validation_loss.is_some() {
            ", the best so far"
        } else {
            ""
        };
        let validation = validation_loss
            .map(|loss| format!(", validation loss {loss:.4e}{best}"))
            .unwrap_or_default();
        self.say(&format!(
            "epoch {epoch}/{}: train loss {:.4e}{validation}",
            self.plan.epochs, record.train_loss
        ))
    }

    fn judge(&mut self, record: &EpochRecord) {
        let Some(loss) = record.validation_loss else { return };
        // A loss that is no number is never better.
        if self
            .state
            .best
            .as_ref()
            .is_none_or(|best| loss < best.validation_loss.0)
            && !loss.is_nan()
        {
            self.state.since_best = 0;
            self.state.best = Some(Best {
                epoch: record.epoch,
                validation_loss: Exact(loss),
                checkpoint: Checkpoints::name(record.step),
            });
        } else {
            self.state.since_best += 1;
        }
    }
}
