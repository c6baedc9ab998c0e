//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::FormatError;

/// A name beside `path` that no reader takes for a finished file.
pub fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Writes a file beside `path` and renames it when it is complete and on the disk.
pub fn write(path: &Path, content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), FormatError> {
    create(path, |writer| content(writer).map_err(FormatError::io("write", path)))
}

/// As [`write()`], for content whose making may fail for reasons of its own.
pub fn create(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    if path.is_dir() {
        return Err(FormatError::file(path, "is a folder", "name a file to write"));
    }
    let part = beside(path);
    let fault = || FormatError::io("write", path);
    let written = || -> Result<(), FormatError> {
        let mut writer = BufWriter::new(File::create(&part).map_err(fault())?);
        content(&mut writer)?;
        let finished = writer.into_inner().map_err(io::IntoInnerError::into_error);
        finished
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&part, path))
            .map_err(fault())
    };
    written().inspect_err(|_| {
        // The file may never have been made; the error that matters is the first.
        let _ = fs::remove_file(&part);
    })
}

/// Writes all of `values` in little-endian order.
pub fn write_f32(writer: &mut impl Write, values: &[f32]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(4 * 4096);
    for chunk in values.chunks(4096) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
        writer.write_all(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write(&path, |writer| writer.write_all(b"old")).unwrap();
        let error = write(&path, |writer| {
            writer.write_all(b"half of the n")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert!(
            error.to_string().contains("a.npy") && error.to_string().contains("free some space"),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(
            write(folder.path(), |_| Ok(()))
                .unwrap_err()
                .to_string()
                .contains("is a folder")
        );
    }
}
