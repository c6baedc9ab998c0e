//! Fields in HDF5 and NetCDF files: reanalyses, radar composites, event archives.
//!
//! A [`Series`] is the frames of one variable in one or many files, in the order of their times.

mod axis_order;
mod container;
mod field;
mod grid;
mod hdf5;
mod knmi;
mod netcdf;
mod odim;
mod packing;
mod series;
mod time;
mod unit;
mod variables;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::DataConfig;

pub use grid::{Coordinate, Grid};
pub(crate) use series::About;
pub use time::{follows, seconds, step, written};
pub(crate) use unit::Conversion;
pub use unit::same_unit;
pub(crate) use variables::{Variables, read_field};

const ENDINGS: [&str; 10] = ["h5", "hdf5", "hdf", "he5", "nc", "nc4", "nc3", "cdf", "netcdf", "hkl"];

/// Whether the name is that of an HDF5 or NetCDF file.
pub(crate) fn is_field(path: &Path) -> bool {
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

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
pub(crate) struct ReadOptions {
    variable: Option<String>,
    axes: Option<String>,
    unit: Option<String>,
    damaged: Damaged,
    /// The unit of frames that these go with, to which values are converted where their own is known.
    unit_of_others: Option<String>,
    /// Where those frames lie.
    grid_of_others: Option<Grid>,
}

impl ReadOptions {
    /// The options in `config`; of several variables, those for number `variable`.
    pub(crate) fn of(config: &DataConfig, variable: usize) -> Self {
        let input = config.trained.as_ref().and_then(|trained| trained.input.as_ref());
        Self {
            variable: config.variables.get(variable).or(config.variable.as_ref()).cloned(),
            axes: config.axes.clone(),
            unit: config.unit.clone(),
            damaged: config.damaged,
            unit_of_others: input.and_then(|input| input.unit_of(variable)).map(str::to_owned),
            grid_of_others: input.and_then(|input| input.grid.clone()),
        }
    }
}

#[cfg(test)]
use series::Series;

#[cfg(test)]
mod tests;
