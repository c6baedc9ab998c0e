//! One session of a run: from its beginning or its newest checkpoint to its end or an interruption.

use std::time::Instant;

use burn::tensor::Device;
use foreframe_core::{Clip, StepContext};
use foreframe_data::{Batches, DataError, HostBatch, Loader, LoaderConfig, Splits};

use super::checkpoint::{Best, Checkpoints, Exact, Snapshot, State, read_average, read_optimizer};
use super::folder::{BestInfo, EpochRecord, RunFolder, RunInfo, Status, StepRecord, read_run_info};
use super::interrupt::Interrupt;
use super::{Outcome, TrainOptions, refuse_old_run};
use crate::average::Average;
use crate::config::RunConfig;
use crate::error::TrainError;
use crate::evaluate::validation_loss;
use crate::model::{Model, Network};
use crate::optimizer::Adam;
use crate::schedule::Schedule;
use crate::weights::{WeightsHeader, load_weights_into};

pub(super) struct Session<'a, 'o> {
    config: &'a RunConfig,
    splits: &'a Splits,
    options: TrainOptions<'o>,
    plan: Plan,
    loader: Loader,
    schedule: Schedule,
    network: Box<dyn Network>,
    optimizer: Adam,
    average: Option<Average>,
    state: State,
    folder: RunFolder,
    checkpoints: Checkpoints,
    info: RunInfo,
    interrupt: Interrupt,
    began: Instant,
    /// Step of the newest checkpoint.
    saved: Option<u64>,
}

/// How steps make up epochs.
#[derive(Clone, Copy)]
struct Plan {
    batches_per_epoch: usize,
    steps_per_epoch: u64,
    steps: u64,
    epochs: u64,
}

impl Plan {
    fn new(config: &RunConfig, batches_per_epoch: usize) -> Self {
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
    fn end_of(&self, epoch: u64) -> u64 {
        ((epoch + 1) * self.steps_per_epoch).min(self.steps)
    }
}

/// Why a run ends without an error.
type Ending = (Status, String);

impl<'a, 'o> Session<'a, 'o> {
    pub(super) fn begin(
        model: &Model,
        config: &'a RunConfig,
        splits: &'a Splits,
        device: &Device,
        options: TrainOptions<'o>,
    ) -> Result<Self, TrainError> {
        let train = &config.train;
        config.validate()?;
        let device = if device.is_autodiff() {
            device.clone()
        } else {
            device.clone().autodiff()
        };
        let order = LoaderConfig {
            batch: train.batch,
            seed: train.seed,
            shuffle: true,
            drop_last: true,
        };
        let loader = Loader::new(splits.train.clone(), order)?;
        let plan = Plan::new(config, loader.batches());
        let network = model.build_seeded(&config.network, &splits.clip, &device, train.seed)?;
        if network.parameters() == 0 {
            return Err(TrainError::NothingToTrain(model.name));
        }
        if !options.resume {
            refuse_old_run(options.folder)?;
        }
        let folder = RunFolder::open(options.folder)?;
        let info = RunInfo {
            model: config.model.clone(),
            preset: config.preset.clone(),
            data: config.data.name.clone(),
            status: Status::Running,
            reason: "at work".to_owned(),
            started: now(),
            finished: None,
            seconds: 0.0,
            command: options.command.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: options.commit.clone(),
            device: options.device_name.clone(),
            threads: threads(),
            seed: train.seed,
            parameters: network.parameters(),
            multiply_accumulates: (model.cost)(&config.network, &splits.clip)?.total(),
            data_fingerprint: splits.fingerprint.clone(),
            best: None,
        };
        let mut session = Self {
            plan,
            loader,
            schedule: Schedule::new(&train.schedule, train.optimizer.beta1, plan.steps_per_epoch, plan.steps),
            optimizer: Adam::new(&train.optimizer, train.clip_norm),
            average: (train.ema > 0.0).then(|| Average::of(&*network, train.ema)),
            network,
            state: State {
                seed: train.seed,
                ..State::default()
            },
            folder,
            checkpoints: Checkpoints::new(options.folder.join("checkpoints"), train.keep),
            info,
            interrupt: Interrupt::listen(),
            began: Instant::now(),
            saved: None,
            config,
            splits,
            options,
        };
        if session.options.resume {
            session.resume()?;
        }
        session.folder.write_config(config)?;
        session.folder.write_info(&session.info)?;
        Ok(session)
    }

