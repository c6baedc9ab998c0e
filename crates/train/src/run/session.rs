//! One session of a run: from its beginning or its newest checkpoint to its end or an interruption.

use std::time::Instant;

use burn::tensor::Device;
use foreframe_core::ConfigError;
use foreframe_data::{Loader, LoaderConfig, Splits};

use super::checkpoint::{Checkpoints, Exact, Snapshot, State, read_optimizer};
use super::folder::{BestInfo, ChannelInfo, RunFolder, RunInfo, Status, read_run_info};
use super::interrupt::Interrupt;
use super::plan::Plan;
use super::{Outcome, TrainOptions, refuse_old_run};
use crate::average::Average;
use crate::config::RunConfig;
use crate::error::TrainError;
use crate::model::{Model, Network};
use crate::optimizer::Adam;
use crate::sampling::SamplingSchedule;
use crate::schedule::Schedule;
use crate::weights::{WeightsHeader, load_weights_into};

pub(super) struct Session<'a, 'o> {
    pub(super) config: &'a RunConfig,
    pub(super) splits: &'a Splits,
    pub(super) options: TrainOptions<'o>,
    pub(super) plan: Plan,
    pub(super) loader: Loader,
    pub(super) schedule: Schedule,
    pub(super) sampling: SamplingSchedule,
    pub(super) network: Box<dyn Network>,
    pub(super) optimizer: Adam,
    pub(super) average: Option<Average>,
    pub(super) state: State,
    pub(super) folder: RunFolder,
    pub(super) checkpoints: Checkpoints,
    pub(super) info: RunInfo,
    pub(super) interrupt: Interrupt,
    pub(super) began: Instant,
    /// Step of the newest checkpoint.
    pub(super) saved: Option<u64>,
}

/// Why a run ends without an error.
pub(super) type Ending = (Status, String);

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
        if train.recompute_steps && model.sampling.is_none() {
            let problem = format!("is true, and `{}` does not read frame by frame", model.name);
            return Err(ConfigError::new("train.recompute_steps", problem, "leave it false").into());
        }
        let device = train.autodiff(device, model.sampling.is_some());
        let order = LoaderConfig {
            batch: train.batch,
            seed: train.seed,
            shuffle: true,
            drop_last: true,
        };
        let loader = Loader::new(splits.train.clone(), order)?;
        let plan = Plan::new(config, loader.batches());
        let mut network = model.build_seeded(&config.network, &splits.clip, &device, train.seed)?;
        network.set_precision(train.precision);
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
            channels: ChannelInfo::of(splits),
            best: None,
        };
        let mut session = Self {
            plan,
            loader,
            schedule: Schedule::new(&train.schedule, train.optimizer.beta1, plan.steps_per_epoch, plan.steps),
            sampling: SamplingSchedule::new(&train.sampling, model.sampling, plan.steps),
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
                let mut averaged = self.network.duplicate();
                load_weights_into(&mut *averaged, &checkpoint.join(super::checkpoint::AVERAGE))?;
                average.restore(&*averaged, state.average_updates);
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

    pub(super) fn save(&mut self) -> Result<(), TrainError> {
        if self.saved == Some(self.state.step) {
            return Ok(());
        }
        let averaged = self.average.as_ref().map(|average| average.network(&*self.network));
        self.save_with(averaged.as_deref())
    }

    pub(super) fn save_with(&mut self, average: Option<&dyn Network>) -> Result<(), TrainError> {
        self.state.seconds = Exact(self.seconds());
        // The clock begins anew from what was saved.
        self.began = Instant::now();
        self.folder.sync()?;
        let source = format!("step {} of a run on {}", self.state.step, self.config.data.name);
        let header = WeightsHeader {
            channels: self.splits.channels().cloned(),
            ..WeightsHeader::of(&*self.network, &self.splits.normalization, source)
        };
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

    pub(super) fn seconds(&self) -> f64 {
        self.state.seconds.0 + self.began.elapsed().as_secs_f64()
    }

    pub(super) fn best(&self) -> Option<BestInfo> {
        self.state.best.as_ref().map(|best| BestInfo {
            epoch: best.epoch,
            validation_loss: best.validation_loss.0,
            checkpoint: best.checkpoint.clone(),
        })
    }

    pub(super) fn say(&mut self, text: &str) -> Result<(), TrainError> {
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
