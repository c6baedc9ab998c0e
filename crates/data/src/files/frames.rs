//! Frames of all recordings in the unit and size that clips have.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::recording::Recording;
use super::reduce::Reduction;
use crate::channels::Selection;
use crate::config::at_least;
use crate::fields::seconds;
use crate::images::{FrameSize, same_size};
use crate::resample::{Kernel, resample};
use crate::{DataConfig, DataError, Missing, Scaling};

/// Decoded frames are kept as long as all of them fit into this many values (256 MiB).
const MOST_KEPT: usize = 1 << 26;

/// All recordings, read frame by frame.
pub(super) struct Frames {
    recordings: Vec<Recording>,
    selection: Selection,
    size: FrameSize,
    reduction: Reduction,
    /// Whether frames are resampled to `size`; else it is what the reduction leaves.
    resamples: bool,
    /// What becomes of missing values.
    missing: Option<Missing>,
    /// When the first frame was taken, in seconds since 1970, and seconds from one frame to the next; where the
    /// configuration says so.
    clock: Option<(i64, i64)>,
    /// Values are divided by this, so that the unit is 0..1 where it should be.
    divisor: f32,
    /// Frames that took decoding, by recording and frame; empty where they are not kept.
    kept: Vec<Vec<OnceLock<Box<[f32]>>>>,
    /// Frames read so far that held no value at all.
    blank: AtomicUsize,
}

impl Frames {
    /// Takes the recordings, of which there is one at least.
    pub(super) fn new(recordings: Vec<Recording>, config: &DataConfig) -> Result<Self, DataError> {
        let reduction = Reduction::of(config)?;
        let selection = Selection::of(config, recordings[0].names())?;
        let mut size = reduction.size(selection.size(recordings[0].size()))?;
        if let Some([height, width]) = config.resize {
            at_least("resize", height, 1)?;
            at_least("resize", width, 1)?;
            let len = height
                .checked_mul(width)
                .and_then(|plane| plane.checked_mul(size.channels));
            if len.is_none_or(|len| len > MOST_KEPT) {
                return Err(DataError::config(
                    "resize",
                    format!("is [{height}, {width}], which makes frames of more than 1 GiB"),
                    "use fewer rows and columns",
                ));
            }
            size = FrameSize { height, width, ..size };
        }
        let missing = config.missing;
        if let Some(Missing::Become(value)) = missing
            && !value.is_finite()
        {
            return Err(DataError::config(
                "missing",
                format!("is {value}"),
                "use a number, e.g. 0, or mask",
            ));
        }
        let value_type = recordings[0].value_type();
        let is_byte = value_type.is_some_and(|kind| kind.is_byte());
        let scales = config.normalize == Scaling::Scale || config.normalize == Scaling::Auto && is_byte;
        let decoded: usize = recordings
            .iter()
            .filter(|r| r.is_decoded_on_demand())
            .map(Recording::frames)
            .sum();
        let keeps = decoded.saturating_mul(size.len()) <= MOST_KEPT;
        let kept = recordings
            .iter()
            .map(|recording| match keeps && recording.is_decoded_on_demand() {
                true => (0..recording.frames()).map(|_| OnceLock::new()).collect(),
                false => Vec::new(),
            })
            .collect();
        Ok(Self {
            clock: clock(&recordings, config)?,
            divisor: value_type
                .filter(|_| scales)
                .and_then(|kind| kind.maximum())
                .unwrap_or(1.0),
            recordings,
            selection,
            size,
            reduction,
            resamples: config.resize.is_some(),
            missing,
            kept,
            blank: AtomicUsize::new(0),
        })
    }

    pub(super) fn recordings(&self) -> &[Recording] {
        &self.recordings
    }

    pub(super) fn size(&self) -> FrameSize {
        self.size
    }

    /// Which channels of the recordings' frames are used.
    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// What the channels are called.
    pub(super) fn names(&self) -> &[String] {
        &self.selection.names
    }

    /// When a frame was taken, in seconds since 1970, where that is known.
    pub(super) fn time(&self, recording: usize, frame: usize) -> Option<i64> {
        match self.clock {
            Some((begin, step)) => Some(begin + step * frame as i64),
            None => self.recordings[recording].time(frame),
        }
    }

    /// Usual seconds from one frame to the next, where they are known.
    pub(super) fn seconds(&self) -> Option<i64> {
        let longest = self
            .recordings
            .iter()
            .enumerate()
            .max_by_key(|(_, recording)| recording.frames());
        let (recording, _) = longest.filter(|(_, recording)| recording.frames() > 1)?;
        let times = (0..2)
            .map(|frame| self.time(recording, frame))
            .collect::<Option<Vec<i64>>>()?;
        Some(times[1] - times[0])
    }

    /// Brings a field that does not change in time to the size of the frames: it has that of a frame of the recordings, or
    /// the right one already.
    pub(super) fn fit(&self, path: &Path, size: FrameSize, values: Vec<f32>) -> Result<Vec<f32>, DataError> {
        let whole = self.recordings[0].size();
        let to = FrameSize {
            channels: size.channels,
            ..self.size
        };
        if (size.height, size.width) != (whole.height, whole.width) {
            if size == to {
                return Ok(values);
            }
            let reduced = match (to.height, to.width) == (whole.height, whole.width) {
                true => String::new(),
                false => format!(
                    " in the files and {}x{} after data.crop, pool and resize",
                    to.height, to.width
                ),
            };
            return Err(DataError::file(
                path,
                format!(
                    "is {}x{}, but frames are {}x{}{reduced}",
                    size.height, size.width, whole.height, whole.width
                ),
                "bring the static field to the size of the frames",
            ));
        }
        let (reduced, values) = self.reduction.apply(size, values)?;
        if reduced == to {
            return Ok(values);
        }
        let mut resized = vec![0.0; to.len()];
        resample(&values, reduced, &mut resized, to, Kernel::Triangle);
        Ok(resized)
    }

