//! The newest frames of some files, as a forecast begins from them.

use std::path::Path;

use super::discover::discover;
use super::frames::Frames;
use crate::{Channels, DataConfig, DataError};

/// The newest frames of some files.
#[derive(Clone, Debug, PartialEq)]
pub struct Newest {
    /// `[frames, observed channels, height, width]` in physical units.
    pub values: Vec<f32>,
    /// Rows and columns of a frame.
    pub size: [usize; 2],
    /// When each was taken, in seconds since 1970, where the files say so.
    pub times: Option<Vec<i64>>,
}

/// Reads the newest `past` frames of HDF5 or NetCDF files as those were read that a network was trained on: the same
/// variables, channels, crop, size and time from one frame to the next.
///
/// # Errors
/// Names the file that cannot be read, holds other channels or too few frames.
pub fn newest(channels: &Channels, path: &Path, past: usize) -> Result<Newest, DataError> {
    let config = DataConfig {
        path: Some(path.to_owned()),
        start: None,
        time_step: None,
        ..channels.data.clone()
    };
    let frames = Frames::new(discover(path, &config)?, &config)?;
    channels.check_names(path, frames.names())?;
    let lengths = frames.recordings().iter().map(|recording| recording.frames());
    let last = |(recording, frames_of): &(usize, usize)| frames.time(*recording, frames_of.saturating_sub(1));
    let (recording, len) = lengths.enumerate().max_by_key(last).unwrap_or_default();
    let window = (past - 1) * config.step + 1;
    if len < window {
        return Err(DataError::file(
            path,
            format!(
                "has {len} frames without a gap at its end, the network looks at {past} (every {})",
                config.step
            ),
            format!("give {window} frames or more"),
        ));
    }
    let places: Vec<usize> = (0..past).map(|frame| len - window + frame * config.step).collect();
    let size = frames.size();
    let mut values = vec![0.0; past * size.len()];
    for (place, frame) in places.iter().zip(values.chunks_exact_mut(size.len())) {
        frames.read(recording, *place, frame)?;
    }
    Ok(Newest {
        values,
        size: [size.height, size.width],
        times: places.iter().map(|place| frames.time(recording, *place)).collect(),
    })
}
