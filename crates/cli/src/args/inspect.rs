//! Verbs that show what there is.

use std::path::PathBuf;

use clap::Args;

use super::ModelArgs;

#[derive(Args)]
pub(crate) struct ListArgs {
    /// Names to list, e.g. `ustep` or `moving-*` [default: everything]
    pub(crate) pattern: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ListAllArgs {
    #[command(flatten)]
    pub(crate) what: ListArgs,
    /// Every preset of every network that matches, as one Markdown table: clip, parameters, multiply-accumulates, and
    /// what is published of both
    #[arg(long)]
    pub(crate) networks: bool,
    /// The trained weights that come with the program, by the names that `forecast`, `eval` and `train --weights` take
    #[arg(long, conflicts_with = "networks")]
    pub(crate) weights: bool,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// As JSON, with every tensor
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// The run
    pub(crate) run: PathBuf,
    /// Other runs: their validation losses are drawn into one picture with this one's
    #[arg(long, value_name = "RUN", num_args = 1..)]
    pub(crate) beside: Vec<PathBuf>,
    /// Where that picture goes
    #[arg(long, value_name = "FILE", default_value = "curves.svg", requires = "beside")]
    pub(crate) curves: PathBuf,
}
