//! One module per verb.

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

use crate::args::{Cli, Verb};

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    if let Some(threads) = cli.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .context("cannot start the threads")?;
    }
    match cli.verb {
        Verb::Train(args) => return train::run(&args),
        Verb::Compare(args) => return compare::run(&args),
        Verb::List(args) => list::run(&args),
        Verb::Show(args) => show::run(&args),
        Verb::Data(verb) => data::run(&verb),
        Verb::Eval(args) => eval::run(&args),
        Verb::Score(args) => score::run(&args),
        Verb::Forecast(args) => forecast::run(&args),
        Verb::Import(args) => import::run(&args),
        Verb::Export(args) => export::run(&args),
        Verb::Bench(args) => bench::run(&args),
        Verb::Report(args) => report::run(&args),
        Verb::Completions { shell } => completions::run(shell),
    }?;
    Ok(ExitCode::SUCCESS)
}
