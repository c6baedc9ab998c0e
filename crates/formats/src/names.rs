//! The names of files: order, numbers and times in them.

mod numbering;
mod order;
mod stamp;

use std::fs;
use std::path::{Path, PathBuf};

use crate::FormatError;

pub use numbering::{Numbering, describe_gap, numbering, stretches};
pub use order::{is_hidden, natural_order};
pub use stamp::named_time;

/// Whether the name ends in one of `known`, in lower or upper case.
pub fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| known.contains(&extension.as_str()))
}

/// The entries of a folder, in natural order, hidden files left out.
///
/// # Errors
/// Names the folder that cannot be read.
pub fn listing(folder: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let entries = fs::read_dir(folder).map_err(FormatError::io("read", folder))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(FormatError::io("read", folder))?;
    paths.retain(|path| !is_hidden(path));
    paths.sort_by(|a, b| natural_order(a, b));
    Ok(paths)
}
