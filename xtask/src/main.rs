//! `cargo xtask <command>`: builds and runs Foreframe, checks the workspace, makes new model crates.
//!
//! It must answer at once on a fresh clone, so it never links Burn.

mod backend;
mod checks;
mod launch;
mod new_model;
mod workspace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workspace::Workspace;

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "Builds, runs, checks and extends Foreframe", after_help = launch::COMMANDS_HELP)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Formatting, lints, documentation, and licenses where cargo-deny is installed
    Check {
        /// With the CUDA backend too, as `cuda-check` has it
        #[arg(long)]
        cuda: bool,
    },
    /// All tests on the default CPU backend
    Test {
        /// Compile for every backend, so that `portability` needs no build of its own
        #[arg(long)]
        one_build: bool,
        /// Handed to `cargo test`, e.g. `-p foreframe-ustep`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// The tests that compare with the numbers of the public PyTorch code
    Parity {
        /// Compile for every backend, so that `portability` needs no build of its own
        #[arg(long)]
        one_build: bool,
    },
    /// Those tests on flex, ndarray and wgpu (needs a Vulkan driver; a software one will do)
    Portability {
        /// Only operators, shared blocks and the sweep over all models, without each model's golden cases
        #[arg(long)]
        short: bool,
    },
    /// Type-checks the CUDA backend, without the LLVM bundle that building it downloads
    CudaCheck,
    /// Makes a crate for a new network: it compiles, is listed, and passes the registry sweep
    NewModel {
        /// The name on the command line, e.g. `conv_lstm`
        name: String,
        /// The root of the workspace to extend [default: this one]
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    #[command(external_subcommand)]
    Foreframe(Vec<OsString>),
}

fn main() -> ExitCode {
    let workspace = Workspace::here();
    let outcome = match Cli::parse().task {
        Task::Check { cuda } => checks::check(&workspace, cuda),
        Task::Test { one_build, args } => checks::test(&workspace, one_build, &args),
        Task::Parity { one_build } => checks::parity(&workspace, one_build),
        Task::Portability { short } => checks::portability(&workspace, short),
        Task::CudaCheck => checks::cuda(&workspace),
        Task::NewModel { name, dir } => new_model::run(&name, &dir.map_or(workspace, Workspace::at)),
        Task::Foreframe(arguments) => return launch::foreframe(&workspace, &arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            // A mistake of the caller's, as opposed to a check that failed.
            ExitCode::from(if error.is::<workspace::StepFailed>() { 1 } else { 2 })
        }
    }
}
