//! The command line.

mod bench;
mod compare;
mod data;
mod inspect;
mod network;
mod score;
mod settings;

use clap::{Parser, Subcommand};

pub(crate) use bench::BenchArgs;
pub(crate) use compare::CompareArgs;
pub(crate) use data::{ConvertArgs, DataCommand, DataShowArgs, FilesArgs};
pub(crate) use inspect::{ListAllArgs, ListArgs, ReportArgs, ShowArgs};
pub(crate) use network::{EvalArgs, ExportArgs, ForecastArgs, ImportArgs, Names, TrainArgs};
pub(crate) use score::{PerceptualArgs, ScoreArgs};
pub(crate) use settings::{BackendArgs, DataArgs, ModelArgs, Protocol, SettingArgs, Split, numbers};

/// Forecasts spatio-temporal fields: radar rain, traffic flow, temperature, video
#[derive(Parser)]
#[command(name = "foreframe", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more: -v what is done, -vv how
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// CPU threads [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists models, presets and datasets
    List(ListAllArgs),
    /// Shows a model: parameters, multiply-accumulates, shapes, configuration, paper
    Show(ShowArgs),
    /// Lists, fetches, checks and shows datasets
    #[command(subcommand)]
    Data(DataCommand),
    /// Trains a model, evaluates it on the test split, and writes pictures and a report
    Train(TrainArgs),
    /// Trains several models alike, each with several seeds, and sets them beside each other
    Compare(CompareArgs),
    /// Evaluates a trained network, with persistence beside it
    Eval(EvalArgs),
    /// Scores forecasts that lie in files, whoever made them, beside each other
    Score(ScoreArgs),
    /// Continues a clip
    Forecast(ForecastArgs),
    /// Turns a published PyTorch checkpoint into weights
    Import(ImportArgs),
    /// Writes weights as safetensors
    Export(ExportArgs),
    /// Measures forecasts and training steps per second
    Bench(BenchArgs),
    /// Writes the report of a run again
    Report(ReportArgs),
    /// Writes completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
