//! A user's own data: recordings in files, cut into clips.

mod clip_file;
mod convert;
mod discover;
mod frame_file;
mod frames;
mod inbox;
mod inspect;
mod links;
mod manifest;
mod observe;
mod reader;
mod recording;
mod reduce;
mod split;
mod statistics;
mod windows;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::channels::{Channels, read_fixed};
use crate::config::no_published_protocol;
use crate::noise::disturb;
use crate::{ClipSource, DataConfig, DataError, Normalization, Splits};
use foreframe_formats::fields::is_field;
use foreframe_formats::names::listing;

pub use clip_file::ClipFile;
pub use convert::convert;
pub use frame_file::FrameFile;
pub use inbox::Inbox;
pub use inspect::{Inspection, inspect};
pub use links::LinkPolicy;
pub use manifest::{ArrayManifest, ArrayState, Stretch, verify, write_prepared};
pub use observe::{Observed, Past, observe};

use frames::Frames;
pub use reduce::Reduction;
pub use statistics::Channel;
use windows::Windows;

/// Opens what lies at `data.path`.
///
/// # Errors
/// Names the file or key.
pub fn open(config: &DataConfig) -> Result<Splits, DataError> {
    no_published_protocol(config)?;
    let path = source_path(config)?;
    config.window()?;
    let recordings = discover::discover(path, config)?;
    let files: Vec<PathBuf> = recordings.iter().flat_map(recording::Recording::files).collect();
    let frames = Arc::new(Frames::new(recordings, config)?);
    // The training frames of a trained network may be further apart than the frames of these files.
    let config = &DataConfig {
        step: frames.step(config)?,
        ..config.clone()
    };
    let window = config.window()?;
    let split = split::split(path, &frames, config, window)?;
    // Where nothing trains, what is evaluated is all there is.
    let measured = if split.train.is_empty() {
        &split.test
    } else {
        &split.train
    };
    let size = frames.size();
    let (normalization, extremes) = match &config.trained {
        Some(trained) => (trained.normalization.first(size.channels), None),
        None => statistics::measured(&frames, measured, config.normalize)?,
    };
    let clip = config.clip(size.channels, size.height, size.width)?;
    let windows = [split.train, split.validation, split.test].map(|ranges| {
        Arc::new(Windows::new(
            Arc::clone(&frames),
            ranges,
            config,
            window,
            clip,
            normalization.clone(),
        )) as Arc<dyn ClipSource>
    });
    let (channels, normalization, fixed_files) = describe(path, &frames, config, normalization)?;
    let [train, validation, test] = windows;
    let splits = Splits {
        train,
        validation,
        test,
        clip,
        fingerprint: crate::fingerprint::fingerprint(config, "files", &[files, fixed_files].concat())?,
        description: split.description,
        input: Some(frames.input(config, extremes)),
        normalization,
    };
    let splits = disturb(splits, config, false)?;
    Ok(match channels {
        Some(channels) => channels.complete_clips(splits),
        None => splits,
    })
}

/// Description of the channels where the configuration asks for it, how all of them are normalized, and the files of
/// static fields.
fn describe(
    path: &Path,
    frames: &Frames,
    config: &DataConfig,
    normalization: Normalization,
) -> Result<(Option<Channels>, Normalization, Vec<PathBuf>), DataError> {
    if !Channels::are_asked_for(config) {
        return Ok((None, normalization, Vec::new()));
    }
    let observed = frames.size().channels;
    let trained = config.trained.as_ref().map(|trained| &trained.normalization);
    let trained = trained
        .filter(|trained| trained.mean.len() > observed)
        .map(|trained| Normalization {
            mean: trained.mean[observed..].to_vec(),
            std: trained.std[observed..].to_vec(),
        });
    let (fixed, files) = read_fixed(config, trained.as_ref(), frames.grid(), |file, size, values| {
        frames.fit(file, size, values)
    })?;
    if !config.time_encodings.is_empty() {
        for (number, recording) in frames.recordings().iter().enumerate() {
            if (0..recording.frames()).any(|frame| frames.time(number, frame).is_none()) {
                return Err(DataError::file(
                    path,
                    "does not say when its frames were taken, which data.time_encodings needs",
                    "set data.start and data.time_step, e.g. data.start = \"2019-03-01T00:00\" and data.time_step = 3600, \
                     or leave data.time_encodings out",
                ));
            }
        }
    }
    let seconds = frames.seconds().map(|seconds| seconds * config.step as i64);
    let (channels, normalization) = Channels::new(frames.selection(), &fixed, seconds, config, normalization);
    Ok((Some(channels), normalization, files))
}

/// Where the files lie.
fn source_path(config: &DataConfig) -> Result<&Path, DataError> {
    config.path.as_deref().ok_or_else(|| {
        DataError::config(
            "path",
            "is missing",
            "name a .npy, .npz, HDF5 or NetCDF file, a GIF, a video, or a folder of such files, of images, or of folders of \
             images (--data-path)",
        )
    })
}

/// Whether `path` is an HDF5 or NetCDF file, or a folder with such files in it.
pub fn holds_fields(path: &Path) -> bool {
    match path.is_dir() {
        true => listing(path).is_ok_and(|files| files.iter().any(|file| is_field(file))),
        false => is_field(path),
    }
}

#[cfg(test)]
mod tests;
