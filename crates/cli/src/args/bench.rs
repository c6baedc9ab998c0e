//! The benchmark.

use std::path::PathBuf;

use clap::Args;
use foreframe_bench::Precision;

use super::{BackendArgs, ModelArgs};

#[derive(Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Clips at a time [default: 1 of a model, 4 of the benchmark's networks]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: Option<u32>,
    /// How often each is measured, in turn; the median counts [default: 10 for a model, in the benchmark 5
    /// for operations and 3 for networks]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
}

/// Options for one model.
const OF_A_MODEL: [&str; 8] = [
    "model",
    "clip",
    "preset",
    "config",
    "set",
    "data",
    "data_path",
    "protocol",
];

/// Options of the whole benchmark.
#[derive(Args)]
#[command(next_help_heading = "The whole benchmark, without a model")]
pub(crate) struct SuiteArgs {
    /// Only cases whose names match, e.g. `conv ?x*` or `tau*step`; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with_all = OF_A_MODEL)]
    pub(crate) only: Vec<String>,
    /// Numbers of matrix products and convolutions: f32, tf32 or bf16 [default: f32, on CUDA tf32]
    #[arg(long, value_name = "NAME", value_parser = precision, conflicts_with_all = OF_A_MODEL)]
    pub(crate) precision: Option<Precision>,
    /// Measures PyTorch beside it, in turns; makes a Python environment with PyTorch from PyPI first
    #[arg(long, group = "beside", conflicts_with_all = OF_A_MODEL)]
    pub(crate) against_pytorch: bool,
    /// Leaves out torch.compile
    #[arg(long, requires = "against_pytorch")]
    pub(crate) no_compile: bool,
    /// An interpreter that has PyTorch, instead of making an environment
    #[arg(long, value_name = "PATH", requires = "beside")]
    pub(crate) python: Option<PathBuf>,
    /// Writes the tables as Markdown [default: with --against-pytorch and without --only docs/src/speed-BACKEND.md of the
    /// repository]
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_A_MODEL)]
    pub(crate) write: Option<PathBuf>,
    /// Measures the loader and the scores of events instead, beside what the networks' training steps consume
    #[arg(long, conflicts_with_all = OF_A_MODEL, conflicts_with_all = ["only", "precision", "against_pytorch"])]
    pub(crate) pipeline: bool,
    /// Trains small networks here and in PyTorch from the same weights on the same batches instead, and compares their losses
    #[arg(long, group = "beside", conflicts_with_all = OF_A_MODEL, conflicts_with_all = ["pipeline", "precision", "rounds"])]
    pub(crate) trajectory: bool,
    /// Optimizer steps of --trajectory
    #[arg(long, value_name = "N", default_value_t = 200, requires = "trajectory", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) steps: u32,
    /// Seed of the weights and the clips of --trajectory
    #[arg(long, value_name = "N", default_value_t = 42, requires = "trajectory")]
    pub(crate) seed: u64,
    /// Runs one case in this process and says how long it took and how much memory
    #[arg(long, value_name = "CASE", hide = true)]
    pub(crate) alone: Option<String>,
}

fn precision(text: &str) -> Result<Precision, String> {
    let all = [Precision::F32, Precision::Tf32, Precision::Bf16];
    let found = all.into_iter().find(|precision| precision.name() == text);
    found.ok_or_else(|| "there is f32, tf32 and bf16".to_owned())
}
