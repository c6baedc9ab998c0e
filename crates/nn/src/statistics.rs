//! How running statistics go with a recurrence.

use serde::{Deserialize, Serialize};

/// Which running statistics batch normalization has where a network is applied to its own output: in training every step is
/// normalized by its own batch, and what is fed back has other statistics than what was observed.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Statistics {
    /// Each step that training sees has its own; steps after those have the ones of the last.
    #[default]
    PerStep,
    /// All steps share one set, as published networks do: inference normalizes each by the mean of all.
    Shared,
}

impl Statistics {
    /// Sets of statistics for the `steps` steps that training sees.
    pub const fn sets(self, steps: usize) -> usize {
        match self {
            Self::PerStep => steps,
            Self::Shared => 1,
        }
    }
}
