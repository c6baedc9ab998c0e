//! Errors of a run.

use std::io;
use std::path::{Path, PathBuf};

use foreframe_core::{ClipShape, ConfigError};
use foreframe_data::DataError;
use foreframe_formats::FormatError;
use foreframe_metrics::ScoreError;

use crate::config::ResolveError;
use crate::model::{ModelError, NotFinite};
use crate::weights::WeightsError;

/// Why training or scoring stopped. Every message names the file, key or step and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The configuration.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A value of the configuration that does not go with the data.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The scores.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Weights on disk.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The run folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The network has no parameters.
    #[error("`{0}` has no parameters, so there is nothing to train: use `eval` to evaluate it")]
    NothingToTrain(&'static str),
    /// The loss or the gradient left the range of floating point.
    #[error(
        "step {step}: {cause}; training stopped before the step changed the weights, {kept}. \
         Lower train.schedule.learning_rate, set train.clip_norm (e.g. 1.0), or look for extreme values in the data"
    )]
    NotFinite {
        /// The optimizer step, counted from 1.
        step: u64,
        /// Which number.
        cause: NotFinite,
        /// Where the last good state is.
        kept: String,
    },
    /// A step that would learn from nothing.
    #[error(
        "step {step}: epoch {epoch} gave no clip to learn from; training stopped before the step changed the weights. Use \
         data with more clips or a smaller train.batch"
    )]
    NoClips {
        /// The optimizer step, counted from 1.
        step: u64,
        /// The epoch, counted from 1.
        epoch: u64,
    },
    /// A resumed run would see other data.
    #[error(
        "`{}` was trained on other data (digest {expected}, now {found}): restore the data, say with --data-path where they \
         lie now, or start a new run from its weights with --weights",
        folder.display()
    )]
    OtherData {
        /// The run.
        folder: PathBuf,
        /// Digest in the run.
        expected: String,
        /// Digest of the data opened now.
        found: String,
    },
    /// Weights to start from are of another network.
    #[error("`{}` holds weights of `{found}`, not of `{expected}`: train `{found}`, or name weights of `{expected}`", path.display())]
    OtherNetwork {
        /// The file.
        path: PathBuf,
        /// The network of the file.
        found: String,
        /// The network to be trained.
        expected: &'static str,
    },
    /// Weights to start from do not fit the network.
    #[error("`{}` cannot be the start of this run, whose clips are {clip}: {problem}{remedy}", path.display())]
    OtherWeights {
        /// The file.
        path: PathBuf,
        /// The clips of the run.
        clip: ClipShape,
        /// The tensor at fault, with its sizes in the file and in the network.
        problem: String,
        /// The remedy, after a colon.
        remedy: String,
    },
    /// There is no intact checkpoint.
    #[error("`{}` holds no intact checkpoint, so there is nothing to resume: start a new run", .0.display())]
    NothingToResume(PathBuf),
}

/// A file or folder of a run that the system refused to make, read or write.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {cause}: {}", path.display(), remedy(cause))]
pub struct FolderError {
    /// The operation, e.g. `write`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The cause, from the operating system.
    pub cause: io::Error,
}

impl FolderError {
    pub(crate) fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self { action, path, cause }
    }
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "give yourself permission, or choose another folder with --out",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "a file is in the way; choose another folder",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, then continue from the last checkpoint with --resume"
        }
        io::ErrorKind::ReadOnlyFilesystem => "choose a folder that can be written with --out",
        io::ErrorKind::InvalidData => "the file is damaged; restore it, or remove it",
        _ => "check the folder and the disk it lies on",
    }
}
