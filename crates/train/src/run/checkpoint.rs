//! Checkpoints: written beside, checksummed, renamed; the newest intact one is found again.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use burn::tensor::TensorData;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{FolderError, TrainError};
use crate::files::{beside, digest_bytes, digest_file, sync_folder, write_whole};
use crate::model::Network;
use crate::optimizer::{Adam, MomentData};
use crate::pack;
use crate::weights::{WeightsError, WeightsHeader, save_weights};

pub(super) const NETWORK: &str = "network.bpk";
pub(super) const AVERAGE: &str = "ema.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const STATE: &str = "state.json";
const OPTIMIZER_HEADER: &str = "foreframe-optimizer";

/// Where a run stands, besides its tensors. The data position follows from step and epoch.
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
}

/// The best validation of a run.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) struct Best {
    pub(super) epoch: u64,
    pub(super) validation_loss: Exact,
    pub(super) checkpoint: String,
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

/// `state.json`.
#[derive(Serialize, Deserialize)]
struct StateFile {
    state: State,
    /// SHA-256 of the other files.
    files: BTreeMap<String, String>,
    /// SHA-256 of the two fields above.
    sha256: String,
}

impl StateFile {
    fn digest(state: &State, files: &BTreeMap<String, String>) -> String {
        digest_bytes(&serde_json::to_vec(&(state, files)).expect("plain values are JSON"))
    }
}

/// The folder `checkpoints` of a run.
pub(super) struct Checkpoints {
    folder: PathBuf,
    keep: usize,
}

/// What goes into one checkpoint.
pub(super) struct Snapshot<'a> {
    pub(super) network: &'a dyn Network,
    pub(super) average: Option<&'a dyn Network>,
    pub(super) optimizer: &'a Adam,
    pub(super) header: &'a WeightsHeader,
    pub(super) state: &'a State,
}

impl Checkpoints {
    pub(super) fn new(folder: PathBuf, keep: usize) -> Self {
        Self { folder, keep }
    }

    /// The folder name of the checkpoint after `step` steps.
    pub(super) fn name(step: u64) -> String {
        format!("{step:09}")
    }

    /// Writes a checkpoint, points `last` and `best` to it, and removes old ones.
    pub(super) fn save(&self, snapshot: &Snapshot<'_>) -> Result<(), TrainError> {
        let name = Self::name(snapshot.state.step);
        let folder = self.folder.join(&name);
        let part = beside(&folder);
        let written = write(&part, snapshot).and_then(|()| {
            if folder.exists() {
                // Only a damaged checkpoint, or the same one, can be in the way.
                fs::remove_dir_all(&folder).map_err(FolderError::new("replace", &folder))?;
            }
            fs::rename(&part, &folder).map_err(FolderError::new("write", &folder))?;
            Ok(sync_folder(&self.folder)?)
        });
        if written.is_err() {
            // The error that matters is the first.
            let _ = fs::remove_dir_all(&part);
        }
        written?;
        write_whole(&self.folder.join("last"), name.as_bytes())?;
        if let Some(best) = &snapshot.state.best {
            write_whole(&self.folder.join("best"), best.checkpoint.as_bytes())?;
        }
        self.prune(snapshot.state.best.as_ref())
    }

    fn prune(&self, best: Option<&Best>) -> Result<(), TrainError> {
        let names = self.names()?;
        let old = names.len().saturating_sub(self.keep);
        for name in &names[..old] {
            if best.is_none_or(|best| best.checkpoint != *name) {
                let folder = self.folder.join(name);
                fs::remove_dir_all(&folder).map_err(FolderError::new("remove", &folder))?;
            }
        }
        Ok(())
    }

