//! Errors of data.

use std::io;
use std::path::Path;

use foreframe_core::ConfigError;
use foreframe_formats::FormatError;

/// Data that cannot be read, used or fetched. Every message names the file or key and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file that cannot be read or written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A configuration that fits no data, or not these.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that could not be fetched.
    #[error("cannot download `{file}`: {problem}: {remedy}")]
    Download {
        /// The file's name in the manifest.
        file: String,
        /// The answers of all sources.
        problem: String,
        /// The remedy.
        remedy: String,
    },
}

impl DataError {
    /// The error of a failed operation on `path`, e.g. `read`, from its cause.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let error = FormatError::io(action, path);
        move |cause| Self::Format(error(cause))
    }

    /// The error of a file that is not what it should be.
    pub fn file(path: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Format(FormatError::file(path, problem, remedy))
    }

    /// The error of a value that no network can learn from, at a place in a file.
    pub fn not_finite(path: &Path, place: String, value: f32) -> Self {
        Self::Format(FormatError::NotFinite {
            path: path.to_owned(),
            place,
            value,
        })
    }

    /// The error of a key of the section `[data]`.
    pub fn config(field: &str, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Config(ConfigError::new(format!("data.{field}"), problem, remedy))
    }
}
