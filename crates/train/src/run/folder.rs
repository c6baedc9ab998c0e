//! The run folder: everything in it but checkpoints.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use foreframe_data::Splits;
use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::error::FolderError;
use crate::files::write_whole;

const EPOCHS_HEADER: &str = "epoch,step,train_loss,validation_loss,learning_rate,seconds";

/// One line of `steps.jsonl`.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
pub struct StepRecord {
    /// The optimizer step, counted from 1.
    pub step: u64,
    /// The epoch it belongs to, counted from 1.
    pub epoch: u64,
    /// The objective.
    pub loss: f64,
    /// The learning rate used.
    pub learning_rate: f64,
    /// Norm of the whole gradient before clipping.
    pub grad_norm: f64,
    /// Clips per second of wall time.
    pub clips_per_second: f64,
}

/// One line of `epochs.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Optimizer steps done at its end.
    pub step: u64,
    /// Mean objective over its steps.
    pub train_loss: f64,
    /// Mean squared error on the validation split; absent where the epoch was not validated.
    pub validation_loss: Option<f64>,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// Seconds it took.
    pub seconds: f64,
}

/// How a run stands.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// At work, or killed while at work.
    Running,
    /// All steps done, or ended by early stopping.
    Finished,
    /// Asked to stop; can be resumed.
    Interrupted,
    /// Stopped by an error.
    Stopped,
}

/// `run.json`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// The network's name.
    pub model: String,
    /// The preset it started from.
    pub preset: Option<String>,
    /// The dataset's name.
    pub data: String,
    /// How the run stands.
    pub status: Status,
    /// Why it stands like that.
    pub reason: String,
    /// When it began, in UTC.
    pub started: String,
    /// When it ended, in UTC.
    pub finished: Option<String>,
    /// Seconds of work, over all sessions.
    pub seconds: f64,
    /// The command line of the last session.
    pub command: String,
    /// The program's version.
    pub version: String,
    /// The source revision it was built from.
    pub commit: Option<String>,
    /// The device it ran on.
    pub device: String,
    /// Threads it could use.
    pub threads: usize,
    /// Its seed.
    pub seed: u64,
    /// Trainable values of the network.
    pub parameters: usize,
    /// Multiply-accumulates of one forecast.
    pub multiply_accumulates: u64,
    /// Digest of the data.
    pub data_fingerprint: String,
    /// Description of the channels, where not all of them are frames to forecast.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelInfo>,
    /// The weights that it began with, where they were not drawn from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<WeightsInfo>,
    /// The best validation so far.
    pub best: Option<BestInfo>,
}

/// The weights that a run began with, as in `run.json`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct WeightsInfo {
    /// The file they were read from.
    pub file: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// Where the file says that they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// One channel of the clips of a run, as in `run.json`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ChannelInfo {
    /// Its name.
    pub name: String,
    /// Whether it is forecast; else it is only read.
    pub is_target: bool,
    /// Physical value of a normalized 0.
    pub mean: f32,
    /// Physical difference of a normalized 1.
    pub std: f32,
}

impl ChannelInfo {
    /// Of every channel of a dataset that describes them.
    pub(super) fn of(splits: &Splits) -> Vec<Self> {
        let Some(channels) = splits.channels() else {
            return Vec::new();
        };
        let of = |values: &[f32], number: usize| values[if values.len() == 1 { 0 } else { number }];
        let info = |(number, name): (usize, &String)| Self {
            name: name.clone(),
            is_target: number < channels.targets,
            mean: of(&splits.normalization.mean, number),
            std: of(&splits.normalization.std, number),
        };
        channels.names.iter().enumerate().map(info).collect()
    }
}

/// The best validation of a run, as in `run.json`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct BestInfo {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Mean squared error on the validation split.
    pub validation_loss: f64,
    /// The checkpoint's folder name.
    pub checkpoint: String,
}

/// Makes `root/data/model/time`, a folder that no other run has.
///
/// # Errors
/// Names the folder that cannot be made.
pub fn new_run_folder(root: &Path, data: &str, model: &str) -> Result<PathBuf, FolderError> {
    let parent = root.join(data).join(model);
    fs::create_dir_all(&parent).map_err(FolderError::new("make", &parent))?;
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S").to_string();
    for attempt in 1.. {
        let folder = match attempt {
            1 => parent.join(&time),
            _ => parent.join(format!("{time}-{attempt}")),
        };
        match fs::create_dir(&folder) {
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder.clone()).map_err(FolderError::new("make", &folder)),
        }
    }
    unreachable!("some number is free")
}

/// The files that grow while a run goes on.
pub(super) struct RunFolder {
    path: PathBuf,
    steps: File,
    epochs: File,
    log: File,
}

