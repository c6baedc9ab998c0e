//! One module per command.

mod bench;
mod compare;
mod completions;
mod data;
mod eval;
mod export;
mod forecast;
mod import;
mod list;
mod networks;
mod report;
mod score;
mod show;
mod train;
pub(crate) mod watch;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::args::{Cli, Command};

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    if let Some(threads) = cli.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .context("cannot start the threads")?;
    }
    match cli.command {
        Command::Train(args) => return train::run(&args),
        Command::Compare(args) => return compare::run(&args),
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Data(command) => data::run(&command),
        Command::Eval(args) => eval::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Forecast(args) => forecast::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Completions { shell } => completions::run(shell),
    }?;
    Ok(ExitCode::SUCCESS)
}
