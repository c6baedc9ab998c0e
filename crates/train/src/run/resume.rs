//! The state of an earlier session of a run, and whether the configuration can continue it.
//!
//! Everything is read and checked before anything is changed.

use std::path::Path;

use foreframe_core::ConfigError;
use foreframe_data::{Agreement, Loader, Splits};

use super::checkpoint::{Checkpoints, Found};
use super::folder::{RunInfo, StepRecord, read_run_info, read_steps};
use super::plan::{length, refuse_shorter};
use super::session::loader;
use super::state::State;
use crate::config::{Per, RunConfig, ScheduleKind, TrainConfig};
use crate::error::{FolderError, TrainError};
use crate::model::Model;
use crate::sampling::SamplingSchedule;
use crate::schedule::{RunLength, Schedule};

/// An earlier session of a run.
pub(super) struct Earlier {
    config: RunConfig,
    loader: Loader,
    logged: Vec<StepRecord>,
    /// Its `run.json`, where it can be read.
    pub(super) info: Option<RunInfo>,
    pub(super) found: Found,
    /// How long the run was to be.
    length: RunLength,
    /// Remarks on the data.
    data: Option<String>,
}

impl Earlier {
    /// Reads what lies in `folder`, for a run that goes on as `config` says.
    ///
    /// # Errors
    /// Names what cannot be continued: other data, another seed, fewer steps than are done.
    pub(super) fn read(
        folder: &Path,
        config: &RunConfig,
        splits: &Splits,
        checkpoints: &Checkpoints,
    ) -> Result<Self, TrainError> {
        let path = folder.join("config.toml");
        let old = match path.exists() {
            true => RunConfig::read(&path)?,
            false => config.clone(),
        };
        refuse_other(&old.train, &config.train)?;
        let info = read_run_info(folder).ok();
        let data = match &info {
            Some(info) => same_data(folder, info, splits)?,
            None => None,
        };
        let loader = loader(&old.train, splits)?;
        let mut found = checkpoints.find()?;
        if found.newest.is_none() && info.as_ref().is_some_and(|info| info.weights.is_some()) {
            // Without its first checkpoint it would begin with other weights.
            return Err(TrainError::NothingToResume(folder.to_owned()));
        }
        let logged = read_steps(folder)?;
        if let Some((_, state)) = &mut found.newest {
            if state.is_old() {
                state.locate(&loader, old.train.accumulate, &logged);
            }
            refuse_shorter(&config.train, state)?;
        }
        let state = found.newest.as_ref().map(|(_, state)| state.clone());
        let length = length(&old.train, &loader, &state.unwrap_or_default());
        Ok(Self {
            config: old,
            loader,
            logged,
            info,
            found,
            length,
            data,
        })
    }

    /// Sets aside what is damaged, and writes down what an older version left out, which only the configuration tells that
    /// is about to be replaced.
    pub(super) fn clear_up(&self, checkpoints: &Checkpoints) -> Result<(), FolderError> {
        checkpoints.clear_up(&self.found)?;
        let accumulate = self.config.train.accumulate;
        checkpoints.bring_up_to_date(|state| state.locate(&self.loader, accumulate, &self.logged))
    }

    /// Changes for a run that goes on from `state` for `length`, a line each.
    pub(super) fn changes(&self, train: &TrainConfig, state: &State, length: RunLength, model: &Model) -> Vec<String> {
        let old = &self.config.train;
        let position = state.position();
        let mut lines: Vec<String> = self.data.iter().cloned().collect();
        let clips = |train: &TrainConfig| match train.accumulate {
            1 => format!("{} clips", train.batch),
            times => format!("{times} x {} clips", train.batch),
        };
        if (old.batch, old.accumulate) != (train.batch, train.accumulate) {
            lines.push(format!(
                "a step now sees {} instead of {}: epoch {} goes on after clip {} of {}",
                clips(train),
                clips(old),
                state.epoch + 1,
                position.clips,
                self.loader.clips()
            ));
        }
        if state.step < length.steps {
            lines.extend(self.schedule_change(train, state, length));
            lines.extend(self.sampling_change(train, state, length, model));
        }
        lines
    }

