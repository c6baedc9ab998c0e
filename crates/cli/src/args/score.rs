//! Scores of forecasts, however they were made.

use std::path::PathBuf;

use clap::Args;

use super::BackendArgs;

/// Weights for scores of how forecasts look.
#[derive(Args, Clone, Default)]
pub(crate) struct PerceptualArgs {
    /// Adds LPIPS with these weights (.safetensors or .pth): torchvision's alexnet and the package lpips' alex.pth, or a file
    /// that holds both; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) lpips_weights: Vec<PathBuf>,
    /// Adds FVD with these weights (.safetensors or .pt) of I3D, e.g. i3d_pretrained_400.pt; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) fvd_weights: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ScoreArgs {
    /// The forecasts: `.npy` (`[T,H,W]`, `[T,C,H,W]` or `[N,T,C,H,W]`), or whatever else can be read as data
    pub(crate) forecast: PathBuf,
    /// The ground truth, frame by frame; NaN where it is not known
    pub(crate) truth: PathBuf,
    /// The frames observed before: adds persistence, with the skill against it
    #[arg(long, value_name = "FILE")]
    pub(crate) past: Option<PathBuf>,
    /// Other forecasts of the same frames, to compare with; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Vec<PathBuf>,
    /// Names of the forecasts, in their order; may be repeated [default: the files' names]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Vec<String>,
    /// Sets one key, e.g. `--set "eval.scores.thresholds=[0.5, 5]"` or `--set data.variable=rain`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Weights (.bpk) or a run, whose mean persistence is where --past never has a value
    #[arg(long, value_name = "RUN", requires = "past")]
    pub(crate) weights: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) perceptual: PerceptualArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Writes a page with tables and curves by lead time (.html)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// As JSON, with the definition of every score
    #[arg(long)]
    pub(crate) json: bool,
}
