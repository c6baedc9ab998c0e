//! NumPy's `.npz` archives: ZIP files of `.npy` files.
//!
//! An array that is stored is mapped where it lies. One that is packed is unpacked once, in a stream, into a `.npy` file
//! beside the archive, and that one is mapped. Either way no array is ever in memory as a whole.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::npy::{Mapped, check_front};
use crate::{FormatError, replace};

/// Arrays of numbers shrink to a fifth, or to a hundredth where most are 0. Whatever grows more than this, and beyond
/// [`ALWAYS_FINE`], is refused.
const MOST_GROWTH: u64 = 200;
/// Unpacked sizes up to this are not suspicious.
const ALWAYS_FINE: u64 = 1 << 28;
/// As much as the longest header of a `.npy` file.
const FRONT: u64 = (1 << 16) + 16;

/// The names of the arrays in an archive, without `.npy`, in the order of the archive.
///
/// # Errors
/// Names the archive that cannot be read.
pub fn names(path: &Path) -> Result<Vec<String>, FormatError> {
    let archive = open(path)?;
    Ok(archive
        .file_names()
        .filter_map(Result::ok)
        .filter_map(|name| name.strip_suffix(".npy").map(str::to_owned))
        .collect())
}

/// Maps the array `name` of an archive.
///
/// An array that is packed is unpacked into the folder `<archive>.unpacked` first, unless it has been since the archive
/// was written.
///
/// # Errors
/// Names the archive and what is wrong with it: unreadable, no such array, encrypted, packed by a method that NumPy does
/// not use, more than 200 times as large as it is packed, damaged, no array of numbers. Or the file that cannot be
/// written.
pub fn array(path: &Path, name: &str) -> Result<Mapped, FormatError> {
    let mut archive = open(path)?;
    let file = format!("{name}.npy");
    let entry = match archive.by_name(&file) {
        Ok(entry) => entry,
        Err(ZipError::FileNotFound) => {
            let known = names(path)?.join(", ");
            return Err(FormatError::file(
                path,
                format!("holds no array `{name}`; there is {known}"),
                "name an archive that numpy.savez wrote with that array",
            ));
        }
        Err(cause) => return Err(unreadable(path, &cause)),
    };
    let refuse =
        |problem: String, remedy: &str| Err(FormatError::file(path, format!("holds `{file}`, {problem}"), remedy));
    match entry.compression() {
        CompressionMethod::Stored => {
            let Some(start) = entry.data_start() else {
                return refuse("which begins nowhere".to_owned(), "fetch or export it again");
            };
            let end = start.saturating_add(entry.size());
            drop(entry);
            Mapped::open_part(path, start..end)
        }
        CompressionMethod::Deflated => {
            let (packed, size) = (entry.compressed_size(), entry.size());
            if size > ALWAYS_FINE && size / MOST_GROWTH > packed {
                return refuse(
                    format!("whose {packed} bytes would become {size}"),
                    "if it is no trap, save the array by itself: numpy.save(path, numpy.load(archive)[name])",
                );
            }
            let unpacked = unpacked(path, &file);
            if !is_newer(&unpacked, path) {
                unpack(path, &file, entry, size, &unpacked)?;
            }
            Mapped::open(&unpacked)
        }
        other => refuse(
            format!("packed by {other:?}, which numpy does not use"),
            "write it with numpy.savez",
        ),
    }
}

/// Where an array lies once it is unpacked: in a folder beside the file that it comes from.
pub fn unpacked(path: &Path, file: &str) -> PathBuf {
    let mut folder = path.file_name().unwrap_or_default().to_owned();
    folder.push(".unpacked");
    // A name may not lead out of the folder.
    let file = file.replace(['/', '\\', ':'], "_");
    path.with_file_name(folder).join(file)
}

/// Whether `made` is at least as new as `from`.
pub fn is_newer(made: &Path, from: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    matches!((time(made), time(from)), (Some(made), Some(from)) if made >= from)
}

fn open(path: &Path) -> Result<ZipArchive<BufReader<File>>, FormatError> {
    let file = File::open(path).map_err(FormatError::io("read", path))?;
    if !file.metadata().map_err(FormatError::io("read", path))?.is_file() {
        return Err(FormatError::file(path, "is no file", "name a .npz file"));
    }
    ZipArchive::new(BufReader::new(file)).map_err(|cause| unreadable(path, &cause))
}

fn unreadable(path: &Path, cause: &ZipError) -> FormatError {
    let problem = format!("cannot be read as an .npz archive: {cause}");
    FormatError::file(
        path,
        problem,
        "fetch or export it again; numpy.savez writes such archives",
    )
}

