//! One session of a run: from its beginning or its newest checkpoint to its end or an interruption.

use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::Device;
use foreframe_core::ConfigError;
use foreframe_data::{InputSpec, Loader, LoaderConfig, Splits};

use super::checkpoint::{AVERAGE, Checkpoints, NETWORK, Snapshot, read_optimizer};
use super::folder::{BestInfo, ChannelInfo, RunFolder, RunInfo, Status};
use super::interrupt::Interrupt;
use super::plan::length;
use super::resume::Earlier;
use super::state::{Exact, State};
use super::{Outcome, Start, TrainOptions, refuse_old_run, start};
use crate::average::Average;
use crate::config::{RunConfig, TrainConfig};
use crate::error::TrainError;
use crate::model::{Model, Network};
use crate::optimizer::Adam;
use crate::sampling::SamplingSchedule;
use crate::schedule::{RunLength, Schedule};
use crate::weights::{WeightsHeader, load_weights_into};

pub(super) struct Session<'a, 'o> {
    pub(super) config: &'a RunConfig,
    pub(super) splits: &'a Splits,
    pub(super) options: TrainOptions<'o>,
    pub(super) plan: RunLength,
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
        check_splits(config, splits)?;
        let device = train.autodiff(device, model.sampling.is_some());
        let loader = loader(train, splits)?;
        let mut network = model.build_seeded(&config.network, &splits.clip, &device, train.seed)?;
        network.set_precision(train.precision);
        if network.parameters() == 0 {
            return Err(TrainError::NothingToTrain(model.name));
        }
        let checkpoints = Checkpoints::new(options.folder.join("checkpoints"), train.keep);
        let earlier = match options.start {
            Start::Resume => Some(Earlier::read(options.folder, config, splits, &checkpoints)?),
            Start::New | Start::Weights(_) => refuse_old_run(options.folder).map(|()| None)?,
        };
        let mut notes = Vec::new();
        let weights = match options.start {
            Start::Weights(path) => {
                let (weights, lines) = start::load(&mut *network, path, splits)?;
                notes.extend(lines);
                Some(weights)
            }
            Start::New => None,
            Start::Resume => earlier
                .as_ref()
                .and_then(|earlier| earlier.info.as_ref()?.weights.clone()),
        };
        let mut optimizer = Adam::new(&train.optimizer, train.clip_norm);
        let newest = earlier.as_ref().and_then(|earlier| earlier.found.newest.as_ref());
        let saved = newest.map(|(_, state)| state.step);
        let (mut state, average) = restore(newest, train, &mut *network, &mut optimizer)?;
        let plan = length(train, &loader, &state);
        if let Some(earlier) = &earlier {
            notes.push(format!("resumed after step {} of {}", state.step, plan.steps));
            notes.extend(earlier.changes(train, &state, plan, model));
        }
        let cost = (model.cost)(&config.network, &splits.clip)?.total();
        // Nothing has been changed up to here.
        if let Some(earlier) = &earlier {
            earlier.clear_up(&checkpoints)?;
            if state.step < plan.steps && state.ended.take().is_some() {
                // On the disk first: what the run's end wrote is about to be forgotten.
                checkpoints.replace_state(&state)?;
            }
        }
        let mut folder = RunFolder::open(options.folder)?;
        if earlier.is_some() {
            RunFolder::rewind(options.folder, state.step, state.closed_epochs())?;
            folder = RunFolder::open(options.folder)?;
        }
        let info = RunInfo {
            model: config.model.clone(),
            preset: config.preset.clone(),
            data: config.data.name.clone(),
            status: Status::Running,
            reason: "at work".to_owned(),
            started: now(),
            finished: None,
            seconds: state.seconds.0,
            command: options.command.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: options.commit.clone(),
            device: options.device_name.clone(),
            threads: rayon::current_num_threads(),
            seed: train.seed,
            parameters: network.parameters(),
            multiply_accumulates: cost,
            data_fingerprint: splits.fingerprint.to_string(),
            channels: ChannelInfo::of(splits),
            weights,
            best: None,
        };
        let mut session = Self {
            plan,
            loader,
            schedule: Schedule::new(&train.schedule, train.optimizer.beta1, plan),
            sampling: SamplingSchedule::new(&train.sampling, model.sampling, plan.steps),
            optimizer,
            average,
            network,
            saved,
            state,
            folder,
            checkpoints,
            info,
            interrupt: Interrupt::listen(),
            began: Instant::now(),
            config,
            splits,
            options,
        };
        if let Some(old) = earlier.and_then(|earlier| earlier.info) {
            session.info.started = old.started;
        }
        session.info.best = session.best();
        session.folder.write_info(&session.info)?;
        if matches!(session.options.start, Start::Weights(_)) {
            // Before the configuration, which makes the folder a run: whoever resumes it finds these weights.
            session.save()?;
        }
        session.folder.write_config(config)?;
        for note in &notes {
            session.say(note)?;
        }
        session.options.hooks.began(session.options.folder);
        Ok(session)
    }

    pub(super) fn run(mut self) -> Result<Outcome, TrainError> {
        if self.splits.validation.is_empty() {
            self.say("nothing validates (data.validation_share is 0): the best checkpoint is the newest one")?;
        }
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
        let reported = self.say(&format!("{reason} (step {} of {})", self.state.step, self.plan.steps));
        let reported = reported.and_then(|()| Ok(self.folder.write_info(&self.info)?));
        ending?;
        reported?;
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
        while self.goes_on() {
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

    /// Whether there are steps left, or an epoch that was begun and not closed.
    fn goes_on(&self) -> bool {
        let is_open = self.state.position().clips > 0 && self.state.ended.is_none();
        self.state.step < self.plan.steps || is_open
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
            input: Some(
                self.splits
                    .input
                    .clone()
                    .unwrap_or_else(|| InputSpec::of(&self.config.data)),
            ),
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
        self.state.best_of_all().map(|best| BestInfo {
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

/// Takes up a checkpoint, if there is one. Returns where the run stands, and the average of the weights, if it is asked for.
fn restore(
    newest: Option<&(PathBuf, State)>,
    train: &TrainConfig,
    network: &mut dyn Network,
    optimizer: &mut Adam,
) -> Result<(State, Option<Average>), TrainError> {
    let begin = |network: &dyn Network| (train.ema > 0.0).then(|| Average::of(network, train.ema));
    let Some((checkpoint, state)) = newest else {
        return Ok((State::new(train.seed), begin(network)));
    };
    let (mut state, device) = (state.clone(), network.device());
    load_weights_into(network, &checkpoint.join(NETWORK))?;
    optimizer.restore(read_optimizer(checkpoint)?, &device);
    let mut average = begin(network);
    match &mut average {
        Some(average) if checkpoint.join(AVERAGE).is_file() => {
            let mut averaged = network.duplicate();
            load_weights_into(&mut *averaged, &checkpoint.join(AVERAGE))?;
            average.restore(&*averaged, state.average_updates);
        }
        // One that is switched on begins with the weights as they are.
        _ => state.average_updates = 0,
    }
    Ok((state, average))
}

/// Refuses a run that has nothing to learn from, or that is to end by what it has nothing to evaluate by.
fn check_splits(config: &RunConfig, splits: &Splits) -> Result<(), ConfigError> {
    if splits.train.is_empty() {
        let remedy = "choose another, e.g. auto: `none` is for data that are only evaluated";
        return Err(ConfigError::new("data.split", "leaves no clip to train on", remedy));
    }
    let patience = config.train.patience;
    if splits.validation.is_empty() && patience > 0 {
        let problem = format!("is {patience}, but data.validation_share is 0, so that nothing validates");
        let remedy = "set it to 0, or data.validation_share above 0";
        return Err(ConfigError::new("train.patience", problem, remedy));
    }
    Ok(())
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The order in which the clips of a run come.
pub(super) fn loader(train: &TrainConfig, splits: &Splits) -> Result<Loader, TrainError> {
    let order = LoaderConfig {
        batch: train.batch,
        seed: train.seed,
        shuffle: true,
        drop_last: true,
    };
    Ok(Loader::new(splits.train.clone(), order)?)
}
