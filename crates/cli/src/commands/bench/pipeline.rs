//! The loader and the scores of events.

use anyhow::Result;
use foreframe_bench::pipeline::{Options, run as measure};
use foreframe_bench::table::pipeline::{page, text};

use super::suite::batch;
use crate::args::BenchArgs;
use crate::output;

/// Rounds by default.
const ROUNDS: u32 = 3;

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    if let Some(path) = &args.suite.write {
        output::check_writable(path)?;
    }
    let pipeline = measure(&Options {
        device: args.backend.backend.device()?,
        backend: args.backend.backend.name(),
        rounds: args.rounds.unwrap_or(ROUNDS) as usize,
        batch: batch(args),
        say: &|text| eprintln!("{text}"),
    })?;
    if let Some(path) = &args.suite.write {
        output::write_whole(path, page(&pipeline).as_bytes())?;
        eprintln!("wrote {}", path.display());
    }
    match args.json {
        true => output::json(&pipeline),
        false => output::line(text(&pipeline)),
    }
}
