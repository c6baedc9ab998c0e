//! `foreframe`: trains, evaluates and uses spatio-temporal forecasting networks. Commands only; their work is in libraries.

mod allocator;
mod args;
mod backend;
mod commands;
mod failure;
mod frames;
mod logging;
mod output;
mod samples;
mod settings;
mod shipped;
mod target;

use std::process::ExitCode;

use args::Cli;
use clap::Parser;

fn main() -> ExitCode {
    allocator::keep_freed_memory();
    let cli = Cli::parse();
    logging::start(cli.verbose);
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", failure::message(&error));
            ExitCode::from(failure::MISTAKE)
        }
    }
}