impl RunFolder {
    pub(super) fn open(path: &Path) -> Result<Self, FolderError> {
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(FolderError::new("make", &checkpoints))?;
        let append = |name: &str| {
            let path = path.join(name);
            OpenOptions::new()
                .append(true)
                .create(true)
                .open(&path)
                .map_err(FolderError::new("write", &path))
        };
        let mut folder = Self {
            path: path.to_owned(),
            steps: append("steps.jsonl")?,
            epochs: append("epochs.csv")?,
            log: append("log.txt")?,
        };
        if folder.epochs.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            folder.epoch_line(EPOCHS_HEADER)?;
        }
        Ok(folder)
    }

    /// Forgets what happened after `step` steps and `epochs` epochs, and a last line that was cut off.
    pub(super) fn rewind(path: &Path, step: u64, epochs: u64) -> Result<(), FolderError> {
        keep_lines(&path.join("steps.jsonl"), |line| {
            serde_json::from_str::<StepRecord>(line).is_ok_and(|record| record.step <= step)
        })?;
        keep_lines(&path.join("epochs.csv"), |line| {
            let epoch = line.split(',').next().and_then(|epoch| epoch.parse::<u64>().ok());
            line == EPOCHS_HEADER || epoch.is_some_and(|epoch| epoch <= epochs)
        })
    }

    pub(super) fn write_config(&self, config: &RunConfig) -> Result<(), FolderError> {
        write_whole(&self.path.join("config.toml"), config.to_toml().as_bytes())
    }

    pub(super) fn write_info(&self, info: &RunInfo) -> Result<(), FolderError> {
        let text = serde_json::to_vec_pretty(info).expect("plain values are JSON");
        write_whole(&self.path.join("run.json"), &text)
    }

    pub(super) fn step(&mut self, record: &StepRecord) -> Result<(), FolderError> {
        let mut line = serde_json::to_vec(record).expect("plain values are JSON");
        line.push(b'\n');
        self.steps
            .write_all(&line)
            .map_err(FolderError::new("write", &self.path.join("steps.jsonl")))
    }

    pub(super) fn epoch(&mut self, record: &EpochRecord) -> Result<(), FolderError> {
        let EpochRecord {
            epoch,
            step,
            train_loss,
            learning_rate,
            seconds,
            ..
        } = record;
        let validation_loss = record.validation_loss.map(|loss| loss.to_string()).unwrap_or_default();
        self.epoch_line(&format!(
            "{epoch},{step},{train_loss},{validation_loss},{learning_rate},{seconds:.3}"
        ))
    }

    fn epoch_line(&mut self, line: &str) -> Result<(), FolderError> {
        writeln!(self.epochs, "{line}").map_err(FolderError::new("write", &self.path.join("epochs.csv")))
    }

    pub(super) fn log(&mut self, text: &str) -> Result<(), FolderError> {
        let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        writeln!(self.log, "{time} {text}").map_err(FolderError::new("write", &self.path.join("log.txt")))
    }

    /// Brings the lines to the disk, so that no checkpoint is newer than they are.
    pub(super) fn sync(&self) -> Result<(), FolderError> {
        for (file, name) in [(&self.steps, "steps.jsonl"), (&self.epochs, "epochs.csv")] {
            file.sync_data()
                .map_err(FolderError::new("write", &self.path.join(name)))?;
        }
        Ok(())
    }
}

/// The records of `steps.jsonl`, without a last line that was cut off.
pub(super) fn read_steps(folder: &Path) -> Result<Vec<StepRecord>, FolderError> {
    let path = folder.join("steps.jsonl");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let bytes = fs::read(&path).map_err(FolderError::new("read", &path))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

fn keep_lines(path: &Path, keep: impl Fn(&str) -> bool) -> Result<(), FolderError> {
    if !path.exists() {
        return Ok(());
    }
    let bytes = fs::read(path).map_err(FolderError::new("read", path))?;
    // After a power cut the end of a file may hold anything.
    let text = String::from_utf8_lossy(&bytes);
    let kept: String = text
        .lines()
        .filter(|line| keep(line))
        .map(|line| format!("{line}\n"))
        .collect();
    match kept.as_bytes() == bytes {
        true => Ok(()),
        false => write_whole(path, kept.as_bytes()),
    }
}

/// Reads `run.json`.
///
/// # Errors
/// Names the file.
pub fn read_run_info(folder: &Path) -> Result<RunInfo, FolderError> {
    let path = folder.join("run.json");
    let bytes = fs::read(&path).map_err(FolderError::new("read", &path))?;
    serde_json::from_slice(&bytes).map_err(|error| FolderError::new("read", &path)(std::io::Error::from(error)))
}
