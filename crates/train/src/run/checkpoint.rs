//! Checkpoints: written beside, checksummed, renamed; the newest intact one is found again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::state::State;
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
    fn new(state: State, files: BTreeMap<String, String>) -> Self {
        let sha256 = Self::digest(&state, &files);
        Self { state, files, sha256 }
    }

    fn read(checkpoint: &Path) -> Result<Self, String> {
        let bytes = fs::read(checkpoint.join(STATE)).map_err(|error| error.to_string())?;
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        match Self::digest(&file.state, &file.files) == file.sha256 {
            true => Ok(file),
            false => Err(format!("{STATE} has another checksum")),
        }
    }

    fn write(&self, checkpoint: &Path) -> Result<(), FolderError> {
        let text = serde_json::to_vec_pretty(self).expect("plain values are JSON");
        write_whole(&checkpoint.join(STATE), &text)
    }

    fn digest(state: &State, files: &BTreeMap<String, String>) -> String {
        digest_bytes(&serde_json::to_vec(&(state, files)).expect("plain values are JSON"))
    }
}

/// The folder `checkpoints` of a run.
pub(super) struct Checkpoints {
    folder: PathBuf,
    keep: usize,
}

/// The checkpoints to resume from.
pub(super) struct Found {
    /// The newest intact checkpoint; none where there is no checkpoint at all.
    pub(super) newest: Option<(PathBuf, State)>,
    /// Newer ones, and what is wrong with them.
    damaged: Vec<(PathBuf, String)>,
}

/// Contents of one checkpoint.
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
        let pointer = self.folder.join("best");
        match snapshot.state.best_of_all() {
            Some(best) => write_whole(&pointer, best.checkpoint.as_bytes())?,
            // A run that went on after its end may have none any more.
            None if pointer.exists() => fs::remove_file(&pointer).map_err(FolderError::new("remove", &pointer))?,
            None => {}
        }
        self.prune(snapshot.state)
    }

    fn prune(&self, state: &State) -> Result<(), TrainError> {
        let names = self.names()?;
        let old = names.len().saturating_sub(self.keep);
        // The best one without the run's end may be the best one again where the run goes on.
        let best = [state.best_of_all(), state.best.as_ref()];
        for name in &names[..old] {
            if best.iter().flatten().all(|best| best.checkpoint != *name) {
                let folder = self.folder.join(name);
                fs::remove_dir_all(&folder).map_err(FolderError::new("remove", &folder))?;
            }
        }
        Ok(())
    }

    /// Names of finished checkpoints, the oldest first.
    fn names(&self) -> Result<Vec<String>, FolderError> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
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

    /// Looks for the newest intact checkpoint and changes nothing.
    ///
    /// # Errors
    /// There are checkpoints, and none of them is intact.
    pub(super) fn find(&self) -> Result<Found, TrainError> {
        let names = self.names()?;
        let mut damaged = Vec::new();
        for name in names.iter().rev() {
            let folder = self.folder.join(name);
            match verify(&folder) {
                Ok(state) => {
                    let newest = Some((folder, state));
                    return Ok(Found { newest, damaged });
                }
                Err(problem) => damaged.push((folder, problem)),
            }
        }
        match names.is_empty() {
            true => Ok(Found { newest: None, damaged }),
            false => Err(TrainError::NothingToResume(self.folder.clone())),
        }
    }

    /// Sets damaged checkpoints aside under another name, and removes what a killed run left half written.
    pub(super) fn clear_up(&self, found: &Found) -> Result<(), FolderError> {
        self.remove_parts()?;
        for (folder, problem) in &found.damaged {
            tracing::warn!("checkpoint `{}` is damaged ({problem}) and set aside", folder.display());
            let aside = folder.with_extension("damaged");
            let _ = fs::remove_dir_all(&aside);
            fs::rename(folder, &aside).map_err(FolderError::new("rename", folder))?;
        }
        Ok(())
    }

    /// Writes another state of the checkpoint after the same number of steps.
    pub(super) fn replace_state(&self, state: &State) -> Result<(), FolderError> {
        let folder = self.folder.join(Self::name(state.step));
        let damaged = |problem| std::io::Error::new(std::io::ErrorKind::InvalidData, problem);
        let file = StateFile::read(&folder)
            .map_err(damaged)
            .map_err(FolderError::new("read", &folder.join(STATE)))?;
        StateFile::new(state.clone(), file.files).write(&folder)
    }

    /// Adds to the states of older versions what they leave out.
    pub(super) fn bring_up_to_date(&self, complete: impl Fn(&mut State)) -> Result<(), FolderError> {
        for name in self.names()? {
            let folder = self.folder.join(name);
            let Ok(StateFile { mut state, files, .. }) = StateFile::read(&folder) else {
                continue;
            };
            if state.is_old() {
                complete(&mut state);
                StateFile::new(state, files).write(&folder)?;
            }
        }
        Ok(())
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

    /// The checkpoint to forecast with: the best one, else (as where nothing validates) the last, else the newest; damaged
    /// ones are passed over.
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
    StateFile::new(snapshot.state.clone(), files).write(part)?;
    Ok(sync_folder(part)?)
}

/// Checks every checksum of a checkpoint.
fn verify(folder: &Path) -> Result<State, String> {
    let file = StateFile::read(folder)?;
    for (name, digest) in &file.files {
        if digest_file(&folder.join(name)).map_err(|error| error.to_string())? != *digest {
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
