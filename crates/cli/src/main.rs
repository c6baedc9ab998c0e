//! `foreframe`: trains, judges and uses spatio-temporal forecasting networks. Verbs only; everything they do is a library.

mod allocator;
mod args;
mod backend;
mod failure;
mod frames;
mod logging;
mod output;
mod samples;
mod settings;
mod shipped;
mod target;
mod verbs;

use std::process::ExitCode;

use args::Cli;
use clap::Parser;

fn main() -> ExitCode {
    allocator::keep_freed_memory();
    let cli = Cli::parse();
    logging::start(cli.verbose);
    match verbs::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", failure::message(&error));
            ExitCode::from(failure::MISTAKE)
        }
    }
}