    /// Frames read so far in which every value was missing.
    pub(super) fn blank(&self) -> usize {
        self.blank.load(Ordering::Relaxed)
    }

    /// Whether values are bytes or images, which `auto` leaves at 0..1.
    pub(super) fn is_image_like(&self) -> bool {
        self.recordings[0].value_type().is_none_or(|kind| kind.is_byte())
    }

    /// Reads one frame, `[channels, height, width]`, in physical units. Values that are not finite are errors, except that
    /// masked ones stay NaN.
    pub(super) fn read(&self, recording: usize, frame: usize, values: &mut [f32]) -> Result<(), DataError> {
        let Some(kept) = self.kept[recording].get(frame) else {
            return self.load(recording, frame, values);
        };
        if let Some(kept) = kept.get() {
            values.copy_from_slice(kept);
            return Ok(());
        }
        self.load(recording, frame, values)?;
        kept.get_or_init(|| values.into());
        Ok(())
    }

    fn load(&self, recording: usize, frame: usize, values: &mut [f32]) -> Result<(), DataError> {
        let (whole, size, raw) = self.reduced(recording, frame)?;
        let recording = &self.recordings[recording];
        let (path, name) = recording.describe(frame);
        let may_miss = self.missing == Some(Missing::Mask);
        let is_bad = |value: &f32| !(value.is_finite() || may_miss && value.is_nan());
        if let Some(index) = raw.iter().position(is_bad) {
            let (row, column) = (index / size.width % size.height, index % size.width);
            let channel = &self.names()[index / (size.width * size.height)];
            let (row, column) = self.reduction.origin(whole, row, column);
            return Err(DataError::NotFinite {
                path: path.to_owned(),
                place: format!("{name}, channel {channel}, row {row}, column {column}"),
                value: raw[index],
            });
        }
        self.finish(recording, frame, size, &raw, values)
    }

    /// As [`Frames::read`], but missing values that nothing replaces stay NaN, and nothing is kept in memory.
    pub(super) fn read_once(&self, recording: usize, frame: usize, values: &mut [f32]) -> Result<(), DataError> {
        let (_, size, raw) = self.reduced(recording, frame)?;
        self.finish(&self.recordings[recording], frame, size, &raw, values)
    }

    /// A frame before it is resampled, missing values replaced: its size in the file, its size, its values.
    fn reduced(&self, recording: usize, frame: usize) -> Result<(FrameSize, FrameSize, Vec<f32>), DataError> {
        let (whole, raw) = self.recordings[recording].read(frame)?;
        let (whole, raw) = self.selection.apply(whole, raw);
        let (size, mut raw) = self.reduction.apply(whole, raw)?;
        if raw.iter().all(|value| value.is_nan()) && self.blank.fetch_add(1, Ordering::Relaxed) == 0 {
            let (path, name) = self.recordings[recording].describe(frame);
            let path = path.display();
            match self.missing {
                Some(Missing::Become(value)) => {
                    tracing::warn!("{name} of `{path}` holds no value at all; all of it becomes {value}");
                }
                Some(Missing::Mask) => tracing::warn!("{name} of `{path}` holds no value at all; no score counts it"),
                None => tracing::warn!("{name} of `{path}` holds no value at all"),
            }
        }
        if let Some(Missing::Become(missing)) = self.missing {
            let holes = raw.iter_mut().filter(|value| value.is_nan());
            holes.for_each(|value| *value = missing);
        }
        Ok((whole, size, raw))
    }

    fn finish(
        &self,
        recording: &Recording,
        frame: usize,
        size: FrameSize,
        raw: &[f32],
        values: &mut [f32],
    ) -> Result<(), DataError> {
        if self.resamples {
            resample(raw, size, values, self.size, Kernel::Triangle);
        } else {
            // An image may have been replaced since its header was read.
            same_size(recording.path(), self.size, recording.describe(frame).0, size)?;
            values.copy_from_slice(raw);
        }
        if self.divisor != 1.0 {
            values.iter_mut().for_each(|value| *value /= self.divisor);
        }
        Ok(())
    }
}

/// `data.start` and `data.time_step`, of one recording without times of its own.
fn clock(recordings: &[Recording], config: &DataConfig) -> Result<Option<(i64, i64)>, DataError> {
    let Some(start) = &config.start else {
        return match config.time_step {
            None => Ok(None),
            Some(step) => Err(DataError::config(
                "time_step",
                format!("is {step}, but data.start is missing"),
                "say when the first frame was taken, e.g. data.start = \"2019-03-01T00:00\"",
            )),
        };
    };
    let refuse =
        |problem: &str, remedy: &str| Err(DataError::config("start", format!("is `{start}`{problem}"), remedy));
    let Some(begin) = seconds(start) else {
        return refuse("", "write a date and time, e.g. 2019-03-01T00:00 (UTC)");
    };
    if recordings[0].time(0).is_some() {
        return refuse(", but the files have times of their own", "leave it out");
    }
    if recordings.len() > 1 {
        return refuse(
            &format!(", but there are {} recordings", recordings.len()),
            "put each into a NetCDF file with a time axis, or use one recording",
        );
    }
    match config.time_step {
        Some(step) if step > 0 => Ok(Some((begin, i64::from(step)))),
        _ => Err(DataError::config(
            "time_step",
            "is missing or 0",
            "set the seconds from one frame to the next, e.g. data.time_step = 3600",
        )),
    }
}
