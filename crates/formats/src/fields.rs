//! Fields in HDF5 and NetCDF files: reanalyses, radar composites, event archives.
//!
//! A series is the frames of one variable in one or many files, in the order of their times.

mod axis_order;
mod container;
mod description;
mod field;
mod grid;
mod hdf5;
mod knmi;
mod netcdf;
mod odim;
mod options;
mod packing;
mod series;
mod unit;
mod variable;
mod variables;

use std::path::Path;

use crate::names::has_extension;

pub use grid::{Coordinate, Grid};
pub use options::{Damaged, ReadOptions};
pub use series::About;
pub use unit::{Conversion, same_unit};
pub use variables::{Variables, read_field};

const ENDINGS: [&str; 10] = ["h5", "hdf5", "hdf", "he5", "nc", "nc4", "nc3", "cdf", "netcdf", "hkl"];

/// Whether the name is that of an HDF5 or NetCDF file.
pub fn is_field(path: &Path) -> bool {
    has_extension(path, &ENDINGS)
}

#[cfg(test)]
use series::Series;

#[cfg(test)]
mod tests;
