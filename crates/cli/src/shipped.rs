//! Weights that come with the program, as files: whatever opens weights opens these too.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use foreframe_zoo::{Shipped, find_shipped};

/// Between a network and its data, in the names of shipped weights.
const SIGN: char = '@';

/// The file of the shipped weights that `path` names; `None` for everything else.
///
/// # Errors
/// There are no such weights, or no folder to put their file into.
pub(crate) fn file_of(path: &Path) -> Result<Option<PathBuf>> {
    let name = path.to_str().filter(|name| name.contains(SIGN) && !path.exists());
    let is_name = |name: &&str| !name.contains(std::path::is_separator) && !name.ends_with(".bpk");
    let Some(name) = name.filter(is_name) else {
        return Ok(None);
    };
    let weights = find_shipped(name)?;
    let folders = folders();
    let written = folders.iter().map(|folder| unpacked(&weights, folder));
    // A machine may have a home that cannot be written.
    let mut errors = Vec::new();
    for outcome in written {
        match outcome {
            Ok(path) => return Ok(Some(path)),
            Err(error) => errors.push(error),
        }
    }
    let error = errors.swap_remove(0);
    Err(error).with_context(|| format!("cannot unpack `{name}`: set XDG_CACHE_HOME to a folder that can be written"))
}

/// Where files that can be made again belong, the usual place first.
fn folders() -> Vec<PathBuf> {
    let named = |variable: &str| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = named("HOME").or_else(|| named("USERPROFILE"));
    let usual = named("XDG_CACHE_HOME").or_else(|| Some(home?.join(".cache")));
    let folder = |cache: PathBuf| cache.join("foreframe").join("weights");
    usual.into_iter().chain([std::env::temp_dir()]).map(folder).collect()
}

/// The file in `folder`, written unless it is there, whole.
fn unpacked(weights: &Shipped, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(format!("{}-{}.bpk", weights.about.name, &weights.about.sha256[..12]));
    if std::fs::read(&path).is_ok_and(|found| found == weights.bytes) {
        return Ok(path);
    }
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut part = tempfile::NamedTempFile::new_in(folder)?;
        part.write_all(weights.bytes)?;
        part.persist(&path).map_err(|error| error.error)?;
        std::io::Result::Ok(())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_copy_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let weights = find_shipped("ustep@moving-digits").unwrap();
        let path = unpacked(&weights, folder.path()).unwrap();
        std::fs::write(&path, "cut").unwrap();
        assert_eq!(unpacked(&weights, folder.path()).unwrap(), path);
        assert_eq!(std::fs::read(&path).unwrap(), weights.bytes);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn paths_are_left_alone_and_wrong_names_answered() {
        for path in ["runs/a@b/weights.bpk", "a@b.bpk", "runs", "me@home/runs"] {
            assert_eq!(file_of(Path::new(path)).unwrap(), None, "{path}");
        }
        let error = file_of(Path::new("ustep@moving-digit")).unwrap_err().to_string();
        assert!(error.contains("did you mean `ustep@moving-digits`?"), "{error}");
    }
}
