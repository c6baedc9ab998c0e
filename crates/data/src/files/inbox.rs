//! A folder into which others put files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::discover::is_readable;
use super::links::LinkPolicy;
use crate::DataError;
use crate::config::Links;
use foreframe_formats::names::listing;

/// The files of a folder, each reported once when it is complete.
///
/// A file is complete when neither its size nor its modification time has changed for some time, or when it has not been
/// modified for as long already when it is first seen, as one that was renamed into the folder. Hidden files, files of kinds
/// that cannot be read, folders, and links out of the folder that are not followed are left alone.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
    policy: LinkPolicy,
    settle: Duration,
    seen: BTreeMap<PathBuf, Seen>,
    /// Links that lead out of the folder, of which the user was warned.
    refused: BTreeSet<PathBuf>,
}

#[derive(Debug)]
struct Seen {
    bytes: u64,
    modified: Option<SystemTime>,
    since: Instant,
    reported: bool,
}

impl Seen {
    fn now(bytes: u64, modified: Option<SystemTime>) -> Self {
        Self {
            bytes,
            modified,
            since: Instant::now(),
            reported: false,
        }
    }
}

impl Inbox {
    /// Watches `folder`; files are complete after `settle` without a change. `links` that lead out of the folder are never an
    /// error, since others put them there: they are followed, or named in a warning and left out.
    ///
    /// # Errors
    /// Names the folder that cannot be read.
    pub fn new(folder: &Path, settle: Duration, links: Links) -> Result<Self, DataError> {
        if !folder.is_dir() {
            return Err(DataError::file(
                folder,
                "is no folder",
                "name the folder into which files are put",
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
            policy: LinkPolicy::of(folder, links)?,
            settle,
            seen: BTreeMap::new(),
            refused: BTreeSet::new(),
        })
    }

    /// The files that have become complete since the last call, in natural order of their names. A file that has changed
    /// since it was reported is reported again.
    ///
    /// # Errors
    /// Names the folder that cannot be read.
    pub fn complete(&mut self) -> Result<Vec<PathBuf>, DataError> {
        let mut complete = Vec::new();
        let files: Vec<PathBuf> = listing(&self.folder)?
            .into_iter()
            .filter(|file| is_readable(file))
            .collect();
        let present: BTreeSet<&PathBuf> = files.iter().collect();
        self.seen.retain(|file, _| present.contains(file));
        for file in files {
            // It may be gone since the folder was listed.
            let Ok(found) = fs::metadata(&file) else { continue };
            if !found.is_file() || !self.is_admitted(&file) {
                continue;
            }
            let (bytes, modified) = (found.len(), found.modified().ok());
            let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
            let seen = self
                .seen
                .entry(file.clone())
                .or_insert_with(|| Seen::now(bytes, modified));
            if (seen.bytes, seen.modified) != (bytes, modified) {
                *seen = Seen::now(bytes, modified);
            }
            let is_old = age.is_some_and(|age| age >= self.settle);
            if !seen.reported && (is_old || seen.since.elapsed() >= self.settle) {
                seen.reported = true;
                complete.push(file);
            }
        }
        Ok(complete)
    }

    /// Whether there are files that are not complete yet.
    pub fn is_waiting(&self) -> bool {
        self.seen.values().any(|seen| !seen.reported)
    }

    /// Whether a file is no link, or one that is followed.
    fn is_admitted(&mut self, file: &Path) -> bool {
        let Some(problem) = file.is_symlink().then(|| self.policy.leads_out(file)).flatten() else {
            return true;
        };
        if self.refused.insert(file.to_owned()) {
            tracing::warn!("left out: `{}` {problem}", file.display());
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    const LONG: Duration = Duration::from_secs(3600);

    fn names(files: Vec<PathBuf>) -> Vec<String> {
        let name = |file: PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
        files.into_iter().map(name).collect()
    }

    fn modified(path: &Path, time: SystemTime) {
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }

    fn modified_long_ago(path: &Path) {
        modified(path, SystemTime::now() - 2 * LONG);
    }

    #[test]
    fn files_are_told_once_when_they_have_come_to_rest() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let mut inbox = Inbox::new(folder.path(), LONG, Links::Refuse).unwrap();
        for name in ["10.npy", "9.npy", ".8.npy.part", "7.npy.tmp", "notes.txt"] {
            fs::write(file(name), "x").unwrap();
        }
        fs::create_dir(file("folder.npy")).unwrap();
        assert_eq!(names(inbox.complete().unwrap()), [""; 0]);
        assert!(inbox.is_waiting());
        // As after `mv`, which keeps the time.
        modified_long_ago(&file("10.npy"));
        modified_long_ago(&file("9.npy"));
        assert_eq!(names(inbox.complete().unwrap()), ["9.npy", "10.npy"]);
        assert!(!inbox.is_waiting());
        assert_eq!(names(inbox.complete().unwrap()), [""; 0]);
        fs::write(file("9.npy"), "repaired").unwrap();
        modified_long_ago(&file("9.npy"));
        assert_eq!(names(inbox.complete().unwrap()), ["9.npy"]);
    }

    #[test]
    fn a_growing_file_waits_and_a_resting_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        fs::write(&path, "x").unwrap();
        // A clock that is ahead, as on some file servers: only what is seen counts.
        let ahead = SystemTime::now() + LONG;
        modified(&path, ahead);
        let mut inbox = Inbox::new(folder.path(), Duration::from_millis(200), Links::Refuse).unwrap();
        assert!(inbox.complete().unwrap().is_empty());
        std::thread::sleep(Duration::from_millis(250));
        fs::write(&path, "longer").unwrap();
        modified(&path, ahead);
        assert!(inbox.complete().unwrap().is_empty(), "it has grown");
        std::thread::sleep(Duration::from_millis(250));
        assert_eq!(names(inbox.complete().unwrap()), ["a.npy"]);
    }

    #[test]
    #[cfg(unix)]
    fn links_out_of_the_folder_are_left_alone() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for path in [other.path().join("secret.npy"), folder.path().join("a.npy")] {
            fs::write(path, "x").unwrap();
        }
        std::os::unix::fs::symlink(other.path().join("secret.npy"), folder.path().join("b.npy")).unwrap();
        std::os::unix::fs::symlink("a.npy", folder.path().join("c.npy")).unwrap();
        for (links, expected) in [
            (Links::Refuse, &["a.npy", "c.npy"][..]),
            (Links::Skip, &["a.npy", "c.npy"]),
            (Links::Follow, &["a.npy", "b.npy", "c.npy"]),
        ] {
            let mut inbox = Inbox::new(folder.path(), Duration::ZERO, links).unwrap();
            assert_eq!(names(inbox.complete().unwrap()), expected, "{links:?}");
        }
        let error = Inbox::new(&folder.path().join("a.npy"), LONG, Links::Refuse)
            .unwrap_err()
            .to_string();
        assert!(error.contains("a.npy` is no folder"), "{error}");
    }
}
