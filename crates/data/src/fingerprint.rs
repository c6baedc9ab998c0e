//! A digest of what clips are made from.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::{DataConfig, DataError};

/// Files of this many bytes together are still read whole; that takes about a second.
const READ_WHOLE: u64 = 256 << 20;

/// Digests the configuration, `generator` (the version of code that makes clips) and `files`.
///
/// Where the files lie does not count, so that data that moved are still the same data.
pub(crate) fn fingerprint(config: &DataConfig, generator: &str, files: &[PathBuf]) -> Result<String, DataError> {
    let mut hasher = Sha256::new();
    let config = DataConfig {
        path: None,
        ..config.clone()
    };
    hasher.update(serde_json::to_vec(&config).expect("plain numbers and strings become JSON"));
    hasher.update(generator.as_bytes());
    let mut sizes = Vec::with_capacity(files.len());
    for path in files {
        sizes.push(fs::metadata(path).map_err(DataError::io("read", path))?);
    }
    let whole = sizes.iter().map(fs::Metadata::len).sum::<u64>() <= READ_WHOLE;
    for (path, metadata) in files.iter().zip(&sizes) {
        hasher.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.update(metadata.len().to_le_bytes());
        if whole {
            hasher.update(sha256_of(path)?);
        } else {
            let modified = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            hasher.update(modified.map_or(0, |time| time.as_nanos()).to_le_bytes());
        }
    }
    let how = if whole { "content" } else { "size-and-time" };
    Ok(format!("{how}:{}", hex(&hasher.finalize())))
}

/// SHA-256 of a file's bytes.
pub(crate) fn sha256_of(path: &Path) -> Result<[u8; 32], DataError> {
    let digest = || -> io::Result<[u8; 32]> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finalize().into()),
                read => hasher.update(&buffer[..read]),
            }
        }
    };
    digest().map_err(DataError::io("read", path))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_and_configuration_count_but_the_folder_does_not() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let paths = folders.each_ref().map(|folder| folder.path().join("a.npy"));
        paths.iter().for_each(|path| fs::write(path, b"same").unwrap());
        let config = |index: usize, seed| DataConfig {
            path: Some(paths[index].clone()),
            seed,
            ..DataConfig::default()
        };
        let print = |index: usize, seed| fingerprint(&config(index, seed), "1", &paths[index..=index]).unwrap();
        let first = print(0, 0);
        assert!(first.starts_with("content:") && first.len() == 8 + 64, "{first}");
        assert_eq!(first, print(1, 0));
        assert_ne!(first, print(0, 1));
        fs::write(&paths[0], b"sane").unwrap();
        assert_ne!(first, print(0, 0));
        // A hole of 257 MiB, which takes no room on the disk and is not read.
        File::create(&paths[0]).unwrap().set_len(READ_WHOLE + 1).unwrap();
        assert!(print(0, 0).starts_with("size-and-time:"));
        assert_eq!(
            hex(&sha256_of(&paths[1]).unwrap()),
            "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"
        );
    }
}