/// Copies an array of `size` bytes out of the archive, beside its final name first.
fn unpack(path: &Path, file: &str, mut entry: impl Read, size: u64, to: &Path) -> Result<(), FormatError> {
    let damaged = |problem: &str| {
        let problem = format!("holds `{file}`, which {problem}");
        FormatError::file(path, problem, "fetch or export it again")
    };
    let mut front = Vec::new();
    entry
        .by_ref()
        .take(FRONT)
        .read_to_end(&mut front)
        .map_err(|cause| damaged(&format!("cannot be unpacked: {cause}")))?;
    let total = usize::try_from(size).map_err(|_| damaged("is too large for this machine"))?;
    check_front(&front, total).map_err(|fault| damaged(&format!("{}: {}", fault.problem, fault.remedy)))?;
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(FormatError::io("create", folder))?;
    tracing::info!("unpacking `{file}` of `{}` into `{}`", path.display(), to.display());
    // One byte more than announced shows that there is more.
    let mut rest = front.as_slice().chain(entry).take(size.saturating_add(1));
    let mut fault = None;
    let copied = replace::write(to, |writer| {
        let mut buffer = vec![0; 1 << 16];
        let mut done = 0;
        loop {
            let read = match rest.read(&mut buffer) {
                Ok(read) => read,
                Err(cause) => {
                    fault = Some(damaged(&format!("cannot be unpacked: {cause}")));
                    return Err(cause);
                }
            };
            if read == 0 {
                break;
            }
            writer.write_all(&buffer[..read])?;
            done += read as u64;
        }
        if done != size {
            fault = Some(damaged("is not as long as it announces"));
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(())
    });
    match fault {
        Some(fault) => Err(fault),
        None => copied,
    }
}

#[cfg(test)]
mod bombs;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{archive, float_array as npy};
    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn values(array: &Mapped) -> Vec<f32> {
        let mut values = vec![0.0; array.len()];
        array.read(0, &mut values);
        values
    }

    #[test]
    fn packed_or_not_the_arrays_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let arrays = [
            ("x", npy(&[2, 3], &[1., 2., 3., 4., 5., 6.])),
            ("y", npy(&[2], &[7., 8.])),
        ];
        for packed in [false, true] {
            fs::write(&path, archive(&arrays, packed)).unwrap();
            assert_eq!(names(&path).unwrap(), ["x", "y"]);
            let x = array(&path, "x").unwrap();
            assert_eq!((x.shape(), values(&x)), (&[2, 3][..], vec![1., 2., 3., 4., 5., 6.]));
            assert_eq!(values(&array(&path, "y").unwrap()), [7., 8.]);
            assert_eq!(folder.path().join("a.npz.unpacked").exists(), packed);
        }
        // An unpacked array is used again, but not where the archive is newer.
        let made = folder.path().join("a.npz.unpacked/y.npy");
        fs::write(&made, npy(&[1], &[9.])).unwrap();
        assert_eq!(values(&array(&path, "y").unwrap()), [9.]);
        let old = std::time::SystemTime::UNIX_EPOCH;
        File::options()
            .write(true)
            .open(&made)
            .unwrap()
            .set_modified(old)
            .unwrap();
        assert_eq!(values(&array(&path, "y").unwrap()), [7., 8.]);
    }

    #[test]
    fn bad_archives_are_named_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let message = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let message = array(&path, "x").unwrap_err().to_string();
            assert!(message.contains("a.npz`"), "{message}");
            assert!(!folder.path().join("a.npz.unpacked/x.npy").exists());
            message
        };
        let good = npy(&[2], &[1., 2.]);
        for packed in [false, true] {
            let whole = archive(&[("x", good.clone())], packed);
            assert!(message(&whole[..whole.len() / 2]).contains("cannot be read as an .npz"));
            assert!(message(&archive(&[("y", good.clone())], packed)).contains("there is y"));
            assert!(message(&archive(&[("x", vec![])], packed)).contains("is empty"));
            assert!(message(&archive(&[("x", good[..70].to_vec())], packed)).contains("ends within its header"));
            assert!(message(&archive(&[("x", good[..good.len() - 1].to_vec())], packed)).contains("is truncated"));
            let place = good.windows(3).position(|bytes| bytes == b"<f4").unwrap();
            let complex = [&good[..place], b"<c8", &good[place + 3..]].concat();
            assert!(message(&archive(&[("x", complex)], packed)).contains("type `<c8`"));
        }
        assert!(message(b"").contains("cannot be read as an .npz"));
        assert!(message(b"\x93NUMPY\x01\x00").contains("numpy.savez"));
        let error = names(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is no file"), "{error}");
    }

    #[test]
    fn a_trap_is_not_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        // 300 MiB of zeros take 300 KiB; they are made in a stream.
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file("x.npy", options).unwrap();
        for _ in 0..300 {
            writer.write_all(&vec![0; 1 << 20]).unwrap();
        }
        writer.finish().unwrap();
        let message = array(&path, "x").unwrap_err().to_string();
        assert!(message.contains("would become 314572800"), "{message}");
        assert!(!folder.path().join("a.npz.unpacked").exists());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damaged_archives_are_read_or_refused(
            packed in any::<bool>(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.npz");
            let mut bytes = archive(&[("x", npy(&[3], &[1., 2., 3.])), ("y", npy(&[1], &[4.]))], packed);
            for (place, byte) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            fs::write(&path, &bytes).unwrap();
            let _ = names(&path);
            if let Ok(array) = array(&path, "x") {
                prop_assert!(array.len() < bytes.len() + 300);
                values(&array);
            }
        }
    }
}
