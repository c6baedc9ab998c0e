//! The arithmetic of steps and epochs.

use foreframe_core::ConfigError;
use foreframe_data::Loader;

use super::state::{State, steps_left};
use crate::config::TrainConfig;
use crate::schedule::RunLength;

/// How long a run is that stands at `state` and goes on as `train` says.
pub(super) fn length(train: &TrainConfig, loader: &Loader, state: &State) -> RunLength {
    let steps_per_epoch = steps_left(loader, train.accumulate, 0);
    let rest = steps_left(loader, train.accumulate, state.position().clips);
    match train.steps {
        0 => RunLength {
            steps: match (train.epochs as u64).saturating_sub(state.epoch) {
                0 => state.step,
                epochs => state.step + rest + (epochs - 1) * steps_per_epoch,
            },
            epochs: train.epochs as u64,
            steps_per_epoch,
        },
        steps => {
            let left = steps.saturating_sub(state.step);
            RunLength {
                steps,
                epochs: match left {
                    0 => state.begun_epochs(),
                    _ => state.epoch + 1 + left.saturating_sub(rest).div_ceil(steps_per_epoch),
                },
                steps_per_epoch,
            }
        }
    }
}

/// Refuses to end a run before the place where it stands.
pub(super) fn refuse_shorter(train: &TrainConfig, state: &State) -> Result<(), ConfigError> {
    let refuse = |key, problem: String, least: u64| {
        let remedy = format!("use {least} or more, or start a new run from its weights with --weights");
        Err(ConfigError::new(key, problem, remedy))
    };
    let (steps, epochs) = (train.steps, train.epochs as u64);
    if steps > 0 && steps < state.step {
        let problem = format!("is {steps}, but the run has done {} steps already", state.step);
        return refuse("train.steps", problem, state.step);
    }
    if steps == 0 && epochs < state.begun_epochs() {
        let problem = format!("is {epochs}, but the run has begun epoch {}", state.begun_epochs());
        return refuse("train.epochs", problem, state.begun_epochs());
    }
    Ok(())
}
