//! Errors of files.

use std::io;
use std::path::{Path, PathBuf};

/// A file that cannot be read or written. Every message names the file and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The system refused to open, read or write a file.
    #[error("cannot {action} `{}`: {cause}: {}", path.display(), remedy(cause))]
    Io {
        /// The operation, e.g. `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause, from the operating system.
        cause: io::Error,
    },
    /// A file's content is not what it should be.
    #[error("`{}` {problem}: {remedy}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The problem, e.g. `is empty`.
        problem: String,
        /// The remedy.
        remedy: String,
    },
    /// A value that no network can learn from.
    #[error(
        "`{}` holds {value} at {place}: fill missing values first, in training e.g. with data.missing = 0, in a file e.g. with numpy.nan_to_num",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Frame, channel, row and column, counted from 0.
        place: String,
        /// The value.
        value: f32,
    },
}

impl FormatError {
    /// The error of a failed operation on `path`, e.g. `read`, from its cause.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |cause| Self::Io { action, path, cause }
    }

    /// The error of a file that is not what it should be.
    pub fn file(path: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::File {
            path: path.to_owned(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// A problem found in bytes, before it is known which file they came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The problem, e.g. `is empty`.
    pub problem: String,
    /// The remedy.
    pub remedy: String,
}

impl Fault {
    /// A problem and its remedy.
    pub fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// The error, once the file is known.
    pub fn at(self, path: &Path) -> FormatError {
        FormatError::file(path, self.problem, self.remedy)
    }
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "give yourself permission, or choose another path",
        io::ErrorKind::IsADirectory => "name a file, not a folder",
        io::ErrorKind::NotADirectory => "name a folder, not a file",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space, or choose another path",
        io::ErrorKind::ReadOnlyFilesystem => "choose a path that can be written",
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => "remove it, or choose another path",
        io::ErrorKind::UnexpectedEof => "the file ends too early; fetch or export it again",
        _ => "check the file and the disk it lies on",
    }
}
