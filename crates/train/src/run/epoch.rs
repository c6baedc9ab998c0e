//! One epoch of a session: its steps, and what follows them.

use std::time::Instant;

use foreframe_core::{Clip, StepContext};
use foreframe_data::{Batches, DataError, HostBatch};

use super::checkpoint::Checkpoints;
use super::folder::{EpochRecord, Status, StepRecord};
use super::session::{Ending, Session};
use super::state::{Ended, Exact, Position};
use crate::error::TrainError;
use crate::evaluate::{targets_of, validation_loss};
use crate::model::StepError;

impl Session<'_, '_> {
    /// The steps of the running epoch that are not done yet.
    pub(super) fn epoch(&mut self) -> Result<Option<Ending>, TrainError> {
        let position = self.state.position();
        if position.steps == 0 {
            self.state.epoch_began = Exact(self.seconds());
        }
        let mut batches = self.loader.epoch(self.state.epoch, position.clips);
        while self.epoch_goes_on() {
            if let Some(reason) = self.wish_to_stop() {
                return Ok(Some((Status::Interrupted, reason)));
            }
            self.step(&mut batches)?;
            let every = self.config.train.checkpoint_every;
            if every > 0 && self.state.step.is_multiple_of(every) && self.epoch_goes_on() {
                self.save()?;
            }
        }
        Ok(None)
    }

    fn epoch_goes_on(&self) -> bool {
        self.state.step < self.plan.steps && !self.epoch_is_over()
    }

    /// Whether the clips that are left of the running epoch fill no batch.
    fn epoch_is_over(&self) -> bool {
        self.loader.batches_from(self.state.position().clips) == 0
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
        let mut position = self.state.position();
        let left = self.loader.batches_from(position.clips);
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
        let rates = self.schedule.rates(self.state.step, self.state.epoch);
        let outcome = self.network.step(micro_batches, &context, &mut self.optimizer, &rates);
        let outcome = outcome.map_err(|cause| self.failed(cause))?;
        if let Some(average) = &mut self.average {
            average.update(&*self.network);
            self.state.average_updates += 1;
        }
        self.state.step += 1;
        position.clips += outcome.clips;
        position.steps += 1;
        position.learning_rate = Exact(rates.learning_rate);
        self.state.set_position(position);
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

    fn failed(&self, cause: StepError) -> TrainError {
        let step = self.state.step + 1;
        match cause {
            StepError::NoClips => TrainError::NoClips {
                step,
                epoch: self.state.epoch + 1,
            },
            StepError::NotFinite(cause) => TrainError::NotFinite {
                step,
                cause,
                kept: match self.saved {
                    Some(step) => format!("and checkpoint {} is the last good state", Checkpoints::name(step)),
                    None => "before the first checkpoint".to_owned(),
                },
            },
        }
    }

    /// Validates where it is due and there is a split for it, writes the epoch's line and a checkpoint.
    ///
    /// The end of the run closes an epoch early, or validates one that is otherwise not validated. That is kept apart, so
    /// that a run that goes on with more steps is one that was asked for these steps at once.
    pub(super) fn close_epoch(&mut self) -> Result<(), TrainError> {
        let train = &self.config.train;
        let epoch = self.state.epoch + 1;
        let averaged = self.average.as_ref().map(|average| average.network(&*self.network));
        let evaluated = averaged.as_deref().unwrap_or(&*self.network);
        let is_whole = self.epoch_is_over();
        let is_regular = epoch.is_multiple_of(train.validate_every as u64);
        let is_end = self.state.step >= self.plan.steps;
        let due = is_regular || is_end;
        let validation_loss = match due && !self.splits.validation.is_empty() {
            true => Some(validation_loss(
                evaluated,
                self.splits.validation.clone(),
                self.config.eval.batch,
                train.validation_clips,
                self.options.progress,
            )?),
            false => None,
        };
        let mut position = self.state.position();
        let record = EpochRecord {
            epoch,
            step: self.state.step,
            train_loss: self.state.loss_sum.0 / position.steps as f64,
            validation_loss,
            learning_rate: position.learning_rate.0,
            seconds: self.seconds() - self.state.epoch_began.0,
        };
        self.folder.epoch(&record)?;
        let (best, since_best) = self.state.evaluated(&record);
        if is_end && !(is_whole && is_regular) {
            if is_whole {
                position.clips = self.loader.clips();
            }
            self.state.set_position(position);
            self.state.ended = Some(Ended { best, since_best });
        } else {
            (self.state.epoch, self.state.loss_sum) = (epoch, Exact(0.0));
            (self.state.best, self.state.since_best) = (best, since_best);
            self.state.set_position(Position::default());
        }
        self.save_with(averaged.as_deref())?;
        self.info.seconds = self.seconds();
        self.info.best = self.best();
        self.folder.write_info(&self.info)?;
        let evaluated = averaged.as_deref().unwrap_or(&*self.network);
        self.options.hooks.epoch_ended(evaluated, &record, self.options.folder);
        let best = match self.state.best_of_all() {
            Some(best) if best.epoch == epoch => ", the best so far",
            _ => "",
        };
        let validation = validation_loss
            .map(|loss| format!(", validation loss {loss:.4e}{best}"))
            .unwrap_or_default();
        self.say(&format!(
            "epoch {epoch}/{}: train loss {:.4e}{validation}",
            self.plan.epochs, record.train_loss
        ))?;
        match validation_loss.is_some_and(|loss| !loss.is_finite()) {
            true => self.say(&format!(
                "warning: forecasts of the validation clips are not finite, though the training loss is: epoch {epoch} cannot be the best; \
                 a lower `train.schedule.learning_rate` or a bound on the gradient (`train.clip_norm`) helps where it comes back"
            )),
            false => Ok(()),
        }
    }
}
