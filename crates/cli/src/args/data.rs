//! Verbs for data.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ListArgs, Protocol, Split};

#[derive(Subcommand)]
pub(crate) enum DataCommand {
    /// Lists the datasets
    List(ListArgs),
    /// Downloads a dataset, or continues an interrupted download
    Get(FilesArgs),
    /// Compares the files of a dataset with their published checksums, or converted arrays with their manifests
    Verify(FilesArgs),
    /// Draws one clip of a dataset, or says what lies at a path: shape, range, missing share, time step, and a picture
    Show(DataShowArgs),
    /// Writes any data that can be read as one memory-mapped .npy with a manifest
    Convert(ConvertArgs),
}

#[derive(Args)]
pub(crate) struct ConvertArgs {
    /// The input: an HDF5, NetCDF or .npy file, a GIF, or a folder of such files or of images
    pub(crate) path: PathBuf,
    /// The array to write (.npy)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// A configuration file with a section `[data]`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one key, e.g. `--set data.variable=t2m` or `--set data.pool=4`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The manifest as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct FilesArgs {
    /// The files' name, e.g. `mnist`, or the path of a converted array or of a folder of them
    pub(crate) name: String,
    /// Where they lie [default: datasets/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The optional files too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args)]
pub(crate) struct DataShowArgs {
    /// A dataset or a path [default: moving-digits, or the user's files with --data-path]
    pub(crate) name: Option<String>,
    /// Where the data lie
    #[arg(long, value_name = "PATH")]
    pub(crate) data_path: Option<PathBuf>,
    /// Which clips validate [default: own]
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<Protocol>,
    /// A configuration file with a section `[data]`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one key, e.g. `--set data.past=5`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The split
    #[arg(long, value_enum, default_value_t)]
    pub(crate) split: Split,
    /// Which clip of it
    #[arg(long, default_value_t = 0)]
    pub(crate) index: usize,
    /// The picture, `.png`, of a clip also `.gif`
    #[arg(short, long, default_value = "sample.png")]
    pub(crate) output: PathBuf,
    /// The description as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
