//! A user's own data: recordings in files, cut into clips.

mod convert;
mod discover;
mod frame_file;
mod frames;
mod inbox;
mod inspect;
mod manifest;
mod recording;
mod reduce;
mod split;
mod stamp;
mod statistics;
mod windows;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::no_published_protocol;
use crate::images::{is_hidden, natural_order};
use crate::noise::disturb;
use crate::{DataConfig, DataError, Splits};

pub use convert::convert;
pub use frame_file::FrameFile;
pub use inbox::Inbox;
pub use inspect::{Inspection, inspect};
pub use manifest::{ArrayManifest, ArrayState, Stretch, verify};

use frames::Frames;
pub(crate) use statistics::Channel;
use windows::Windows;

/// Opens what lies at `data.path`.
pub(crate) fn open(config: &DataConfig) -> Result<Splits, DataError> {
    no_published_protocol(config)?;
    let path = source_path(config)?;
    let window = config.window()?;
    let recordings = discover::discover(path, config)?;
    let files: Vec<PathBuf> = recordings.iter().flat_map(recording::Recording::files).collect();
    let frames = Arc::new(Frames::new(recordings, config)?);
    let split = split::split(path, &frames, config, window)?;
    let normalization = statistics::normalization(&frames, &split.train, config.normalize)?;
    let size = frames.size();
    let clip = config.clip(size.channels, size.height, size.width)?;
    let windows = |ranges| {
        Arc::new(Windows::new(
            Arc::clone(&frames),
            ranges,
            config,
            window,
            clip,
            normalization.clone(),
        ))
    };
    let description = split.description;
    let splits = Splits {
        train: windows(split.train),
        validation: windows(split.validation),
        test: windows(split.test),
        clip,
        fingerprint: crate::fingerprint::fingerprint(config, "files", &files)?,
        description,
        normalization,
    };
    disturb(splits, config, false)
}

/// Where the files lie.
fn source_path(config: &DataConfig) -> Result<&Path, DataError> {
    config.path.as_deref().ok_or_else(|| {
        DataError::config(
            "path",
            "is missing",
            "name a .npy, HDF5 or NetCDF file, a GIF, or a folder of such files, of images, or of folders of images (--data-path)",
        )
    })
}

/// What lies in a folder, in natural order, hidden files left out.
pub(crate) fn listing(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = fs::read_dir(folder).map_err(DataError::io("read", folder))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(DataError::io("read", folder))?;
    paths.retain(|path| !is_hidden(path));
    paths.sort_by(|a, b| natural_order(a, b));
    Ok(paths)
}

#[cfg(test)]
mod tests;
