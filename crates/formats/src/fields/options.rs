//! Options for reading a file.

use serde::{Deserialize, Serialize};

use super::grid::Grid;

/// Treatment of a file in a folder that cannot be read.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Damaged {
    /// It is an error.
    #[default]
    Refuse,
    /// It is named in a warning and left out, as if it were not there.
    Skip,
}

/// Options for reading a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// The array to read, by its name or its path in the file; without it the only one that can be frames.
    pub variable: Option<String>,
    /// Which axis is which, one letter each: `n` recordings, `t` time, `c` channels, `y` rows, `x` columns.
    pub axes: Option<String>,
    /// The unit to which values are converted; without it that of the file.
    pub unit: Option<String>,
    /// Treatment of a file that cannot be read.
    pub damaged: Damaged,
    /// The unit of frames that these go with, to which values are converted where their own is known.
    pub unit_of_others: Option<String>,
    /// Where those frames lie.
    pub grid_of_others: Option<Grid>,
}
