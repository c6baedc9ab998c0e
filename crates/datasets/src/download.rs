//! Public datasets, fetched by manifest.
//!
//! A [`Manifest`] says which files a dataset has, where they come from, how large they are and what their SHA-256 is.
//! [`get`] fetches what is missing: a download that was interrupted goes on where it stopped, and a file stands under its
//! name only when it is complete and checked.

mod fetch;
mod manifest;

use std::fs;
use std::path::{Path, PathBuf};

pub use manifest::{File, Manifest, find, manifests};

use foreframe_data::DataError;
use foreframe_data::fingerprint::{hex, sha256_of};

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name in the manifest.
    pub file: &'a str,
    /// Bytes on the disk.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Fetches the files of a dataset into `folder`, those that are not there yet or are damaged; optional ones only
/// `with_optional`. Yields the paths of all files asked for.
///
/// # Errors
/// Names the file, what every source answered, and the remedy. What was received so far is kept in `<name>.part`.
pub fn get(
    manifest: &Manifest,
    folder: &Path,
    with_optional: bool,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Vec<PathBuf>, DataError> {
    let wanted = manifest.files.iter().filter(|file| with_optional || !file.optional);
    let mut paths = Vec::new();
    for file in wanted {
        let path = folder.join(&file.name);
        if !is_complete(file, &path)? {
            fs::create_dir_all(folder).map_err(DataError::io("create", folder))?;
            fetch::fetch(file, folder, &mut progress)?;
        }
        progress(Progress {
            file: &file.name,
            done: file.size,
            total: file.size,
        });
        paths.push(path);
    }
    Ok(paths)
}

/// How a file on the disk compares with its manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Size and checksum are right.
    Intact,
    /// Size or checksum are another.
    Damaged,
    /// There is no such file.
    Missing,
}

/// Compares a file in `folder` with its manifest.
///
/// # Errors
/// Names the file that cannot be read.
pub fn state(file: &File, folder: &Path) -> Result<FileState, DataError> {
    let path = folder.join(&file.name);
    Ok(match is_complete(file, &path)? {
        true => FileState::Intact,
        false if path.exists() => FileState::Damaged,
        false => FileState::Missing,
    })
}

/// Whether `path` holds the file of the manifest.
fn is_complete(file: &File, path: &Path) -> Result<bool, DataError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(DataError::file(path, "is a folder", "remove it")),
        Ok(metadata) if metadata.len() == file.size => is_genuine(file, path),
        _ => Ok(false),
    }
}

fn is_genuine(file: &File, path: &Path) -> Result<bool, DataError> {
    match &file.sha256 {
        Some(expected) => Ok(hex(&sha256_of(path)?).eq_ignore_ascii_case(expected)),
        None => Ok(true),
    }
}
