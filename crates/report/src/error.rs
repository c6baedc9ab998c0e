use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a picture or a page could not be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause, from the operating system.
        source: std::io::Error,
    },
    /// A file could not be written; nothing partial was left under its name.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause, from the operating system.
        source: std::io::Error,
    },
    /// A file of a run is not what the trainer writes.
    #[error("{path}, line {line}: {reason}; repair or delete that line (or the file) to get the page without it")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// The problem there.
        reason: String,
    },
    /// The folder holds none of the files of a run.
    #[error(
        "{path} is not the folder of a run: it has neither run.json nor steps.jsonl nor epochs.csv nor config.toml"
    )]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// A chart could not be drawn.
    #[error("a chart cannot be drawn: {0}")]
    Chart(String),
    /// Frames that do not fit together.
    #[error("these frames cannot be drawn: {0}")]
    Frames(String),
}

impl ReportError {
    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: impl Into<std::io::Error>) -> Self {
        Self::Write {
            path: path.to_owned(),
            source: source.into(),
        }
    }

    pub(crate) fn parse(path: &Path, line: usize, reason: impl ToString) -> Self {
        Self::Parse {
            path: path.to_owned(),
            line,
            reason: reason.to_string(),
        }
    }
}
