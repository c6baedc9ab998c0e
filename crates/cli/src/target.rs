//! Trained networks named on the command line: a weights file, a run, or a folder of runs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use foreframe_core::ClipShape;
use foreframe_data::{DataConfig, InputSpec};
use foreframe_formats::fields::same_unit;
use foreframe_train::run::weights_of;
use foreframe_train::weights::{WeightsHeader, load_weights_for, read_header};
use foreframe_train::{Network, RunConfig};
use foreframe_zoo::{MODELS, find_model};
use tracing::warn;

use crate::{settings, shipped};

/// Stands for the newest run in a folder of runs.
const LATEST: &str = "LATEST";
/// A file that every checkpoint folder of a run has.
const WEIGHTS: &str = "network.bpk";
/// A file that every run folder has.
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

/// Resolves `path`, as [`open_for`] takes it: a file or the folder of a checkpoint as it is, shipped weights by their name,
/// else a run.
pub(crate) fn locate(path: &Path) -> Result<PathBuf> {
    if let Some(file) = shipped::file_of(path)? {
        return Ok(file);
    }
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
    open_for(path, device, |clip| clip)
}

/// As [`open`], built for clips of another size or length than it was trained on, where its weights allow it.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_for(
    path: &Path,
    device: &Device,
    clip: impl FnOnce(ClipShape) -> ClipShape,
) -> Result<(Box<dyn Network>, WeightsHeader)> {
    Ok(load_weights_for(&weights_of(&locate(path)?)?, MODELS, device, clip)?)
}

/// Warns where a network is used for other clips than it was trained on.
pub(crate) fn tell_other_clip(trained: ClipShape, used: ClipShape) {
    if (used.past, used.height, used.width) != (trained.past, trained.height, trained.width) {
        warn!(
            "the network was trained on {} frames of {}x{} and looks at {} of {}x{} here",
            trained.past, trained.height, trained.width, used.past, used.height, used.width
        );
    }
}

/// Metadata of the weights.
///
/// # Errors
/// Names the file.
pub(crate) fn header(path: &Path) -> Result<WeightsHeader> {
    Ok(read_header(&weights_of(&locate(path)?)?)?)
}

/// How files are read for a network: as those that it was trained on, by its weights or else by its run, with what `set`
/// changes about that.
///
/// # Errors
/// Names the key that does not say how files are read, or that would change what the values mean.
pub(crate) fn input(path: &Path, header: &WeightsHeader, set: &[String], other_grid: bool) -> Result<InputSpec> {
    for assignment in set {
        ensure!(
            assignment.starts_with("data."),
            "--set {assignment}: only keys of `data` say how files are read"
        );
    }
    let run = locate(path)?.join(RUN_FILE);
    let mut input = match run.is_file() && header.input.is_none() && header.channels.is_none() {
        true => InputSpec::of(&RunConfig::read(&run)?.data),
        false => header.input(),
    };
    let data = settings::of_input(&header.model, &input, set)?;
    check_unit(&data, &input)?;
    match &header.channels {
        Some(channels) => channels.check(&data)?,
        None => check_plain(&data)?,
    }
    input.data = data;
    if other_grid {
        input.grid = None;
    }
    Ok(input)
}

/// Refuses a unit that is not the one of training.
///
/// # Errors
/// Names both.
pub(crate) fn check_unit(data: &DataConfig, input: &InputSpec) -> Result<()> {
    if let (Some(wanted), Some(trained)) = (&data.unit, input.unit()) {
        ensure!(
            same_unit(wanted, trained),
            "data.unit = \"{wanted}\": the network was trained on {trained}: leave it out, files are converted to that"
        );
    }
    Ok(())
}

/// A network that reads frames as they are forecasts all of each and reads nothing else.
fn check_plain(data: &DataConfig) -> Result<()> {
    let keys = [
        ("targets", data.targets.is_empty()),
        ("static", data.static_fields.is_empty()),
        ("time_encodings", data.time_encodings.is_empty()),
    ];
    for (key, is_unset) in keys {
        ensure!(
            is_unset,
            "--set data.{key}: the network was trained on frames alone and forecasts all of each: leave it out"
        );
    }
    Ok(())
}

/// The name of the model without weights that is meant, unless it is a file or a run.
///
/// # Errors
/// The model has weights.
pub(crate) fn untrained(path: &Path) -> Result<Option<&str>> {
    let name = path.to_str().filter(|_| !path.exists());
    let Some((name, model)) = name.and_then(|name| Some((name, find_model(name).ok()?))) else {
        return Ok(None);
    };
    let preset = (model.presets)().into_iter().next();
    let built = preset.map(|preset| (model.build)(&preset.config, &preset.clip, &Device::flex()));
    let weights = built.transpose()?.is_none_or(|network| network.parameters() > 0);
    ensure!(
        !weights,
        "`{name}` has to be trained first: name its weights (.bpk) or a run of it"
    );
    Ok(Some(name))
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
