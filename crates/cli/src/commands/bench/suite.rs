//! All operations and networks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use foreframe_bench::fresh::{self, Fresh};
use foreframe_bench::suite::{self, Options, selected};
use foreframe_bench::{Precision, PyTorch, repository, table};

use crate::args::BenchArgs;
use crate::output;

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let batch = batch(args);
    let backend = args.backend.backend.name();
    let precision = Precision::choose(&backend, args.suite.precision)?;
    // Before anything takes long.
    selected(&args.suite.only, batch)?;
    let pytorch = beside(args)?;
    let page = page(args, pytorch.as_ref(), &backend);
    if let Some(path) = &page {
        output::check_writable(path)?;
    }
    let program = std::env::current_exe().context("cannot find this program, to start it again")?;
    let fresh = |case: &str, repetitions: usize, threads: Option<usize>| {
        let mut command = Command::new(&program);
        command.args([
            "bench",
            "--alone",
            case,
            "--backend",
            &backend,
            "--precision",
            precision.name(),
        ]);
        command.args(["--rounds", &repetitions.to_string(), "--batch", &batch.to_string()]);
        let threads = threads.unwrap_or_else(rayon::current_num_threads);
        command.args(["--threads", &threads.to_string()]);
        command
    };
    let report = suite::run(&Options {
        device: args.backend.backend.device()?,
        backend: backend.clone(),
        precision,
        rounds: args.rounds.map(|rounds| rounds as usize),
        only: args.suite.only.clone(),
        batch,
        pytorch,
        fresh: Fresh(&fresh),
        say: &|text| eprintln!("{text}"),
    })?;
    if let Some(path) = &page {
        output::write_whole(path, table::markdown(&report).as_bytes())?;
        eprintln!("wrote {}", path.display());
    }
    match args.json {
        true => output::json(&report),
        false => output::line(table::terminal(&report)),
    }
}

/// Runs one case, and prints what `run` reads.
pub(crate) fn alone(args: &BenchArgs, name: &str) -> Result<()> {
    let precision = Precision::choose(&args.backend.backend.name(), args.suite.precision)?;
    let cases = selected(&[], batch(args))?;
    let case = cases.iter().find(|case| case.name() == name);
    let case = case.with_context(|| format!("there is no case `{name}`"))?;
    let device = args.backend.backend.device()?;
    let repetitions = args.rounds.unwrap_or(1) as usize;
    let found = fresh::alone(case, &device, precision, repetitions).map_err(|error| anyhow!(error))?;
    output::json(&found)
}

pub(super) fn batch(args: &BenchArgs) -> usize {
    args.batch.unwrap_or(4) as usize
}

/// The command that starts PyTorch, if it is asked for.
fn beside(args: &BenchArgs) -> Result<Option<PyTorch>> {
    if !args.suite.against_pytorch {
        return Ok(None);
    }
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    Ok(Some(pytorch(args, &here)?))
}

/// The command that starts PyTorch from the folder `here`.
pub(super) fn pytorch(args: &BenchArgs, here: &Path) -> Result<PyTorch> {
    Ok(PyTorch {
        python: args.suite.python.clone(),
        compile: !args.suite.no_compile,
        repository: repository(here)?,
    })
}

/// Where the tables go. A part of the benchmark does not replace the page of all of it unasked.
fn page(args: &BenchArgs, pytorch: Option<&PyTorch>, backend: &str) -> Option<PathBuf> {
    let unasked = || {
        let pytorch = pytorch.filter(|_| args.suite.only.is_empty())?;
        Some(pytorch.repository.join(format!("docs/src/speed-{backend}.md")))
    };
    args.suite.write.clone().or_else(unasked)
}
