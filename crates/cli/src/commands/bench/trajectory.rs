//! The same training here and in PyTorch.

use anyhow::{Context, Result};
use foreframe_bench::table::trajectory::{page, text};
use foreframe_bench::trajectory::{Options, run as train};

use super::suite::{batch, pytorch};
use crate::args::BenchArgs;
use crate::output;

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    if let Some(path) = &args.suite.write {
        output::check_writable(path)?;
    }
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let found = train(&Options {
        device: args.backend.backend.device()?,
        backend: args.backend.backend.name(),
        steps: args.suite.steps as usize,
        batch: batch(args),
        seed: args.suite.seed,
        only: args.suite.only.clone(),
        pytorch: pytorch(args, &here)?,
        say: &|text| eprintln!("{text}"),
    })?;
    if let Some(path) = &args.suite.write {
        output::write_whole(path, page(&found).as_bytes())?;
        eprintln!("wrote {}", path.display());
    }
    match args.json {
        true => output::json(&found),
        false => output::line(text(&found)),
    }
}
