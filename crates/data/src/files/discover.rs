//! The files at a path, sorted into recordings.

use std::path::{Path, PathBuf};

use std::sync::Arc;

use super::links::LinkPolicy;
use super::recording::Recording;
use crate::variables::open_variables;
use crate::{DataConfig, DataError};
use foreframe_formats::fields::Damaged;
use foreframe_formats::fields::is_field;
use foreframe_formats::images::{is_image, is_still};
use foreframe_formats::names::has_extension;
use foreframe_formats::names::stretches;
use foreframe_formats::same_size;
use foreframe_formats::video::is_video;

const WHAT_IS_READ: &str = "name a .npy, .npz, HDF5 or NetCDF file, a GIF, a video, or a folder of such files, of images, or \
    of folders of images";

/// Finds all recordings in natural order of their names. Frames of different sizes are refused unless they are resampled.
pub(super) fn discover(path: &Path, config: &DataConfig) -> Result<Vec<Recording>, DataError> {
    let any_size = config.resize.is_some();
    let recordings = match path.is_dir() {
        true => in_folder(path, config)?,
        false => in_file(path, config)?,
    };
    let Some(first) = recordings.first() else {
        return Err(DataError::file(path, "holds nothing that can be read", WHAT_IS_READ));
    };
    check_keys(first, config)?;
    for recording in &recordings[1..] {
        agree(first, recording, any_size)?;
    }
    Ok(recordings)
}

/// Refuses keys that this kind of file has no use for. Those of a network that is trained already are of its own data.
fn check_keys(first: &Recording, config: &DataConfig) -> Result<(), DataError> {
    let path = first.path();
    let is_archive = has_extension(path, &["npz"]);
    if first.about().is_some() || config.trained.is_some() {
        return Ok(());
    }
    for (key, is_set, counts) in [
        ("variable", config.variable.is_some(), is_archive),
        ("variables", !config.variables.is_empty(), false),
        ("axes", config.axes.is_some(), false),
        ("damaged", config.damaged != Damaged::Refuse, false),
    ] {
        if is_set && !counts {
            return Err(DataError::config(
                key,
                format!("is set, but `{}` has no use for it", path.display()),
                match key {
                    "variable" => "leave it out; it names an array of HDF5, NetCDF and .npz files",
                    "axes" => {
                        "leave it out and save the array as [T, H, W], [T, C, H, W] or [N, T, C, H, W]; it is for HDF5 and NetCDF"
                    }
                    _ => "leave it out; it is for HDF5 and NetCDF files",
                },
            ));
        }
    }
    Ok(())
}

fn is_array(path: &Path) -> bool {
    has_extension(path, &["npy", "npz"])
}

/// Whether it is looked at when it lies in a data folder.
fn may_be_read(path: &Path) -> bool {
    is_readable(path) || is_video(path) || path.is_dir()
}

/// Whether the name is that of a file that can be read.
pub(super) fn is_readable(path: &Path) -> bool {
    is_array(path) || is_image(path) || is_field(path)
}

/// The recordings in one file, which may be a single image.
pub(super) fn in_one_file(path: &Path, config: &DataConfig) -> Result<Vec<Recording>, DataError> {
    match (is_still(path), path.parent()) {
        (true, Some(folder)) => {
            let any_size = config.resize.is_some();
            Recording::of_stills(folder, vec![path.to_owned()], any_size).map(|recording| vec![recording])
        }
        _ => in_file(path, config),
    }
}

fn in_file(path: &Path, config: &DataConfig) -> Result<Vec<Recording>, DataError> {
    if is_still(path) {
        return Err(DataError::file(
            path,
            "is a single image",
            "name the folder that holds all frames",
        ));
    }
    if is_image(path) {
        return Recording::of_animation(path).map(|recording| vec![recording]);
    }
    if is_field(path) && path.exists() {
        return in_fields(vec![path.to_owned()], config);
    }
    if is_video(path) && path.exists() {
        return Recording::of_video(path).map(|recording| vec![recording]);
    }
    if is_array(path) || !path.exists() {
        return Recording::in_array(path, config.variable.as_deref());
    }
    Err(DataError::file(path, "is of a kind that cannot be read", WHAT_IS_READ))
}

