//! The results of a benchmark.

use serde::Serialize;

use crate::case::{Case, Roofline};
use crate::memory::Memory;
use crate::peak::Peak;
use crate::precision::Precision;
use crate::rounds::Times;
use crate::scaling::Scaling;
use crate::statistics::{Ratio, median};

/// Everything that a benchmark measured, and on what.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Report {
    /// Foreframe's version.
    pub version: &'static str,
    /// The backend of ours.
    pub backend: String,
    /// The numbers of matrix products and convolutions, on both sides.
    pub precision: Precision,
    /// Processor threads, on both sides.
    pub threads: usize,
    /// Processor, operating system and architecture.
    pub machine: String,
    /// PyTorch's version and device, if it was measured.
    pub pytorch: Option<String>,
    /// The most that the machine was seen to do.
    pub peak: Peak,
    /// The times of every case.
    pub rows: Vec<Row>,
    /// The memory of every network's training step.
    pub memory: Vec<Memory>,
    /// Speed-up by a second thread.
    pub scaling: Vec<Scaling>,
}

/// The times of one case, medians in seconds.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Row {
    /// The case's name.
    pub name: String,
    /// The share of PyTorch's time that it should take at most.
    pub goal: Option<f64>,
    /// Operations and bytes that it takes at least.
    pub roofline: Roofline,
    /// The seconds that these take at the machine's peak.
    pub roofline_seconds: f64,
    /// Turns of each engine.
    pub rounds: usize,
    /// Ours.
    pub foreframe: Result<f64, String>,
    /// PyTorch's without compilation.
    pub eager: Option<Result<f64, String>>,
    /// PyTorch's with `torch.compile`.
    pub compiled: Option<Result<f64, String>>,
    /// Ours against the faster of PyTorch's two.
    pub ratio: Option<Ratio>,
}

impl Row {
    /// From the times of ours, PyTorch's and PyTorch's compiled, as far as they were measured.
    pub(crate) fn new(case: &Case, peak: &Peak, times: &Times) -> Self {
        let summary = |index: usize| {
            Some(
                times
                    .get(index)?
                    .as_ref()
                    .map(|seconds| median(seconds))
                    .map_err(Clone::clone),
            )
        };
        let roofline = case.roofline();
        let pytorch = times.iter().skip(1).filter_map(|times| times.as_deref().ok());
        let faster = pytorch.min_by(|a, b| median(a).total_cmp(&median(b)));
        let ours = times.first().and_then(|times| times.as_deref().ok());
        Self {
            name: case.name(),
            goal: case.goal,
            roofline,
            roofline_seconds: peak.roofline(&roofline),
            rounds: times.iter().flatten().map(Vec::len).max().unwrap_or(0),
            foreframe: summary(0).unwrap_or_else(|| Err("not measured".to_owned())),
            eager: summary(1),
            compiled: summary(2),
            ratio: ours.zip(faster).map(|(ours, theirs)| Ratio::of(ours, theirs)),
        }
    }

    /// How near ours comes to the floor; 1 is on it.
    pub fn share(&self) -> Option<f64> {
        Some(self.roofline_seconds / self.foreframe.as_ref().ok()?)
    }

    /// Whether the goal is met, if there is one and PyTorch was measured.
    pub fn is_met(&self) -> Option<bool> {
        Some(self.ratio?.median <= self.goal?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_of_pytorchs_modes_counts() {
        let case = &crate::case::cases(1)[0];
        let peak = Peak {
            operations: 1e12,
            bytes: 1e12,
        };
        let times: Times = vec![Ok(vec![1.0; 3]), Ok(vec![4.0; 3]), Ok(vec![2.0; 3])];
        let row = Row::new(case, &peak, &times);
        assert_eq!(row.ratio.unwrap().median, 0.5);
        assert_eq!((row.eager, row.compiled), (Some(Ok(4.0)), Some(Ok(2.0))));
        let times: Times = vec![Ok(vec![1.0; 3]), Ok(vec![4.0; 3]), Err("no compiler".to_owned())];
        let row = Row::new(case, &peak, &times);
        assert_eq!(row.ratio.unwrap().median, 0.25);
        assert_eq!(row.compiled, Some(Err("no compiler".to_owned())));
        let row = Row::new(case, &peak, &vec![Ok(vec![1.0])]);
        assert_eq!((row.ratio, row.is_met()), (None, None));
    }
}
