//! Errors of a benchmark.

use std::path::PathBuf;

/// Why there is no result at all; what fails in a single row is a note in it.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// Nothing is left to measure.
    #[error("no case matches `{}`: patterns are of letters, * and ?, and names are like `conv 5x5 [8, 80, 16, 16] -> 256 forward`, `gelu [8, 512, 32, 32] forward + backward` and `tau train step`", .0.join("`, `"))]
    NoCase(Vec<String>),
    /// No network of PyTorch's half is meant.
    #[error("no network matches `{}`: PyTorch's half has {}", patterns.join("`, `"), names.join(", "))]
    NoNetwork {
        /// The requested value.
        patterns: Vec<String>,
        /// The existing values.
        names: Vec<&'static str>,
    },
    /// The worker's sources are not here.
    #[error(
        "PyTorch's half of the benchmark is not here: run this in a clone of the repository, which has it in benches/pytorch"
    )]
    NoSources,
    /// A program cannot be started.
    #[error(
        "cannot start `{program}` ({cause}): install Python 3.10 or newer with its module venv, or name an interpreter that has PyTorch with --python"
    )]
    NoPython {
        /// The program that was to be started.
        program: PathBuf,
        /// The cause, from the operating system.
        cause: std::io::Error,
    },
    /// Making the environment failed; the program's own words stand above.
    #[error("`{command}` failed: see its words above, or name an interpreter that has PyTorch with --python")]
    Environment {
        /// The command line.
        command: String,
    },
    /// The worker ends before it answers.
    #[error("PyTorch's worker does not start with `{}`: {said}: name an interpreter that has PyTorch with --python, or leave it out to have an environment made", python.display())]
    Worker {
        /// The interpreter.
        python: PathBuf,
        /// Its last words.
        said: String,
    },
    /// The backend cannot do what is asked of it.
    #[error("the backend `{backend}` computes in {computes}, not in {asked}: leave --precision out")]
    Precision {
        /// The backend's name.
        backend: String,
        /// The supported values.
        computes: String,
        /// The requested value.
        asked: crate::precision::Precision,
    },
    /// The device fails at the simplest things.
    #[error("cannot measure this machine: {0}")]
    Machine(String),
    /// The files that the loader is measured with cannot be written or read.
    #[error(transparent)]
    Data(#[from] foreframe_data::DataError),
    /// A file.
    #[error(transparent)]
    Format(#[from] foreframe_formats::FormatError),
    /// A file or folder cannot be read or written.
    #[error("cannot write `{}` ({cause}): free some space, or make the folder writable", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The cause, from the operating system.
        cause: std::io::Error,
    },
}
