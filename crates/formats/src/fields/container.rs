//! The variables of an HDF5 or NetCDF file, as they are stored.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use netcdf_reader::NcFile;

use super::variable::{Attributes, Variable, not_numbers, truncated};
use super::{hdf5, netcdf};
use crate::FormatError;
use crate::claims::are_plausible;
use crate::error::Fault;
use crate::npy::ValueType;

/// More time steps than any data set has.
const LONGEST_COORDINATE: usize = 1 << 24;
/// Frames that a file of any size may have; a larger number needs a byte each.
const ALWAYS_FRAMES: u64 = 1 << 16;

/// An open file.
pub(super) struct Container {
    path: PathBuf,
    /// Its size on the disk in bytes.
    bytes: u64,
    content: Content,
}

enum Content {
    Hdf5(hdf5_pure::File),
    NetCdf(Box<NcFile>),
}

impl Container {
    /// Opens a file and reads nothing but what describes it.
    pub(super) fn open(path: &Path) -> Result<Self, FormatError> {
        let mut file = fs::File::open(path).map_err(FormatError::io("read", path))?;
        let metadata = file.metadata().map_err(FormatError::io("read", path))?;
        if !metadata.is_file() {
            return Err(FormatError::file(path, "is no file", "name an HDF5 or NetCDF file"));
        }
        let mut magic = [0; 8];
        let mut read = 0;
        while read < magic.len() {
            match file.read(&mut magic[read..]).map_err(FormatError::io("read", path))? {
                0 => break,
                more => read += more,
            }
        }
        if read == 0 {
            return Err(FormatError::file(path, "is empty", "fetch or export it again"));
        }
        let content = match magic.starts_with(b"CDF") {
            true => Content::NetCdf(Box::new(netcdf::open(path).map_err(|fault| fault.at(path))?)),
            // An HDF5 file may begin with a block of the user's own, so that only the library can tell.
            false => Content::Hdf5(hdf5::open(path).map_err(|fault| fault.at(path))?),
        };
        Ok(Self {
            path: path.to_owned(),
            bytes: metadata.len(),
            content,
        })
    }

    /// All arrays of the file, in the order of their names.
    pub(super) fn variables(&self) -> Result<Vec<Variable>, Fault> {
        match &self.content {
            Content::Hdf5(file) => hdf5::variables(file, self.bytes),
            Content::NetCdf(file) => netcdf::variables(file),
        }
    }

    /// The attributes of a group, none where there is no such group.
    pub(super) fn group(&self, path: &str) -> Attributes {
        match &self.content {
            Content::Hdf5(file) => hdf5::group_attributes(file, path),
            Content::NetCdf(_) => Attributes::default(),
        }
    }

    /// Reads `count` entries of the first axis from number `start` on, as they are stored, converted to f32.
    pub(super) fn rows(&self, variable: &Variable, start: usize, count: usize) -> Result<Vec<f32>, Fault> {
        let value_type = variable.value_type.ok_or_else(|| not_numbers(variable))?;
        let row = variable
            .axes
            .iter()
            .skip(1)
            .try_fold(1usize, |len, axis| len.checked_mul(axis.len));
        let len = row.and_then(|row| row.checked_mul(count));
        let len = len.filter(|len| self.may_hold(*len, value_type.width()));
        let len = len.ok_or_else(|| self.implausible(variable))?;
        let values = match &self.content {
            Content::Hdf5(file) => hdf5::rows(file, variable, value_type, start, count)?,
            Content::NetCdf(file) => netcdf::rows(file, variable, start, count)?,
        };
        match values.len() == len {
            true => Ok(values),
            false => Err(truncated(&format!(
                "`{}` holds {} of {len} values",
                variable.name,
                values.len()
            ))),
        }
    }

    /// Reads a coordinate: one axis, exact numbers.
    pub(super) fn coordinate(&self, variable: &Variable) -> Result<Vec<f64>, Fault> {
        let value_type = variable.value_type.ok_or_else(|| not_numbers(variable))?;
        let len: usize = variable.axes.iter().map(|axis| axis.len).product();
        if len > LONGEST_COORDINATE || !self.may_hold(len, value_type.width()) {
            return Err(self.implausible(variable));
        }
        match &self.content {
            Content::Hdf5(file) => hdf5::coordinate(file, variable),
            Content::NetCdf(file) => netcdf::coordinate(file, variable),
        }
    }

    /// Where the file lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses `frames` frames of `len` values each where the file cannot hold as many or as large ones.
    pub(super) fn check_claim(&self, variable: &Variable, frames: usize, len: usize) -> Result<(), Fault> {
        let width = variable.value_type.map_or(1, ValueType::width);
        let countable = (frames as u64) <= self.bytes.clamp(ALWAYS_FRAMES, u32::MAX.into());
        match countable && self.may_hold(len, width) {
            true => Ok(()),
            false => Err(self.implausible(variable)),
        }
    }

    fn may_hold(&self, len: usize, width: usize) -> bool {
        are_plausible(self.bytes, len as u64, width)
    }

    fn implausible(&self, variable: &Variable) -> Fault {
        Fault::new(
            format!(
                "claims that `{}` has shape {:?}, which a file of {} bytes cannot hold",
                variable.name,
                variable.shape(),
                self.bytes
            ),
            "fetch or export it again",
        )
    }
}
