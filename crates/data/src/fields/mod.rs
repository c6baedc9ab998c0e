//! Fields in HDF5 and NetCDF files: reanalyses, radar composites, event archives.
//!
//! A [`Series`] is the frames of one variable in one or many files, in the order of their times.

mod container;
mod field;
mod hdf5;
mod knmi;
mod layout;
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

pub(crate) use series::About;
pub use time::{follows, seconds, step, written};
pub(crate) use variables::{Variables, read_field};

const ENDINGS: [&str; 10] = ["h5", "hdf5", "hdf", "he5", "nc", "nc4", "nc3", "cdf", "netcdf", "hkl"];

/// Whether the name is that of an HDF5 or NetCDF file.
pub(crate) fn is_field(path: &Path) -> bool {
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// What becomes of a file of a folder that cannot be read.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Damaged {
    /// It is an error.
    #[default]
    Refuse,
    /// It is named in a warning and left out, as if it were not there.
    Skip,
}

/// What is wished for of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    variable: Option<String>,
    axes: Option<String>,
    unit: Option<String>,
    damaged: Damaged,
}

impl Wish {
    pub(crate) fn of(config: &DataConfig) -> Self {
        Self {
            variable: config.variable.clone(),
            axes: config.axes.clone(),
            unit: config.unit.clone(),
            damaged: config.damaged,
        }
    }
}

#[cfg(test)]
use series::Series;

#[cfg(test)]
mod tests;
