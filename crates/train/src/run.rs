//! Training into a run folder.
//!
//! A run is a function of its configuration, its data and the number of threads: initial weights come from the seed, the
//! data order from (seed, epoch), everything random in the objective from (seed, step). So a run that was killed and
//! resumed writes the same numbers as one that was not.

mod checkpoint;
mod epoch;
mod folder;
mod interrupt;
mod plan;
mod resume;
mod session;
mod start;
mod state;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use foreframe_data::Splits;

pub use folder::{
    BestInfo, ChannelInfo, EpochRecord, RunInfo, Status, StepRecord, WeightsInfo, new_run_folder, read_run_info,
};
pub use interrupt::Interrupt;

use crate::config::RunConfig;
use crate::error::{FolderError, TrainError};
use crate::model::{Model, Network};
use crate::progress::Progress;
use crate::weights::WeightsError;
use checkpoint::Checkpoints;
use session::Session;

/// Inputs of a run besides model, configuration and data.
pub struct TrainOptions<'a> {
    /// The run folder; it is made where it does not exist.
    pub folder: &'a Path,
    /// The start of training.
    pub start: Start<'a>,
    /// Stop, as if interrupted, once the run has done so many steps. The schedule is that of the whole run.
    pub max_steps: Option<u64>,
    /// The command line, for `run.json`.
    pub command: String,
    /// The source revision of the program, for `run.json`.
    pub commit: Option<String>,
    /// The device in words, for `run.json`.
    pub device_name: String,
    /// Where to report.
    pub progress: &'a mut dyn Progress,
    /// Hooks called as the run goes on.
    pub hooks: &'a mut dyn Hooks,
}

/// The start of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// Weights drawn from the seed, in a folder that holds no run.
    New,
    /// Weights that were trained before, in a folder that holds no run: a `.bpk` file, the best checkpoint of a run, or a
    /// published checkpoint (`.safetensors`, `.pt`, `.pth`, `.ckpt`). Only the network is taken; the optimizer is new.
    Weights(&'a Path),
    /// The newest intact checkpoint of the run in the folder. The run may go on with more steps or epochs, with other
    /// batches, another schedule, with or without an average; not with other data or another seed.
    Resume,
}

/// Hooks of a caller that are called as a run goes on. `()` does nothing.
pub trait Hooks {
    /// The run has begun: everything was checked, and its folder holds its configuration.
    fn began(&mut self, folder: &Path) {
        let _ = folder;
    }

    /// An epoch is over, validated and saved. `network` is the one that was validated.
    fn epoch_ended(&mut self, network: &dyn Network, record: &EpochRecord, folder: &Path) {
        let _ = (network, record, folder);
    }
}

impl Hooks for () {}

/// How a run ended that no error ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// `Finished` or `Interrupted`.
    pub status: Status,
    /// Why it ended.
    pub reason: String,
    /// The run folder.
    pub folder: PathBuf,
    /// Optimizer steps done, over all sessions.
    pub step: u64,
    /// The best validation so far.
    pub best: Option<BestInfo>,
    /// Seconds of work, over all sessions.
    pub seconds: f64,
}

/// Trains `model` on the training split and keeps what is best on the validation split.
///
/// SIGINT and SIGTERM end it after the running step, with a checkpoint and [`Status::Interrupted`]; a second signal ends
/// the program at once.
///
/// # Errors
/// The configuration does not go with network or data, the data cannot be read, the folder cannot be written, or loss or
/// gradient are not finite. Checkpoints written before stay intact.
pub fn train(
    model: &Model,
    config: &RunConfig,
    splits: &Splits,
    device: &Device,
    options: TrainOptions<'_>,
) -> Result<Outcome, TrainError> {
    Session::begin(model, config, splits, device, options)?.run()
}

/// The weights file that stands for `path`: itself, or that of a run's or checkpoint's folder. Where the run averaged its
/// weights, the average stands for the network.
///
/// # Errors
/// The folder holds no intact checkpoint.
pub fn weights_of(path: &Path) -> Result<PathBuf, WeightsError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let of = |folder: &Path| {
        let files = [checkpoint::AVERAGE, checkpoint::NETWORK].map(|name| folder.join(name));
        files.into_iter().find(|file| file.is_file())
    };
    let best = || {
        Checkpoints::new(path.join("checkpoints"), 1)
            .best()
            .and_then(|folder| of(&folder))
    };
    of(path)
        .or_else(best)
        .ok_or_else(|| WeightsError::NoCheckpoint(path.to_owned()))
}

/// Refuses to write a new run over an old one, or over what is left of one.
fn refuse_old_run(folder: &Path) -> Result<(), FolderError> {
    let files = ["config.toml", "checkpoints/last"].map(|name| folder.join(name));
    if let Some(file) = files.into_iter().find(|file| file.exists()) {
        let cause = std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            "there is a run in this folder already",
        );
        return Err(FolderError::new("start a run with", &file)(cause));
    }
    Ok(())
}
