//! Files that appear whole or not at all, and their checksums.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::FolderError;

/// Writes a file beside `path`, brings it to the disk and renames it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    let part = beside(path);
    let written = || -> io::Result<()> {
        let mut file = File::create(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&part, path)
    };
    written().map_err(|cause| {
        // It may never have been made; the error that matters is the first.
        let _ = fs::remove_file(&part);
        FolderError::new("write", path)(cause)
    })
}

/// A name beside `path` that no reader takes for a finished file.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn digest_file(path: &Path) -> Result<String, FolderError> {
    let digest = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hexadecimal(&hasher.finalize())),
                read => hasher.update(&buffer[..read]),
            }
        }
    };
    digest().map_err(FolderError::new("read", path))
}

/// SHA-256 of bytes, in hexadecimal.
pub(crate) fn digest_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Brings the entries of a folder to the disk, so that a rename survives a power cut.
pub(crate) fn sync_folder(path: &Path) -> Result<(), FolderError> {
    // Other systems do not open folders as files.
    if cfg!(unix) {
        File::open(path)
            .and_then(|folder| folder.sync_all())
            .map_err(FolderError::new("write", path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last");
        write_whole(&path, b"000000001").unwrap();
        write_whole(&path, b"000000002").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"000000002");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(digest_file(&path).unwrap(), digest_bytes(b"000000002"));
        let error = write_whole(&path.join("last"), b"x").unwrap_err().to_string();
        assert!(
            error.contains("cannot write") && error.contains("a file is in the way"),
            "{error}"
        );
    }
}
