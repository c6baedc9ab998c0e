//! The newest frames of any files that training reads: the input of a forecast.

use std::path::Path;

use super::reader::Reader;
use crate::{Channels, DataError, InputSpec};

/// How many observed frames a network looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// As many as in training, or as were asked for.
    pub frames: usize,
    /// So many will do where there are no more.
    pub least: usize,
}

/// Observed frames, in clips of the newest ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// `[clips, past, channels, height, width]` in physical units, NaN where a value is missing and may be.
    pub values: Vec<f32>,
    /// Number of clips.
    pub clips: usize,
    /// Frames of each.
    pub past: usize,
    /// `[channels, height, width]` of a frame.
    pub size: [usize; 3],
    /// Axes of the array that they came from; `None` of other files.
    pub axes: Option<usize>,
    /// When the frames of an only clip were taken, in seconds since 1970, where that is known.
    pub times: Option<Vec<i64>>,
    /// Frames at the beginning that are not looked at.
    pub unused: usize,
}

/// Reads the newest frames at a path, which may be anything that training reads or a single image, as the frames were read
/// that a network was trained on: the same variables, channels, unit, crop, size and time from one frame to the next.
///
/// Where times are known the newest recording is continued; else each recording is a clip.
///
/// # Errors
/// Names the file that cannot be read, holds other channels, is of another unit, grid or interval, or has too few frames.
pub fn observe(path: &Path, input: &InputSpec, channels: Option<&Channels>, past: Past) -> Result<Observed, DataError> {
    let reader = Reader::open(path, input, channels, false)?;
    let frames = &reader.frames;
    let step = frames.step(&input.reading())?;
    let recordings = frames.recordings();
    let end = |number: usize| frames.time(number, recordings[number].frames() - 1);
    let dated = (0..recordings.len()).all(|number| end(number).is_some());
    let chosen: Vec<usize> = match (0..recordings.len()).max_by_key(|number| end(*number)) {
        Some(newest) if dated => vec![newest],
        _ => (0..recordings.len()).collect(),
    };
    // Frames of a recording that are looked at, `step` apart, the newest last.
    let reach = |number: usize| (recordings[number].frames() - 1) / step + 1;
    let shortest = chosen
        .iter()
        .copied()
        .min_by_key(|number| reach(*number))
        .unwrap_or_default();
    let looked_at = past.frames.min(reach(shortest));
    if looked_at < past.least {
        let every = if step > 1 {
            format!(" (every {step} frames)")
        } else {
            String::new()
        };
        let ends = if dated { " without a gap at its end" } else { "" };
        return Err(DataError::file(
            path,
            format!(
                "has {} frames{ends}, the network looks at {}{every}",
                recordings[shortest].frames(),
                past.least
            ),
            format!("give {} frames or more", (past.least - 1) * step + 1),
        ));
    }
    let size = reader.size();
    let mut values = Vec::with_capacity(chosen.len() * looked_at * size.iter().product::<usize>());
    let mut times = None;
    for number in &chosen {
        let last = recordings[*number].frames() - 1;
        let places: Vec<usize> = (0..looked_at).rev().map(|back| last - back * step).collect();
        for place in &places {
            values.extend(reader.read(*number, *place)?);
        }
        times = places.iter().map(|place| frames.time(*number, *place)).collect();
    }
    let first = chosen[0];
    Ok(Observed {
        values,
        clips: chosen.len(),
        past: looked_at,
        size,
        axes: recordings[first].axes().filter(|_| chosen.len() == recordings.len()),
        times: times.filter(|_: &Vec<i64>| chosen.len() == 1),
        unused: recordings[first].frames() - ((looked_at - 1) * step + 1),
    })
}