/// The stretches of a folder's images between which, by their names, none is missing.
fn in_stills(folder: &Path, files: Vec<PathBuf>, any_size: bool) -> Result<Vec<Recording>, DataError> {
    let stretches = stretches(folder, files).into_iter();
    stretches
        .map(|files| Recording::of_stills(folder, files, any_size))
        .collect()
}

/// The stretches without a gap of HDF5 and NetCDF files.
fn in_fields(files: Vec<PathBuf>, config: &DataConfig) -> Result<Vec<Recording>, DataError> {
    let series = Arc::new(open_variables(files, config)?);
    let stretches = series.stretches().into_iter();
    Ok(stretches
        .map(|stretch| Recording::of_series(&series, stretch))
        .collect())
}

fn in_folder(folder: &Path, config: &DataConfig) -> Result<Vec<Recording>, DataError> {
    let any_size = config.resize.is_some();
    let policy = LinkPolicy::of(folder, config.links)?;
    let entries = policy.listing(folder, may_be_read)?;
    let pick = |wanted: fn(&Path) -> bool| {
        entries
            .iter()
            .filter(|path| wanted(path))
            .cloned()
            .collect::<Vec<PathBuf>>()
    };
    let arrays = pick(is_array);
    let stills = pick(is_still);
    let animations = pick(|path| is_image(path) && !is_still(path));
    let fields = pick(is_field);
    let videos = pick(is_video);
    let folders = pick(|path| path.is_dir() && !is_array(path) && !is_image(path));
    let firsts = [&arrays, &stills, &animations, &fields, &videos].map(|files| files.first());
    let kinds = firsts.iter().flatten().count();
    if kinds > 1 {
        let examples: Vec<String> = firsts
            .iter()
            .flatten()
            .map(|path| format!("`{}`", path.display()))
            .collect();
        return Err(DataError::file(
            folder,
            format!("mixes different kinds of files ({})", examples.join(", ")),
            "keep each kind in a folder of its own",
        ));
    }
    if !stills.is_empty() {
        return in_stills(folder, stills, any_size);
    }
    if !fields.is_empty() {
        return in_fields(fields, config);
    }
    let mut recordings = Vec::new();
    for path in &arrays {
        recordings.extend(Recording::in_array(path, config.variable.as_deref())?);
    }
    for path in &videos {
        recordings.push(Recording::of_video(path)?);
    }
    for path in &animations {
        recordings.push(Recording::of_animation(path)?);
    }
    if kinds == 0 {
        for path in &folders {
            let stills = policy.listing(path, is_still)?;
            if !stills.is_empty() {
                recordings.extend(in_stills(path, stills, any_size)?);
            }
        }
    }
    Ok(recordings)
}

/// Checks that two recordings can be parts of one data set.
fn agree(first: &Recording, other: &Recording, any_size: bool) -> Result<(), DataError> {
    let (expected, found) = (first.size(), other.size());
    if first.value_type() != other.value_type() {
        let name = |recording: &Recording| {
            recording
                .value_type()
                .map_or("image".to_owned(), |kind| kind.to_string())
        };
        return Err(DataError::file(
            other.path(),
            format!(
                "holds values of type {} but `{}` of {}",
                name(other),
                first.path().display(),
                name(first)
            ),
            "convert all files to one type",
        ));
    }
    if first.unit() != other.unit() {
        let unit = |recording: &Recording| recording.unit().unwrap_or("no unit").to_owned();
        return Err(DataError::file(
            other.path(),
            format!(
                "is in {} but `{}` in {}",
                unit(other),
                first.path().display(),
                unit(first)
            ),
            "convert all files to one unit with `data convert --set data.unit=UNIT`",
        ));
    }
    if first.value_type().is_some() && expected.channels != found.channels {
        return Err(DataError::file(
            other.path(),
            format!(
                "has {} channels but `{}` has {}",
                found.channels,
                first.path().display(),
                expected.channels
            ),
            "keep data with different channels in folders of their own",
        ));
    }
    if !any_size || expected.channels != found.channels {
        same_size(first.path(), expected, other.path(), found)?;
    }
    Ok(())
}
