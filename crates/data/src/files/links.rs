//! Links that lead out of a folder of data.

use std::path::{Path, PathBuf};

use crate::DataError;
use crate::config::Links;
use foreframe_formats::names::listing;

/// The folder that links may not leave, and what becomes of those that do.
#[derive(Clone, Debug)]
pub struct LinkPolicy {
    /// Without a link in it.
    folder: PathBuf,
    links: Links,
}

impl LinkPolicy {
    /// Links may not leave the folder of data. That it may be reached by a link does not count.
    pub fn of(folder: &Path, links: Links) -> Result<Self, DataError> {
        Ok(Self {
            folder: folder.canonicalize().map_err(DataError::io("read", folder))?,
            links,
        })
    }

    /// The entries of `folder` that are read, in natural order, without hidden files and skipped links.
    pub fn listing(&self, folder: &Path, is_read: fn(&Path) -> bool) -> Result<Vec<PathBuf>, DataError> {
        let mut entries = Vec::new();
        for path in listing(folder)?.into_iter().filter(|path| is_read(path)) {
            if !path.is_symlink() || self.admits(&path)? {
                entries.push(path);
            }
        }
        Ok(entries)
    }

    /// Whether a path is read, which may be a link or go through one.
    ///
    /// # Errors
    /// Names the link that is refused.
    pub fn admits(&self, path: &Path) -> Result<bool, DataError> {
        let Some(problem) = self.leads_out(path) else {
            return Ok(true);
        };
        if self.links == Links::Skip {
            tracing::warn!("left out: `{}` {problem}", path.display());
            return Ok(false);
        }
        Err(DataError::file(
            path,
            problem,
            "set data.links = \"follow\" to read it, or \"skip\" to leave it out",
        ))
    }

    /// In words, where a path leads to, if that is outside the folder and links are not followed.
    pub(crate) fn leads_out(&self, path: &Path) -> Option<String> {
        if self.links == Links::Follow {
            return None;
        }
        match path.canonicalize() {
            Ok(target) if target.starts_with(&self.folder) => None,
            Ok(target) => Some(format!("leads by a link out of the data, to `{}`", target.display())),
            Err(cause) => Some(format!("is a link that leads nowhere ({cause})")),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use foreframe_formats::names::has_extension;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_stay_in_the_folder_unless_told_otherwise() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (inside, outside) = (
            inside.path().canonicalize().unwrap(),
            outside.path().canonicalize().unwrap(),
        );
        let names = |folder: &Path, links| {
            let listing = LinkPolicy::of(folder, links)?.listing(folder, |path| has_extension(path, &["npy"]))?;
            let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
            Ok::<Vec<String>, DataError>(listing.into_iter().map(name).collect())
        };
        let refused = |path: &Path| names(path, Links::Refuse).unwrap_err().to_string();
        fs::write(inside.join("1.npy"), "").unwrap();
        symlink(inside.join("1.npy"), inside.join("2.npy")).unwrap();
        // Also where the folder itself is reached by a link, or is empty but for links within.
        let door = outside.join("door");
        symlink(&inside, &door).unwrap();
        assert_eq!(names(&door, Links::Refuse).unwrap(), ["1.npy", "2.npy"]);
        fs::write(outside.join("3.npy"), "").unwrap();
        symlink(outside.join("3.npy"), inside.join("3.npy")).unwrap();
        let message = refused(&door);
        assert!(
            message.contains("3.npy` leads by a link out of the data") && message.contains("data.links = \"follow\""),
            "{message}"
        );
        assert_eq!(names(&inside, Links::Skip).unwrap(), ["1.npy", "2.npy"]);
        assert_eq!(names(&inside, Links::Follow).unwrap(), ["1.npy", "2.npy", "3.npy"]);
        symlink("gone.txt", inside.join("read.me")).unwrap();
        assert_eq!(names(&inside, Links::Follow).unwrap().len(), 3);
        fs::remove_file(outside.join("3.npy")).unwrap();
        assert!(refused(&inside).contains("leads nowhere"));
        assert_eq!(names(&inside, Links::Skip).unwrap(), ["1.npy", "2.npy"]);
    }
}