    /// Names of finished checkpoints, the oldest first.
    fn names(&self) -> Result<Vec<String>, FolderError> {
        let failed = FolderError::new("read", &self.folder);
        let entries = fs::read_dir(&self.folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(failed)?;
        let mut names: Vec<String> = entries
            .into_iter()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.len() == 9 && name.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Finds the newest intact checkpoint. Damaged ones newer than it are set aside under another name, and what a killed
    /// run left half written is removed.
    pub(super) fn newest_intact(&self) -> Result<Option<(PathBuf, State)>, TrainError> {
        self.remove_parts()?;
        let names = self.names()?;
        for name in names.iter().rev() {
            let folder = self.folder.join(name);
            match verify(&folder) {
                Ok(state) => return Ok(Some((folder, state))),
                Err(problem) => {
                    tracing::warn!("checkpoint `{}` is damaged ({problem}) and set aside", folder.display());
                    let aside = self.folder.join(format!("{name}.damaged"));
                    let _ = fs::remove_dir_all(&aside);
                    fs::rename(&folder, &aside).map_err(FolderError::new("rename", &folder))?;
                }
            }
        }
        match names.is_empty() {
            true => Ok(None),
            false => Err(TrainError::NothingToResume(self.folder.clone())),
        }
    }

    fn remove_parts(&self) -> Result<(), FolderError> {
        let failed = || FolderError::new("read", &self.folder);
        for entry in fs::read_dir(&self.folder).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if path.extension().is_some_and(|extension| extension == "part") {
                let removed = if path.is_dir() {
                    fs::remove_dir_all(&path)
                } else {
                    fs::remove_file(&path)
                };
                removed.map_err(FolderError::new("remove", &path))?;
            }
        }
        Ok(())
    }

    /// The checkpoint to forecast with: the best one, else the last, else the newest; damaged ones are passed over.
    pub(super) fn best(&self) -> Option<PathBuf> {
        let pointed = ["best", "last"].into_iter().filter_map(|pointer| {
            let name = fs::read_to_string(self.folder.join(pointer)).ok()?;
            Some(name.trim().to_owned())
        });
        let newest = self.names().unwrap_or_default().into_iter().rev();
        pointed
            .chain(newest)
            .map(|name| self.folder.join(name))
            .find(|folder| match verify(folder) {
                Ok(_) => true,
                Err(problem) => {
                    tracing::warn!("checkpoint `{}` is passed over: {problem}", folder.display());
                    false
                }
            })
    }
}

fn write(part: &Path, snapshot: &Snapshot<'_>) -> Result<(), TrainError> {
    fs::create_dir(part).map_err(FolderError::new("make", part))?;
    save_weights(&part.join(NETWORK), snapshot.network, snapshot.header)?;
    let mut files = vec![NETWORK, OPTIMIZER];
    if let Some(average) = snapshot.average {
        save_weights(&part.join(AVERAGE), average, snapshot.header)?;
        files.push(AVERAGE);
    }
    write_optimizer(&part.join(OPTIMIZER), snapshot.optimizer)?;
    let files = files
        .into_iter()
        .map(|name| Ok((name.to_owned(), digest_file(&part.join(name))?)));
    let files = files.collect::<Result<BTreeMap<_, _>, FolderError>>()?;
    let file = StateFile {
        sha256: StateFile::digest(snapshot.state, &files),
        state: snapshot.state.clone(),
        files,
    };
    write_whole(
        &part.join(STATE),
        &serde_json::to_vec_pretty(&file).expect("plain values are JSON"),
    )?;
    Ok(sync_folder(part)?)
}

/// Checks every checksum of a checkpoint.
fn verify(folder: &Path) -> Result<State, String> {
    let text = |error: &dyn Display| error.to_string();
    let bytes = fs::read(folder.join(STATE)).map_err(|error| text(&error))?;
    let file: StateFile = serde_json::from_slice(&bytes).map_err(|error| text(&error))?;
    if StateFile::digest(&file.state, &file.files) != file.sha256 {
        return Err(format!("{STATE} has another checksum"));
    }
    for (name, digest) in &file.files {
        if digest_file(&folder.join(name)).map_err(|error| text(&error))? != *digest {
            return Err(format!("{name} has another checksum"));
        }
    }
    Ok(file.state)
}

fn write_optimizer(path: &Path, optimizer: &Adam) -> Result<(), WeightsError> {
    let state = optimizer.state();
    let steps: BTreeMap<&String, u32> = state.iter().map(|(name, moments)| (name, moments.steps)).collect();
    let steps = serde_json::to_string(&steps).expect("numbers by name are JSON");
    let tensors = state.into_iter().flat_map(|(name, moments)| {
        [
            (format!("mean.{name}"), moments.mean),
            (format!("square.{name}"), moments.square),
        ]
    });
    pack::write(path, tensors, (OPTIMIZER_HEADER, &steps))
}

/// Reads what [`Checkpoints::save`] wrote of an optimizer.
pub(super) fn read_optimizer(folder: &Path) -> Result<BTreeMap<String, MomentData>, WeightsError> {
    let path = folder.join(OPTIMIZER);
    let (mut tensors, steps) = pack::read(&path, OPTIMIZER_HEADER)?;
    let damaged = |problem: String| WeightsError::Damaged {
        path: path.clone(),
        problem,
    };
    let steps: BTreeMap<String, u32> = serde_json::from_str(&steps).map_err(|error| damaged(error.to_string()))?;
    let mut take = |name: String| {
        tensors
            .remove(&name)
            .ok_or_else(|| damaged(format!("`{name}` is missing")))
    };
    let mut moments = |(name, steps): (String, u32)| {
        let (mean, square) = (take(format!("mean.{name}"))?, take(format!("square.{name}"))?);
        Ok((name, MomentData { steps, mean, square }))
    };
    steps.into_iter().map(&mut moments).collect()
}
