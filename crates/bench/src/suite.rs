//! The whole benchmark.

use std::collections::BTreeMap;

use burn::tensor::Device;
use foreframe_zoo::matching;

use crate::case::{Case, Pass, cases};
use crate::engine::{Engine, Foreframe};
use crate::error::BenchError;
use crate::fresh::Fresh;
use crate::machine::machine;
use crate::peak::{Peak, is_processor};
use crate::precision::Precision;
use crate::pytorch::{Measured, Mode, PyTorch, Setup};
use crate::report::{Report, Row};
use crate::{memory, rounds, scaling};

/// Default rounds of each engine: with PyTorch the whole benchmark should end within a quarter of an hour.
const OPERATION_ROUNDS: usize = 5;
const NETWORK_ROUNDS: usize = 3;

/// Settings of the measurement.
pub struct Options<'a> {
    /// Where ours computes.
    pub device: Device,
    /// Its name on the command line.
    pub backend: String,
    /// The numbers of matrix products and convolutions.
    pub precision: Precision,
    /// Turns of each engine; without a number some for operations and fewer for networks.
    pub rounds: Option<usize>,
    /// Patterns of the names of the cases; none means all.
    pub only: Vec<String>,
    /// Clips that networks see at a time.
    pub batch: usize,
    /// PyTorch, to compare with.
    pub pytorch: Option<PyTorch>,
    /// Starts this program again.
    pub fresh: Fresh<'a>,
    /// Told what happens.
    pub say: &'a dyn Fn(&str),
}

/// The cases whose names match one of the patterns, or all if there is none.
///
/// # Errors
/// There is none left.
pub fn selected(only: &[String], batch: usize) -> Result<Vec<Case>, BenchError> {
    let mut found = cases(batch);
    found.retain(|case| only.is_empty() || only.iter().any(|pattern| matching(pattern, &case.name())));
    match found.is_empty() {
        true => Err(BenchError::NoCase(only.to_vec())),
        false => Ok(found),
    }
}

/// Measures everything.
///
/// # Errors
/// Nothing matches, or PyTorch cannot be started; what fails in a single case is reported in its row.
pub fn run(options: &Options<'_>) -> Result<Report, BenchError> {
    let cases = selected(&options.only, options.batch)?;
    let threads = rayon::current_num_threads();
    let pytorch = match &options.pytorch {
        Some(pytorch) => Some(Beside::start(pytorch, options, threads)?),
        None => None,
    };
    (options.say)("measuring the machine");
    let peak = Peak::measure(&options.device).map_err(BenchError::Machine)?;
    let mut engines: Vec<Box<dyn Engine>> = vec![Box::new(Foreframe::new(options.device.clone(), options.precision))];
    if let Some(pytorch) = &pytorch {
        engines.extend(
            pytorch
                .modes
                .iter()
                .map(|&mode| -> Box<dyn Engine> { Box::new(Measured::new(pytorch.setup.clone(), mode)) }),
        );
    }
    let mut rows = Vec::with_capacity(cases.len());
    // Networks are laid out as their training steps are fastest.
    let mut layouts: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        (options.say)(&format!("{}/{} {}", index + 1, cases.len(), case.name()));
        let network = case.network().map(|network| network.name);
        let known = network.and_then(|name| layouts.get(name).cloned().flatten());
        let rounds = options.rounds.unwrap_or(if network.is_some() {
            NETWORK_ROUNDS
        } else {
            OPERATION_ROUNDS
        });
        let (times, variant) = rounds::measure(case, known, &mut engines, rounds);
        rows.push(Row::new(case, &peak, &times));
        if let Some(name) = network {
            layouts.insert(name, variant);
        }
    }
    // Nobody computes beside the processes that follow.
    drop(engines);
    let of_memory = |case: &Case| {
        (options.say)(&format!("memory: {}", case.name()));
        let layout = case.network().and_then(|network| layouts.get(network.name)?.as_deref());
        let beside = pytorch.as_ref().map(|pytorch| (&pytorch.setup, layout));
        memory::measure(case, &options.fresh, beside)
    };
    let steps = || cases.iter().filter(|case| case.pass == Pass::Step);
    let memory = steps().map(of_memory).collect();
    let scales = is_processor(&options.device) && scaling::is_possible();
    let of_threads = |case: &Case| {
        (options.say)(&format!("one and two threads: {}", case.name()));
        scaling::measure(case, &options.fresh)
    };
    let scaling = steps().filter(|_| scales).map(of_threads).collect();
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        backend: options.backend.clone(),
        precision: options.precision,
        threads,
        machine: machine(),
        pytorch: pytorch.map(|pytorch| pytorch.name),
        peak,
        rows,
        memory,
        scaling,
    })
}

/// PyTorch, found and tried.
struct Beside {
    setup: Setup,
    name: String,
    modes: Vec<Mode>,
}

impl Beside {
    fn start(pytorch: &PyTorch, options: &Options<'_>, threads: usize) -> Result<Self, BenchError> {
        let on_device = !is_processor(&options.device);
        let setup = Setup::find(pytorch, threads, on_device, options.precision, options.say)?;
        (options.say)("starting PyTorch");
        let found = setup.describe()?;
        let mut modes = vec![Mode::Eager];
        match (pytorch.compile, found.compiles) {
            (true, true) => modes.push(Mode::Compile),
            (true, false) => {
                (options.say)("torch.compile does not work here (it needs a C++ compiler): eager mode only")
            }
            (false, _) => {}
        }
        let allocator = if setup.keeps_memory {
            ", its allocator set to keep freed memory, as ours is"
        } else {
            ""
        };
        Ok(Self {
            setup,
            name: format!("{} on {}{allocator}", found.version, found.device),
            modes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_select_cases() {
        let all = cases(4).len();
        assert_eq!(selected(&[], 4).unwrap().len(), all);
        let names = |only: &[&str]| -> Vec<String> {
            let only: Vec<String> = only.iter().map(|&pattern| pattern.to_owned()).collect();
            selected(&only, 4).unwrap().iter().map(Case::name).collect()
        };
        assert!(names(&["conv ?x*"]).iter().all(|name| name.starts_with("conv ")));
        assert_eq!(
            names(&["tau*step", "ustep*forecast"]),
            ["tau train step", "ustep forecast"]
        );
        let error = selected(&["nothing*".to_owned()], 4).unwrap_err().to_string();
        assert!(
            error.contains("`nothing*`") && error.contains("tau train step"),
            "{error}"
        );
    }
}
