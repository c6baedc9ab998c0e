//! A reader of foreign files, as a function of bytes.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

/// The changes to written files, and the changed files.
type Change = (fn(&Path), Vec<PathBuf>);

thread_local! {
    static CHANGE: RefCell<Option<Change>> = const { RefCell::new(None) };
}

/// One reader.
pub struct Parser {
    /// Its name, which is that of the fuzz target.
    pub name: &'static str,
    /// Whole files, which can be read.
    pub samples: fn() -> Vec<Vec<u8>>,
    /// Reads all that can be read of a file of these bytes, in a folder that only this reader uses.
    pub read: fn(&[u8], &Path) -> Result<(), String>,
    /// How many damaged files the test tries; a fuzzer goes on for ever.
    pub rounds: usize,
}

impl Parser {
    /// A reader `read` of whole files `samples`, of which the test damages `rounds`.
    pub const fn new(
        name: &'static str,
        samples: fn() -> Vec<Vec<u8>>,
        read: fn(&[u8], &Path) -> Result<(), String>,
        rounds: usize,
    ) -> Self {
        Self {
            name,
            samples,
            read,
            rounds,
        }
    }
}

/// A file of these bytes in `folder`.
pub(crate) fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    // Some file systems wait for the disk when a file is cut short and written again, but not for a new one.
    let _ = fs::remove_file(&path);
    fs::write(&path, bytes).unwrap();
    CHANGE.with_borrow_mut(|changed| {
        if let Some((change, files)) = changed {
            change(&path);
            files.push(path.clone());
        }
    });
    path
}

/// Result of `read` when every file that it [writes](written) is changed by `change`, and those files.
pub(crate) fn changing<T>(change: fn(&Path), read: impl FnOnce() -> T) -> (T, Vec<PathBuf>) {
    CHANGE.set(Some((change, Vec::new())));
    let outcome = read();
    let changed = CHANGE.take().map(|(_, files)| files);
    (outcome, changed.unwrap_or_default())
}
