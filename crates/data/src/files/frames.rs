//! Frames of all recordings in the unit and size that clips have.

use std::sync::OnceLock;

use super::recording::Recording;
use super::reduce::Reduction;
use crate::config::at_least;
use crate::images::{FrameSize, same_size};
use crate::resample::{Kernel, resample};
use crate::{DataConfig, DataError, Missing, Scaling};

/// Decoded images are kept as long as all of them fit into this many values (1 GiB).
const MOST_KEPT: usize = 1 << 28;

/// All recordings, read frame by frame.
pub(super) struct Frames {
    recordings: Vec<Recording>,
    size: FrameSize,
    reduction: Reduction,
    /// Whether frames are resampled to `size`; else it is what the reduction leaves.
    resamples: bool,
    /// What becomes of missing values.
    missing: Option<Missing>,
    /// Values are divided by this, so that the unit is 0..1 where it should be.
    divisor: f32,
    /// Frames that took decoding, by recording and frame; empty where they are not kept.
    kept: Vec<Vec<OnceLock<Box<[f32]>>>>,
}

impl Frames {
    /// Takes the recordings, of which there is one at least.
    pub(super) fn new(recordings: Vec<Recording>, config: &DataConfig) -> Result<Self, DataError> {
        let reduction = Reduction::of(config)?;
        let mut size = reduction.size(recordings[0].size())?;
        if let Some([height, width]) = config.resize {
            at_least("resize", height, 1)?;
            at_least("resize", width, 1)?;
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
            divisor: value_type
                .filter(|_| scales)
                .and_then(|kind| kind.maximum())
                .unwrap_or(1.0),
            recordings,
            size,
            reduction,
            resamples: config.resize.is_some(),
            missing,
            kept,
        })
    }

    pub(super) fn recordings(&self) -> &[Recording] {
        &self.recordings
    }

    pub(super) fn size(&self) -> FrameSize {
        self.size
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
            let channel = index / (size.width * size.height);
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
        let (size, mut raw) = self.reduction.apply(whole, raw)?;
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
