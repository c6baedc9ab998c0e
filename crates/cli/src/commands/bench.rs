//! `bench`: how fast one model is, or all operations and networks, also beside PyTorch.

mod model;
mod pipeline;
mod suite;
mod trajectory;

use anyhow::Result;

use crate::args::BenchArgs;

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    match (&args.suite.alone, args.model.is_empty()) {
        (Some(case), _) => suite::alone(args, case),
        (None, true) if args.suite.pipeline => pipeline::run(args),
        (None, true) if args.suite.trajectory => trajectory::run(args),
        (None, true) => suite::run(args),
        (None, false) => model::run(args),
    }
}