    /// Takes up the newest intact checkpoint and forgets what was logged after it. A run that was killed before its first
    /// checkpoint begins again, with the same weights and data as before.
    fn resume(&mut self) -> Result<(), TrainError> {
        let path = self.options.folder;
        if let Ok(old) = read_run_info(path) {
            if old.data_fingerprint != self.splits.fingerprint {
                return Err(TrainError::OtherData {
                    folder: path.to_owned(),
                    expected: old.data_fingerprint,
                    found: self.splits.fingerprint.clone(),
                });
            }
            self.info.started = old.started;
        }
        if let Some((checkpoint, state)) = self.checkpoints.newest_intact()? {
            load_weights_into(&mut *self.network, &checkpoint.join(super::checkpoint::NETWORK))?;
            let device = self.network.device();
            self.optimizer.restore(read_optimizer(&checkpoint)?, &device);
            if let Some(average) = &mut self.average {
                average.restore(read_average(&checkpoint)?, state.average_updates, &device);
            }
            self.saved = Some(state.step);
            self.state = state;
        }
        RunFolder::rewind(path, self.state.step, self.state.epoch)?;
        self.folder = RunFolder::open(path)?;
        self.say(&format!(
            "resumed after step {} of {}",
            self.state.step, self.plan.steps
        ))
    }

    pub(super) fn run(mut self) -> Result<Outcome, TrainError> {
        self.options.progress.begin("train", self.plan.steps, self.state.step);
        let ending = self.work();
        self.options.progress.end();
        let (status, reason) = match &ending {
            Ok(ending) => ending.clone(),
            Err(error) => (Status::Stopped, error.to_string()),
        };
        self.info.status = status;
        self.info.reason.clone_from(&reason);
        self.info.finished = Some(now());
        self.info.seconds = self.seconds();
        self.info.best = self.best();
        let told = self.say(&format!("{reason} (step {} of {})", self.state.step, self.plan.steps));
        let told = told.and_then(|()| Ok(self.folder.write_info(&self.info)?));
        ending?;
        told?;
        Ok(Outcome {
            status,
            reason,
            folder: self.options.folder.to_owned(),
            step: self.state.step,
            best: self.best(),
            seconds: self.info.seconds,
        })
    }

    fn work(&mut self) -> Result<Ending, TrainError> {
        let patience = self.config.train.patience;
        while self.state.epoch < self.plan.epochs {
            if patience > 0 && self.state.since_best >= patience {
                let reason = format!("early stopping: no better validation for {patience} in a row");
                return Ok((Status::Finished, reason));
            }
            if let Some(ending) = self.epoch()? {
                self.save()?;
                return Ok(ending);
            }
            self.close_epoch()?;
        }
        Ok((Status::Finished, "all steps done".to_owned()))
    }

    /// The steps of the running epoch that are not done yet.
    fn epoch(&mut self) -> Result<Option<Ending>, TrainError> {
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
        let context = StepContext::new(self.state.step, self.state.epoch, self.state.seed);
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

    /// Validates where it is due, writes the epoch's line and a checkpoint.
    fn close_epoch(&mut self) -> Result<(), TrainError> {
        let train = &self.config.train;
        let epoch = self.state.epoch + 1;
        let averaged = self.average.as_ref().map(|average| average.network(&*self.network));
        let judged = averaged.as_deref().unwrap_or(&*self.network);
        let due = epoch.is_multiple_of(train.validate_every as u64) || epoch == self.plan.epochs;
        let validation_loss = match due {
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

    fn save(&mut self) -> Result<(), TrainError> {
        if self.saved == Some(self.state.step) {
            return Ok(());
        }
        let averaged = self.average.as_ref().map(|average| average.network(&*self.network));
        self.save_with(averaged.as_deref())
    }

    fn save_with(&mut self, average: Option<&dyn Network>) -> Result<(), TrainError> {
        self.state.seconds = Exact(self.seconds());
        // The clock begins anew from what was saved.
        self.began = Instant::now();
        self.folder.sync()?;
        let source = format!("step {} of a run on {}", self.state.step, self.config.data.name);
        let header = WeightsHeader::of(&*self.network, &self.splits.normalization, source);
        self.checkpoints.save(&Snapshot {
            network: &*self.network,
            average,
            optimizer: &self.optimizer,
            header: &header,
            state: &self.state,
        })?;
        self.saved = Some(self.state.step);
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.state.seconds.0 + self.began.elapsed().as_secs_f64()
    }

    fn best(&self) -> Option<BestInfo> {
        self.state.best.as_ref().map(|best| BestInfo {
            epoch: best.epoch,
            validation_loss: best.validation_loss.0,
            checkpoint: best.checkpoint.clone(),
        })
    }

    fn say(&mut self, text: &str) -> Result<(), TrainError> {
        self.options.progress.line(text);
        Ok(self.folder.log(text)?)
    }
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Threads that the CPU backend works with: all there are, unless the environment says otherwise.
fn threads() -> usize {
    let chosen = std::env::var("RAYON_NUM_THREADS")
        .ok()
        .and_then(|threads| threads.parse().ok())
        .filter(|n| *n > 0);
    chosen.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}
