//! A digest of what clips are made from.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{DataConfig, DataError};

/// Files of this many bytes together are still read whole; that takes about a second.
const READ_WHOLE: u64 = 256 << 20;
/// Bytes of one of the blocks that are read of larger ones, ...
const BLOCK: u64 = 16 << 10;
/// ... of which there are so many altogether, ...
const BLOCKS: usize = 4096;
/// ... and at least and at most so many in a file.
const BLOCKS_PER_FILE: (usize, usize) = (3, 256);

/// Which data clips are made from: a SHA-256 over the configuration and the content of all files, `sha256:` where every byte
/// was read, `sampled:` where the files are so large that their sizes and blocks all over them stand for them.
///
/// Names, folders and times of files do not count: data that were moved, copied or touched are the same data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    digest: String,
    /// Fingerprints by earlier versions of the same files: `content:`, with the names of files, and `size-and-time:`.
    earlier: String,
    reads_files: bool,
}

/// Compares a digest that was stored earlier with today's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They are the same.
    Same,
    /// They are others.
    Different,
    /// The digest is one of sizes and times, which says nothing about files that were copied or touched since.
    Unknown,
}

impl Fingerprint {
    /// The digest as text.
    pub fn as_str(&self) -> &str {
        &self.digest
    }

    /// Whether the clips are made from files, not drawn by the program.
    pub fn reads_files(&self) -> bool {
        self.reads_files
    }

    /// Compares with a digest that was noted earlier, also by an earlier version.
    pub fn compare(&self, noted: &str) -> Agreement {
        if noted == self.digest || noted == self.earlier {
            Agreement::Same
        } else if noted.starts_with(SIZE_AND_TIME) {
            Agreement::Unknown
        } else {
            Agreement::Different
        }
    }
}

impl From<&str> for Fingerprint {
    fn from(digest: &str) -> Self {
        Self {
            digest: digest.to_owned(),
            earlier: digest.to_owned(),
            reads_files: false,
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digest)
    }
}

const SIZE_AND_TIME: &str = "size-and-time:";

/// Digests the configuration, `generator` (the version of code that makes clips) and `files`, in this order.
pub fn fingerprint(config: &DataConfig, generator: &str, files: &[PathBuf]) -> Result<Fingerprint, DataError> {
    let config = DataConfig {
        path: None,
        ..config.clone()
    };
    let mut now = Sha256::new();
    now.update(serde_json::to_vec(&settings(&config)).expect("plain numbers and strings become JSON"));
    let mut earlier = Sha256::new();
    earlier.update(serde_json::to_vec(&config).expect("plain numbers and strings become JSON"));
    for hasher in [&mut now, &mut earlier] {
        hasher.update(generator.as_bytes());
    }
    let mut sizes = Vec::with_capacity(files.len());
    for path in files {
        sizes.push(fs::metadata(path).map_err(DataError::io("read", path))?);
    }
    let whole = sizes.iter().map(fs::Metadata::len).sum::<u64>() <= READ_WHOLE;
    let blocks = (BLOCKS / files.len().max(1)).clamp(BLOCKS_PER_FILE.0, BLOCKS_PER_FILE.1);
    for (path, metadata) in files.iter().zip(&sizes) {
        let digest = match whole {
            true => sha256_of(path)?,
            false => sampled(path, metadata.len(), blocks).map_err(DataError::io("read", path))?,
        };
        now.update(metadata.len().to_le_bytes());
        now.update(digest);
        earlier.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        earlier.update(metadata.len().to_le_bytes());
        if whole {
            earlier.update(digest);
        } else {
            let modified = metadata.modified().ok();
            let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            earlier.update(modified.map_or(0, |time| time.as_nanos()).to_le_bytes());
        }
    }
    let (how, how_earlier) = match whole {
        true => ("sha256:", "content:"),
        false => ("sampled:", SIZE_AND_TIME),
    };
    Ok(Fingerprint {
        digest: format!("{how}{}", hex(&now.finalize())),
        earlier: format!("{how_earlier}{}", hex(&earlier.finalize())),
        reads_files: !files.is_empty(),
    })
}

/// The keys of a configuration that are not as they are by default, so that a key that a later version adds changes nothing.
fn settings(config: &DataConfig) -> Map<String, Value> {
    let table = |config: &DataConfig| match serde_json::to_value(config) {
        Ok(Value::Object(table)) => table,
        _ => Map::new(),
    };
    let defaults = table(&DataConfig::default());
    let chosen = table(config).into_iter();
    chosen.filter(|(key, value)| defaults.get(key) != Some(value)).collect()
}

