//! Arrays that stay in their file.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::Mmap;

use super::ValueType;
use super::header::Header;
use crate::FormatError;

/// Bytes that are read out of all maps together before their pages are given back. The system's cache keeps them.
const MOST_RESIDENT: usize = 64 << 20;
/// Upper limit of the pages that a system maps around each read.
const AROUND: usize = 128 << 10;
/// Maps of this process, which share what may be resident.
static MAPS: AtomicUsize = AtomicUsize::new(0);

/// An array in a mapped file: opening costs nothing, reading costs what is read.
///
/// The pages that were read do not pile up in the process: of files of any size and number about 64 MiB are resident.
#[derive(Debug)]
pub struct Mapped {
    path: PathBuf,
    header: Header,
    map: Mmap,
    /// Bytes that may have become resident since pages were given back.
    resident: AtomicUsize,
}

impl Mapped {
    /// Maps the file and checks that it holds what its header announces.
    ///
    /// # Errors
    /// Names the file and what is wrong with it: unreadable, no `.npy`, truncated, Fortran order, not numbers.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(FormatError::io("read", path))?;
        let metadata = file.metadata().map_err(FormatError::io("read", path))?;
        if !metadata.is_file() {
            return Err(FormatError::file(path, "is no file", "name a .npy file"));
        }
        if metadata.len() == 0 {
            return Err(Header::parse(&[]).expect_err("an empty file has no header").at(path));
        }
        // SAFETY: the map is read only and private to this type. Changing a file while it is mapped is undefined for every
        // program that maps files; whoever truncates a data set under a running training loses that run.
        let map = unsafe { Mmap::map(&file) }.map_err(FormatError::io("map", path))?;
        let whole = 0..map.len();
        Self::of_part(path, map, whole)
    }

    /// Maps the bytes `part` of a file, which hold an array as a `.npy` file of its own would.
    pub fn open_part(path: &Path, part: Range<u64>) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(FormatError::io("read", path))?;
        // SAFETY: as in `open`.
        let map = unsafe { Mmap::map(&file) }.map_err(FormatError::io("map", path))?;
        let within = |place: u64| usize::try_from(place).ok().filter(|place| *place <= map.len());
        match (within(part.start), within(part.end)) {
            (Some(start), Some(end)) if start <= end => Self::of_part(path, map, start..end),
            _ => Err(FormatError::file(path, "is truncated", "fetch or export it again")),
        }
    }

    fn of_part(path: &Path, map: Mmap, part: Range<usize>) -> Result<Self, FormatError> {
        let mut header = Header::parse(&map[part.clone()]).map_err(|fault| fault.at(path))?;
        header.offset += part.start;
        MAPS.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            path: path.to_owned(),
            header,
            map,
            resident: AtomicUsize::new(0),
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
        let bytes = values.len() * width;
        self.header.value_type.decode(&self.map[first..first + bytes], values);
        let resident = self.resident.fetch_add(bytes + AROUND, Ordering::Relaxed) + bytes;
        if resident >= MOST_RESIDENT / MAPS.load(Ordering::Relaxed).max(1) {
            self.resident.store(0, Ordering::Relaxed);
            self.give_back();
        }
    }

    /// Takes the file's pages out of the process. Whoever reads them again gets them from the system's cache.
    fn give_back(&self) {
        #[cfg(unix)]
        {
            // SAFETY: the map is of a file and is never written to, so that a page that is dropped comes back with the
            // same bytes, also under a thread that is reading it.
            let given = unsafe { self.map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            if let Err(cause) = given {
                tracing::debug!("`{}` stays resident: {cause}", self.path.display());
            }
        }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        MAPS.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::npy::f32_header;
    use std::fs;
    use std::io::Write;

    /// Bytes of files that are in the process.
    fn resident() -> usize {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    #[test]
    fn what_was_read_does_not_pile_up() {
        const FRAME: usize = 1 << 20;
        const FRAMES: usize = 64;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        // 256 MiB of zeros, which take no room on the disk.
        let mut file = File::create(&path).unwrap();
        let header = f32_header(&[FRAMES, FRAME]);
        file.write_all(&header).unwrap();
        file.set_len((header.len() + 4 * FRAMES * FRAME) as u64).unwrap();
        let array = Mapped::open(&path).unwrap();
        let before = resident();
        let mut frame = vec![1.0; FRAME];
        for number in 0..FRAMES {
            array.read(number * FRAME, &mut frame);
            assert_eq!((frame[0], frame[FRAME - 1]), (0.0, 0.0));
        }
        let more = resident().saturating_sub(before);
        assert!(more < 128 << 20, "{more} bytes stayed");
    }
}
