//! The description of the data at a path, before a training.

use serde::Serialize;

use super::discover::discover;
use super::frames::Frames;
use super::recording::Recording;
use super::source_path;
use crate::{DataConfig, DataError, Scaling};
use foreframe_formats::npy::Array;
use foreframe_formats::time::written;

/// Description of the data at `data.path`.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Inspection {
    /// Stretches of frames that no clip leaves.
    pub recordings: usize,
    /// Frames of all of them.
    pub frames: usize,
    /// Channels, rows and columns of a frame.
    pub size: [usize; 3],
    /// Names of the channels.
    pub channels: Vec<String>,
    /// The kind of file, of HDF5 and NetCDF.
    pub kind: Option<String>,
    /// The array within the file.
    pub variable: Option<String>,
    /// The unit of the values.
    pub unit: Option<String>,
    /// Usual seconds from one frame to the next.
    pub step_seconds: Option<i64>,
    /// When the first frame was taken.
    pub start: Option<String>,
    /// When the last frame was taken.
    pub end: Option<String>,
    /// Places where frames are missing.
    pub gaps: Vec<String>,
    /// Frames that have the time of another one.
    pub duplicates: usize,
    /// Frames that were read for what follows, evenly spaced.
    pub examined: usize,
    /// Of these, frames in which every value is missing.
    pub blank: usize,
    /// Share of their values that are missing, 0..1.
    pub missing_share: f64,
    /// Their least and greatest value; `None` where all are missing.
    pub range: Option<[f32; 2]>,
    /// Their mean.
    pub mean: Option<f64>,
}

/// Looks at what lies at `data.path`: its description, from up to `examined` evenly spaced frames, and up to `shown` of
/// those frames, missing values as NaN.
///
/// # Shapes
/// - frames: `[shown, channels, height, width]`
///
/// # Errors
/// Names the file that cannot be read, or the key that does not fit it.
pub fn inspect(config: &DataConfig, examined: usize, shown: usize) -> Result<(Inspection, Array), DataError> {
    let config = DataConfig {
        normalize: Scaling::None,
        targets: Vec::new(),
        ..config.clone()
    };
    let recordings = discover(source_path(&config)?, &config)?;
    let frames = Frames::new(recordings, &config)?;
    let size = frames.size();
    let places: Vec<(usize, usize)> = frames
        .recordings()
        .iter()
        .enumerate()
        .flat_map(|(number, recording)| (0..recording.frames()).map(move |frame| (number, frame)))
        .collect();
    let examined = spaced(places.len(), examined);
    let pictured = spaced(examined.len(), shown);
    let mut values = vec![0.0; size.values()];
    let mut kept = Vec::with_capacity(pictured.len() * size.values());
    let (mut missing, mut sum, mut range) = (0usize, 0.0, [f32::INFINITY, f32::NEG_INFINITY]);
    for (number, place) in examined.iter().enumerate() {
        let (recording, frame) = places[*place];
        frames.read_once(recording, frame, &mut values)?;
        for value in &values {
            match value.is_nan() {
                true => missing += 1,
                false => {
                    range = [range[0].min(*value), range[1].max(*value)];
                    sum += f64::from(*value);
                }
            }
        }
        if pictured.contains(&number) {
            kept.extend_from_slice(&values);
        }
    }
    let all = examined.len() * size.values();
    let recordings = frames.recordings();
    let about = recordings[0].about().cloned().unwrap_or_default();
    let time = |recording: Option<&Recording>, frame: fn(&Recording) -> usize| {
        recording
            .and_then(|recording| recording.time(frame(recording)))
            .map(written)
    };
    let inspection = Inspection {
        recordings: recordings.len(),
        frames: places.len(),
        size: [size.channels, size.height, size.width],
        channels: frames.names().to_vec(),
        kind: Some(about.kind).filter(|kind| !kind.is_empty()),
        variable: Some(about.variable).filter(|name| !name.is_empty()),
        unit: about.unit,
        step_seconds: about.step,
        start: time(recordings.first(), |_| 0),
        end: time(recordings.last(), |recording| recording.frames() - 1),
        gaps: (about.gaps.into_iter())
            .chain(recordings.windows(2).filter_map(|pair| pair[0].gap_to(&pair[1])))
            .collect(),
        duplicates: about.duplicates,
        examined: examined.len(),
        blank: frames.blank(),
        missing_share: missing as f64 / all.max(1) as f64,
        range: (missing < all).then_some(range),
        mean: (missing < all).then(|| sum / (all - missing) as f64),
    };
    let shape = vec![pictured.len(), size.channels, size.height, size.width];
    Ok((inspection, Array { shape, values: kept }))
}

/// Up to `most` of `0..len`, evenly spaced, the first and the last among them.
fn spaced(len: usize, most: usize) -> Vec<usize> {
    match most.min(len) {
        0 => Vec::new(),
        1 => vec![0],
        count => (0..count).map(|number| number * (len - 1) / (count - 1)).collect(),
    }
}
