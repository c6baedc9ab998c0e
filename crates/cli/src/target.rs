//! What a user names when they mean something trained: a weights file, a run, or a folder of runs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use foreframe_train::Network;
use foreframe_train::weights::{WeightsHeader, open_weights};
use foreframe_zoo::MODELS;

/// Stands for the newest run in a folder of runs.
const LATEST: &str = "LATEST";
/// What every checkpoint folder of a run has.
const WEIGHTS: &str = "network.bpk";
/// What every run folder has.
const RUN_FILE: &str = "config.toml";

/// The run folder that `path` means: itself, or the newest run in it.
///
/// # Errors
/// There is no run.
pub(crate) fn run_folder(path: &Path) -> Result<PathBuf> {
    let folder = match path.file_name() {
        Some(name) if name == LATEST => path.parent().unwrap_or(Path::new(".")),
        _ => path,
    };
    if folder.join(RUN_FILE).is_file() {
        return Ok(folder.to_owned());
    }
    let entries = std::fs::read_dir(folder).with_context(|| {
        format!(
            "there is no run at `{}`: name the folder that training made",
            path.display()
        )
    })?;
    let runs = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        // The link of that name may be older than the newest run.
        .filter(|entry| entry.file_name().is_some_and(|name| name != LATEST) && entry.join(RUN_FILE).is_file());
    match runs.max() {
        // Runs are named by their time, so that the last name is the newest.
        Some(newest) => Ok(newest),
        None => bail!(
            "`{}` is no run and holds none: name the folder that training made",
            path.display()
        ),
    }
}

/// Points the link `LATEST` beside `run` to it, for other programs. The one that was there is replaced at once.
///
/// # Errors
/// There are no links here, or something else is in the way.
pub(crate) fn point_latest(run: &Path) -> Result<()> {
    let (Some(name), Some(folder)) = (run.file_name(), run.parent()) else {
        bail!("`{}` has no name", run.display());
    };
    let (link, part) = (
        folder.join(LATEST),
        folder.join(format!(".{LATEST}.{}.part", std::process::id())),
    );
    let made = symbolic_link(Path::new(name), &part).and_then(|()| std::fs::rename(&part, &link));
    made.map_err(|error| {
        // It may never have been made; the error that matters is the first.
        let _ = std::fs::remove_file(&part);
        anyhow::Error::from(error).context(format!("cannot make the link `{}`", link.display()))
    })
}

#[cfg(unix)]
fn symbolic_link(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symbolic_link(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}

/// `path`, with a `LATEST` on the way replaced by the newest run of that folder.
///
/// # Errors
/// There is no run.
pub(crate) fn in_newest_run(path: &Path) -> Result<PathBuf> {
    let newest = path
        .ancestors()
        .find(|ancestor| ancestor.file_name().is_some_and(|name| name == LATEST));
    match newest {
        Some(latest) => Ok(run_folder(latest)?.join(path.strip_prefix(latest)?)),
        None => Ok(path.to_owned()),
    }
}

/// What `path` means, as [`open_weights`] takes it: a file or the folder of a checkpoint as it is, else a run.
pub(crate) fn locate(path: &Path) -> Result<PathBuf> {
    match path.is_file() || path.join(WEIGHTS).is_file() {
        true => Ok(path.to_owned()),
        false if path.extension().is_some() && !path.exists() => {
            bail!(
                "cannot read `{}`: there is no such file: name a .bpk file or a run",
                path.display()
            )
        }
        false => run_folder(path),
    }
}

/// The network of a weights file, or of the best checkpoint of a run.
///
/// # Errors
/// Names the file, and the tensor or key at fault.
pub(crate) fn open(path: &Path, device: &Device) -> Result<(Box<dyn Network>, WeightsHeader)> {
    Ok(open_weights(&locate(path)?, MODELS, device)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_link_is_replaced_and_never_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let runs = ["2026-01-02", "2026-01-10"].map(|name| dir.path().join(name));
        for run in &runs {
            fs::create_dir(run).unwrap();
            fs::write(run.join(RUN_FILE), "").unwrap();
            point_latest(run).unwrap();
            let link = dir.path().join(LATEST);
            assert_eq!(Some(fs::read_link(&link).unwrap().as_os_str()), run.file_name());
            assert_eq!(run_folder(&link).unwrap(), *run);
        }
        // Stale: to an older run, or to none.
        point_latest(&runs[0]).unwrap();
        for path in [dir.path().to_owned(), dir.path().join(LATEST)] {
            assert_eq!(run_folder(&path).unwrap(), runs[1]);
        }
        point_latest(&dir.path().join("gone")).unwrap();
        assert_eq!(locate(&dir.path().join(LATEST)).unwrap(), runs[1]);
        fs::remove_file(dir.path().join(LATEST)).unwrap();
        fs::create_dir(dir.path().join(LATEST)).unwrap();
        let message = format!("{:#}", point_latest(&runs[0]).unwrap_err());
        assert!(
            message.contains("cannot make the link") && message.contains(LATEST),
            "{message}"
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_of_runs_means_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        for run in ["2026-01-02T00-00-00Z", "2026-01-10T00-00-00Z"] {
            fs::create_dir(dir.path().join(run)).unwrap();
            fs::write(dir.path().join(run).join(RUN_FILE), "").unwrap();
        }
        let newest = dir.path().join("2026-01-10T00-00-00Z");
        for path in [dir.path().to_owned(), dir.path().join(LATEST), newest.clone()] {
            assert_eq!(run_folder(&path).unwrap(), newest);
        }
        let file = dir.path().join(LATEST).join("samples").join("past.npy");
        assert_eq!(in_newest_run(&file).unwrap(), newest.join("samples/past.npy"));
        assert_eq!(in_newest_run(&newest).unwrap(), newest);
        let message = run_folder(&dir.path().join("none")).unwrap_err().to_string();
        assert!(
            message.contains("none") && message.contains("name the folder"),
            "{message}"
        );
    }
}