    fn schedule_change(&self, train: &TrainConfig, state: &State, length: RunLength) -> Option<String> {
        let old = &self.config.train;
        let is_same = old.schedule == train.schedule && old.optimizer.beta1 == train.optimizer.beta1;
        if is_same && train.schedule.kind == ScheduleKind::Constant {
            return None;
        }
        let span = |train: &TrainConfig, length: RunLength| match train.schedule.per {
            Per::Step => (length.steps, "steps"),
            Per::Epoch => (length.epochs, "epochs"),
        };
        let rate = |train: &TrainConfig, length| {
            Schedule::new(&train.schedule, train.optimizer.beta1, length)
                .rates(state.step, state.epoch)
                .learning_rate
        };
        let (was, is) = (span(old, self.length), span(train, length));
        let (old_rate, new_rate) = (rate(old, self.length), rate(train, length));
        if is_same && was == is && old_rate == new_rate {
            return None;
        }
        let what = match (was, is) {
            (was, is) if was == is => format!("is another over the same {} {}", is.0, is.1),
            ((was, unit), (is, same)) if unit == same => format!("now spans {is} {unit} instead of {was}"),
            (was, is) => format!("now spans {} {} instead of {} {}", is.0, is.1, was.0, was.1),
        };
        Some(format!(
            "the learning-rate schedule {what}: step {} uses {new_rate:.3e}, it would have used {old_rate:.3e}",
            state.step + 1,
        ))
    }

    fn sampling_change(&self, train: &TrainConfig, state: &State, length: RunLength, model: &Model) -> Option<String> {
        model.sampling?;
        let schedule = |train: &TrainConfig, length: RunLength| {
            SamplingSchedule::new(&train.sampling, model.sampling, length.steps)
        };
        let (was, is) = (schedule(&self.config.train, self.length), schedule(train, length));
        let differs = (state.step..length.steps).any(|step| was.at(step) != is.at(step));
        differs.then(|| {
            let (was, is) = (was.at(state.step), is.at(state.step));
            format!(
                "scheduled sampling is that of {} steps instead of {}: step {} shows a past frame with likelihood {:.3} and a \
                 future one with {:.3}, it would have been {:.3} and {:.3}",
                length.steps,
                self.length.steps,
                state.step + 1,
                is.observed,
                is.future,
                was.observed,
                was.future
            )
        })
    }
}

/// Refuses what would make the rest another run.
fn refuse_other(old: &TrainConfig, new: &TrainConfig) -> Result<(), ConfigError> {
    let refuse = |key, problem: String, why| {
        let remedy = format!("{why}; leave it out, or start a new run from this one's weights with --weights");
        Err(ConfigError::new(key, problem, remedy))
    };
    let begun = |new: u64, old: u64| format!("is {new}, but the run was begun with {old}");
    if old.seed != new.seed {
        let why = "the order of the clips already seen follows from it";
        return refuse("train.seed", begun(new.seed, old.seed), why);
    }
    if old.validation_clips != new.validation_clips {
        let problem = begun(new.validation_clips as u64, old.validation_clips as u64);
        let why = "validations on other clips cannot be compared with the best so far";
        return refuse("train.validation_clips", problem, why);
    }
    Ok(())
}

/// Refuses other data; says where it cannot be told whether they are other ones.
fn same_data(folder: &Path, info: &RunInfo, splits: &Splits) -> Result<Option<String>, TrainError> {
    let (expected, found) = (&info.data_fingerprint, &splits.fingerprint);
    match found.compare(expected) {
        Agreement::Same => Ok(None),
        Agreement::Unknown => Ok(Some(format!(
            "the run was begun with data of the digest {expected}, which an earlier version made of sizes and times of files: \
             it cannot be compared with {found}, and the run goes on with the data as they are now"
        ))),
        Agreement::Different => Err(TrainError::OtherData {
            folder: folder.to_owned(),
            expected: expected.clone(),
            found: found.to_string(),
        }),
    }
}
