//! Links that lead out of the data folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::listing;
use crate::{DataConfig, DataError};

/// What becomes of a link in a data folder that leads out of it, or nowhere.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Links {
    /// It is an error.
    #[default]
    Refuse,
    /// It is named in a warning and left out, as if it were not there.
    Skip,
    /// It is read as if the files lay in the folder. One that leads nowhere is an error.
    Follow,
}

/// A data folder, out of which no link leads unseen.
pub(super) struct Root {
    path: PathBuf,
    links: Links,
}

impl Root {
    /// The folder that the user has named, which may be a link itself.
    pub(super) fn of(folder: &Path, config: &DataConfig) -> Result<Self, DataError> {
        Ok(Self {
            path: fs::canonicalize(folder).map_err(DataError::io("read", folder))?,
            links: config.links,
        })
    }

    /// What may be read of what lies in `folder`, which is the root or lies in it, in natural order.
    ///
    /// # Errors
    /// Names a link that leads out of the root, or nowhere, unless the configuration says otherwise.
    pub(super) fn listing(&self, folder: &Path, is_read: fn(&Path) -> bool) -> Result<Vec<PathBuf>, DataError> {
        let mut kept = Vec::new();
        for path in listing(folder)?.into_iter().filter(|path| is_read(path)) {
            match self.check(&path) {
                Ok(()) => kept.push(path),
                Err(error) if self.links == Links::Skip => tracing::warn!("left out: {error}"),
                Err(error) => return Err(error),
            }
        }
        Ok(kept)
    }

    fn check(&self, path: &Path) -> Result<(), DataError> {
        if !path.is_symlink() {
            return Ok(());
        }
        match fs::canonicalize(path) {
            Err(cause) => Err(DataError::file(
                path,
                format!("is a link that leads nowhere ({cause})"),
                "remove it, or set data.links = \"skip\" to leave it out",
            )),
            Ok(target) if self.links == Links::Follow || target.starts_with(&self.path) => Ok(()),
            Ok(target) => Err(DataError::file(
                path,
                format!("is a link that leads out of the data folder, to `{}`", target.display()),
                "set data.links = \"follow\" to read it nonetheless, or \"skip\" to leave it out",
            )),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::npy::write_array;

    #[test]
    fn links_out_of_the_folder_are_refused_skipped_or_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [outside, data] = ["outside", "data"].map(|name| folder.path().join(name));
        for path in [&outside, &data, &data.join("within")] {
            fs::create_dir(path).unwrap();
        }
        for path in [&outside.join("b.npy"), &data.join("a.npy"), &data.join("within/c.npy")] {
            write_array(path, &[3, 2, 2], &[0.0; 12]).unwrap();
        }
        symlink("within/c.npy", data.join("c.npy")).unwrap();
        let names = |links| -> Result<Vec<String>, String> {
            let config = DataConfig {
                links,
                ..DataConfig::default()
            };
            // The folder itself may be reached by a link.
            let root = Root::of(&data, &config).map_err(|error| error.to_string())?;
            let is_read = |path: &Path| path.is_dir() || path.extension().is_some_and(|ending| ending == "npy");
            let paths = root.listing(&data, is_read).map_err(|error| error.to_string())?;
            Ok(paths
                .iter()
                .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
                .collect())
        };
        assert_eq!(names(Links::Refuse).unwrap(), ["a.npy", "c.npy", "within"]);
        symlink(outside.join("b.npy"), data.join("b.npy")).unwrap();
        let refusal = names(Links::Refuse).unwrap_err();
        assert!(
            refusal.contains("data/b.npy` is a link that leads out") && refusal.contains("data.links = \"follow\""),
            "{refusal}"
        );
        assert_eq!(names(Links::Skip).unwrap(), ["a.npy", "c.npy", "within"]);
        assert_eq!(names(Links::Follow).unwrap(), ["a.npy", "b.npy", "c.npy", "within"]);
        symlink("gone.txt", data.join("read.me")).unwrap();
        assert_eq!(names(Links::Follow).unwrap().len(), 4);
        symlink("gone.npy", data.join("d.npy")).unwrap();
        assert!(
            names(Links::Follow)
                .unwrap_err()
                .contains("d.npy` is a link that leads nowhere")
        );
        assert_eq!(names(Links::Skip).unwrap(), ["a.npy", "c.npy", "within"]);
    }
}
