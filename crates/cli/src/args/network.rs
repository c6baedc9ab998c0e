//! Verbs that make, judge and use a network.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use foreframe_core::ClipShape;

use super::settings::clip;
use super::{BackendArgs, DataArgs, LooksArgs, SettingArgs, Split};
use crate::verbs::watch::WatchArgs;

#[derive(Args)]
pub(crate) struct TrainArgs {
    /// The model; may be left out with --resume or where --config names it
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Passes over the training split
    #[arg(long, value_name = "N", conflicts_with = "steps", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) epochs: Option<u64>,
    /// Optimizer steps
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) steps: Option<u64>,
    /// Continues a run that was interrupted
    #[arg(long, value_name = "RUN", conflicts_with_all = ["preset", "config", "data", "data_path", "protocol", "out"])]
    pub(crate) resume: Option<PathBuf>,
    /// The folder of the run [default: runs/DATA/MODEL/TIME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct EvalArgs {
    /// Weights (.bpk), a run, or a model without weights, e.g. `advection`
    pub(crate) target: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Sets one key of the data, e.g. `--set data.test_clips=1000`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The split
    #[arg(long, value_enum, default_value_t)]
    pub(crate) split: Split,
    /// Compares with this, too: a model without weights, e.g. `advection` or `climatology`; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Vec<String>,
    #[command(flatten)]
    pub(crate) looks: LooksArgs,
    /// Clips at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: Option<u32>,
    /// As JSON, with the definition of every score
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ForecastArgs {
    /// Weights (.bpk) or a run
    pub(crate) target: PathBuf,
    /// What was observed: `.npy` (`[T,C,H,W]` or `[B,T,C,H,W]`), `.gif`, or a folder of images; of a run that chose channels
    /// also NetCDF or HDF5
    #[arg(short, long, value_name = "PATH", required_unless_present = "watch")]
    pub(crate) input: Option<PathBuf>,
    /// Where the forecast goes: `.npy`, `.gif`, or a folder for images
    #[arg(short, long, value_name = "PATH", required_unless_present = "watch")]
    pub(crate) output: Option<PathBuf>,
    /// Frames to forecast [default: as many as the network was trained for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) horizon: Option<u32>,
    /// When the first frame of the input was taken (UTC), e.g. 2019-03-01T00:00; for networks that look at the time
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Scale as in training: the input is in physical units, and so is the output
    #[arg(long)]
    pub(crate) normalize: bool,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[command(flatten)]
    pub(crate) live: WatchArgs,
}

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The published file: .safetensors, .pt, .pth or .ckpt
    pub(crate) file: PathBuf,
    /// The model it is of
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The clip: observed frames, future frames, channels, height, width [default: the preset's]
    #[arg(long, value_name = "T,T',C,H,W", value_parser = clip)]
    pub(crate) clip: Option<ClipShape>,
    /// The weights to write (.bpk)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What became of every tensor, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How tensors are called in an exported file.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Names {
    /// As here
    #[default]
    Ours,
    /// As in the published PyTorch checkpoints
    Published,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// Weights (.bpk) or a run
    pub(crate) target: PathBuf,
    /// The file to write (.safetensors)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// How the tensors are called in it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) names: Names,
}
