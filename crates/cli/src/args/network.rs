//! Verbs that make, evaluate and use a network.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use foreframe_core::ClipShape;

use super::settings::clip;
use super::{BackendArgs, DataArgs, PerceptualArgs, SettingArgs, Split};
use crate::commands::watch::WatchArgs;

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
    /// Continues a run that was interrupted, or one that ended with more --steps or --epochs; --data-path says where its data
    /// lie now
    #[arg(long, value_name = "RUN", conflicts_with_all = ["preset", "config", "data", "protocol", "out"])]
    pub(crate) resume: Option<PathBuf>,
    /// Starts from trained weights: a run, a .bpk file, or a published checkpoint (.safetensors, .pt, .pth, .ckpt)
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
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
    /// Takes data of another region than the network was trained on
    #[arg(long)]
    pub(crate) other_grid: bool,
    /// The split
    #[arg(long, value_enum, default_value_t)]
    pub(crate) split: Split,
    /// Compares with this, too: a model without weights, e.g. `advection` or `climatology`; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Vec<String>,
    #[command(flatten)]
    pub(crate) perceptual: PerceptualArgs,
    /// Clips at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: Option<u32>,
    /// As JSON, with the definition of every score
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ForecastArgs {
    /// Weights (.bpk), a run, or a model without weights: `persistence` or `advection`
    pub(crate) target: PathBuf,
    /// The observed frames: anything that training reads, `.npy` (`[T,H,W]`, `[T,C,H,W]` or `[B,T,C,H,W]`), HDF5, NetCDF, images,
    /// videos, read as in training; its newest frames are continued
    #[arg(short, long, value_name = "PATH", required_unless_present = "watch")]
    pub(crate) input: Option<PathBuf>,
    /// Where the forecast goes: `.npy`, `.gif`, or a folder for images
    #[arg(short, long, value_name = "PATH", required_unless_present = "watch")]
    pub(crate) output: Option<PathBuf>,
    /// Frames to forecast [default: as many as the network was trained for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) horizon: Option<u32>,
    /// Observed frames to look at, for networks that read frame by frame [default: as many as in training]
    #[arg(long, value_name = "N", conflicts_with = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) past: Option<u32>,
    /// When the first frame of the input was taken (UTC), e.g. 2019-03-01T00:00; for networks that look at the time
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Input and output are in the units of the network, normalized, and nothing is converted or scaled
    #[arg(long, conflicts_with = "watch")]
    pub(crate) normalized: bool,
    /// Was needed once for what is the default now
    #[arg(long, hide = true, conflicts_with = "normalized")]
    pub(crate) normalize: bool,
    /// Images: the values that become black and white [default: the range of the training data]
    #[arg(long, value_name = "LEAST,GREATEST", value_parser = range, allow_hyphen_values = true, conflicts_with = "watch")]
    pub(crate) range: Option<[f32; 2]>,
    /// Takes frames of another region than the network was trained on
    #[arg(long)]
    pub(crate) other_grid: bool,
    /// Sets one key of how files are read, e.g. `--set data.variable=rain`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[command(flatten)]
    pub(crate) live: WatchArgs,
}

/// Reads two finite numbers, the lesser first.
fn range(text: &str) -> Result<[f32; 2], String> {
    match super::settings::numbers(text)?[..] {
        [least, greatest] if least < greatest => Ok([least, greatest]),
        _ => Err("give two numbers, the lesser first, e.g. 250,310".to_owned()),
    }
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
    /// How the values were normalized that the network was trained on: MEAN,STD of all channels, MEAN,STD,MEAN,STD,... of each, or a
    /// data file, whose training part is measured [default: not at all, values are used as they are]
    #[arg(long, value_name = "MEAN,STD|PATH", allow_hyphen_values = true)]
    pub(crate) normalize: Option<String>,
    /// The unit of those values, e.g. K; files in another unit are converted or refused
    #[arg(long, value_name = "UNIT")]
    pub(crate) unit: Option<String>,
    /// Prefix of the network's keys in the file, e.g. `ema`, where it holds the network several times
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// The weights to write (.bpk)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The result for every tensor, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl ImportArgs {
    /// The files that are read.
    pub(crate) fn inputs(&self) -> Vec<&Path> {
        let config = self.settings.config.as_deref();
        [self.file.as_path()].into_iter().chain(config).collect()
    }
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
    /// The file to write: `.safetensors` for other programs, or `.bpk`, one file that is all of a trained network
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// `.safetensors`: how the tensors are called in it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) names: Names,
    /// `.bpk`: parameters of 16 bits, about three digits, in half the file
    #[arg(long)]
    pub(crate) half: bool,
}
