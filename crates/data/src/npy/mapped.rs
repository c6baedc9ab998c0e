//! Arrays that stay in their file.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::ValueType;
use super::header::Header;
use crate::DataError;

/// An array in a mapped file: opening costs nothing, reading costs what is read.
#[derive(Debug)]
pub struct Mapped {
    path: PathBuf,
    header: Header,
    map: Mmap,
}

impl Mapped {
    /// Maps the file and checks that it holds what its header announces.
    ///
    /// # Errors
    /// Names the file and what is wrong with it: unreadable, no `.npy`, truncated, Fortran order, not numbers.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(DataError::io("read", path))?;
        let metadata = file.metadata().map_err(DataError::io("read", path))?;
        if !metadata.is_file() {
            return Err(DataError::file(path, "is no file", "name a .npy file"));
        }
        if metadata.len() == 0 {
            return Err(Header::parse(&[]).expect_err("an empty file has no header").at(path));
        }
        // SAFETY: the map is read only and private to this type. Changing a file while it is mapped is undefined for every
        // program that maps files; whoever truncates a data set under a running training loses that run.
        let map = unsafe { Mmap::map(&file) }.map_err(DataError::io("map", path))?;
        let whole = 0..map.len();
        Self::of_part(path, map, whole)
    }

    /// Maps the bytes `part` of a file, which hold an array as a `.npy` file of its own would.
    pub(crate) fn open_part(path: &Path, part: Range<u64>) -> Result<Self, DataError> {
        let file = File::open(path).map_err(DataError::io("read", path))?;
        // SAFETY: as in `open`.
        let map = unsafe { Mmap::map(&file) }.map_err(DataError::io("map", path))?;
        let within = |place: u64| usize::try_from(place).ok().filter(|place| *place <= map.len());
        match (within(part.start), within(part.end)) {
            (Some(start), Some(end)) if start <= end => Self::of_part(path, map, start..end),
            _ => Err(DataError::file(path, "is truncated", "fetch or export it again")),
        }
    }

    fn of_part(path: &Path, map: Mmap, part: Range<usize>) -> Result<Self, DataError> {
        let mut header = Header::parse(&map[part.clone()]).map_err(|fault| fault.at(path))?;
        header.offset += part.start;
        Ok(Self {
            path: path.to_owned(),
            header,
            map,
        })
    }

    /// Where the array lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size, axis by axis.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// The type of its values in the file.
    pub fn value_type(&self) -> ValueType {
        self.header.value_type
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.header.len
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.header.len == 0
    }

    /// Copies `values.len()` values from number `start` on, in C order, converted to f32 and nothing else.
    ///
    /// # Panics
    /// If they reach beyond the last value.
    pub fn read(&self, start: usize, values: &mut [f32]) {
        let width = self.header.value_type.width();
        let first = self.header.offset + start * width;
        self.header
            .value_type
            .decode(&self.map[first..first + values.len() * width], values);
    }
}
