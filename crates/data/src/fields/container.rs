//! The variables of an HDF5 or NetCDF file, as they are stored.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use netcdf_reader::NcFile;

use super::{hdf5, netcdf};
use crate::DataError;
use crate::claims::are_plausible;
use crate::error::Fault;
use crate::npy::ValueType;

/// More time steps than any data set has.
const LONGEST_COORDINATE: usize = 1 << 24;
/// Frames that a file of any size may have; a larger number needs a byte each.
const ALWAYS_FRAMES: u64 = 1 << 16;

/// Attributes of a variable or a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Attribute {
    Text(String),
    Numbers(Vec<f64>),
}

/// Attributes by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes(pub(super) BTreeMap<String, Attribute>);

impl Attributes {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Attribute::Text(text) => Some(text.trim_end_matches('\0').trim()),
            Attribute::Numbers(_) => None,
        }
    }

    pub(super) fn numbers(&self, name: &str) -> &[f64] {
        match self.0.get(name) {
            Some(Attribute::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.numbers(name).first().copied()
    }
}

/// One axis of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) len: usize,
    /// The dimension it lies along, where the file names dimensions.
    pub(super) name: Option<String>,
}

/// One array of a file.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    /// Its path within the file, without the leading slash.
    pub(super) name: String,
    pub(super) axes: Vec<Axis>,
    pub(super) attributes: Attributes,
    /// How its values are stored; `None` for text and records, which are no numbers.
    pub(super) value_type: Option<ValueType>,
    /// Rows (entries of the first axis) that are stored, and best read, together.
    pub(super) rows_together: usize,
}

impl Variable {
    /// The last part of its path.
    pub(super) fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.len).collect()
    }
}

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
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let mut file = fs::File::open(path).map_err(DataError::io("read", path))?;
        let metadata = file.metadata().map_err(DataError::io("read", path))?;
        if !metadata.is_file() {
            return Err(DataError::file(path, "is no file", "name an HDF5 or NetCDF file"));
        }
        let mut magic = [0; 8];
        let mut read = 0;
        while read < magic.len() {
            match file.read(&mut magic[read..]).map_err(DataError::io("read", path))? {
                0 => break,
                more => read += more,
            }
        }
        if read == 0 {
            return Err(DataError::file(path, "is empty", "fetch or export it again"));
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

fn not_numbers(variable: &Variable) -> Fault {
    Fault::new(
        format!("holds no numbers in `{}`", variable.name),
        "choose another variable with data.variable",
    )
}

/// The message for a truncated file.
pub(super) fn truncated(cause: &str) -> Fault {
    Fault::new(
        format!("is damaged or truncated: {cause}"),
        "fetch or export it again, or set data.damaged = \"skip\" to leave such files out of a folder",
    )
}