/// SHA-256 of `blocks` blocks of a file of `len` bytes: its beginning, its end and others evenly between.
fn sampled(path: &Path, len: u64, blocks: usize) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = Vec::with_capacity(BLOCK as usize);
    let (last, steps) = (len.saturating_sub(BLOCK), blocks as u64 - 1);
    let is_short = len <= BLOCK * blocks as u64;
    // Of a short file the blocks would overlap: it is read whole, block by block.
    let count = if is_short { len.div_ceil(BLOCK) } else { blocks as u64 };
    for block in 0..count {
        let start = match is_short {
            true => block * BLOCK,
            false => (u128::from(last) * u128::from(block) / u128::from(steps)) as u64,
        };
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        file.by_ref().take(BLOCK).read_to_end(&mut buffer)?;
        hasher.update(&buffer);
    }
    Ok(hasher.finalize().into())
}

/// SHA-256 of a file's bytes.
pub fn sha256_of(path: &Path) -> Result<[u8; 32], DataError> {
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
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &DataConfig, files: &[&Path]) -> Fingerprint {
        let files: Vec<PathBuf> = files.iter().map(|path| (*path).to_owned()).collect();
        fingerprint(config, "1", &files).unwrap()
    }

    /// A hole of so many bytes, which takes no room on the disk, with a few bytes in it.
    fn sparse(path: &Path, len: u64, at: u64, byte: u8) {
        use std::io::Write;
        let mut file = File::create(path).unwrap();
        file.set_len(len).unwrap();
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&[byte; 4]).unwrap();
    }

    #[test]
    fn content_and_configuration_count_but_names_and_times_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["a.npy", "b.npy"].map(|name| folder.path().join(name));
        for (len, prefix) in [(1000, "sha256:"), (READ_WHOLE + 1, "sampled:")] {
            let config = |path: &Path, seed| DataConfig {
                path: Some(path.to_owned()),
                seed,
                ..DataConfig::default()
            };
            sparse(&first, len, len - 4, 1);
            sparse(&second, len, len - 4, 1);
            let print = of(&config(&first, 0), &[&first]);
            assert!(print.as_str().starts_with(prefix), "{print}");
            assert_eq!(print.as_str().len(), prefix.len() + 64);
            let moved = of(&config(&second, 0), &[&second]);
            assert_eq!(moved.as_str(), print.as_str());
            assert_eq!(moved.compare(print.as_str()), Agreement::Same);
            let old = File::options().write(true).open(&second).unwrap();
            old.set_modified(UNIX_EPOCH).unwrap();
            assert_eq!(of(&config(&second, 0), &[&second]).as_str(), print.as_str());
            let seeded = of(&config(&first, 1), &[&first]);
            assert_eq!(seeded.compare(print.as_str()), Agreement::Different);
            let twice = of(&config(&first, 0), &[&first, &second]);
            assert_eq!(twice.compare(print.as_str()), Agreement::Different);
            for (len, at, byte) in [(len, len - 4, 2), (len, 0, 1), (len + 1, len - 4, 1)] {
                sparse(&second, len, at, byte);
                let other = of(&config(&second, 0), &[&second]);
                assert_eq!(other.compare(print.as_str()), Agreement::Different, "{len} {at} {byte}");
            }
        }
    }

    /// The middle of a large file counts, too, and that of many files; blocks do not miss an end.
    #[test]
    fn blocks_lie_all_over_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let len = 40 * BLOCK + 7;
        let digest = |at, blocks| {
            sparse(&path, len, at, 9);
            sampled(&path, len, blocks).unwrap()
        };
        for (blocks, read) in [
            (3, [0, 19 * BLOCK + 4000, len - 4]),
            (64, [17, 20 * BLOCK + 1, len - 5]),
        ] {
            let digests = read.map(|at| digest(at, blocks));
            assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
        }
        // Between three blocks nothing is read.
        assert_eq!(digest(5 * BLOCK, 3), digest(30 * BLOCK, 3));
        assert_ne!(digest(5 * BLOCK, 64), digest(30 * BLOCK, 64));
    }

    #[test]
    fn digests_of_earlier_versions_are_compared_as_far_as_they_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        fs::write(&path, b"same").unwrap();
        // As an earlier version wrote it, for a configuration whose fields were those of today.
        let mut hasher = Sha256::new();
        hasher.update(serde_json::to_vec(&DataConfig::default()).unwrap());
        hasher.update(b"1a.npy");
        hasher.update(4u64.to_le_bytes());
        hasher.update(Sha256::digest(b"same"));
        let noted = format!("content:{}", hex(&hasher.finalize()));
        let print = || of(&DataConfig::default(), &[&path]);
        assert_eq!(print().compare(&noted), Agreement::Same);
        fs::write(&path, b"sane").unwrap();
        assert_eq!(print().compare(&noted), Agreement::Different);
        sparse(&path, READ_WHOLE + 1, 0, 1);
        let print = print();
        assert_eq!(print.compare(&print.earlier), Agreement::Same);
        assert!(print.earlier.starts_with(SIZE_AND_TIME));
        assert_eq!(print.compare("size-and-time:0"), Agreement::Unknown);
    }

    #[test]
    fn a_file_is_digested_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        fs::write(&path, b"same").unwrap();
        assert_eq!(
            hex(&sha256_of(&path).unwrap()),
            "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"
        );
    }
}
