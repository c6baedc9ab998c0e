//! Several networks beside each other.

use std::path::PathBuf;

use clap::Args;

use super::{BackendArgs, DataArgs};

#[derive(Args)]
pub(crate) struct CompareArgs {
    /// The models; NAME=MODEL gives one another name, so that it can take part twice
    #[arg(required = true, value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// Optimizer steps of every run [default: what the first model's configuration says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) steps: Option<u64>,
    /// Seeds that every model is trained with, from train.seed on
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) seeds: u64,
    /// Sets one key of all models, e.g. `--set train.batch=8`, or of one, e.g.
    /// `--set tau:train.schedule.learning_rate=3e-3`; may be repeated
    #[arg(long = "set", value_name = "[MODEL:]KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// A named configuration of all models, or of one, e.g. `--preset stlight:moving-mnist-s`; may be repeated
    /// [default: each the one for the data]
    #[arg(long, value_name = "[MODEL:]NAME")]
    pub(crate) preset: Vec<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// The folder of the runs; named again, it is continued: finished runs are kept [default: runs/DATA/compare/TIME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The table as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
