//! Frames of all recordings in the unit and size that clips have.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::recording::Recording;
use super::reduce::Reduction;
use crate::channels::Selection;
use crate::config::at_least;
use crate::resample::{ResampleKernel, resample};
use crate::{DataConfig, DataError, InputSpec, Missing, Scaling};
use foreframe_formats::fields::{Conversion, Grid};
use foreframe_formats::time::{follows, seconds};
use foreframe_formats::{FrameSize, same_size};

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
    /// Treatment of missing values.
    missing: Option<Missing>,
    /// When the first frame was taken, in seconds since 1970, and seconds from one frame to the next; where the
    /// configuration says so.
    clock: Option<(i64, i64)>,
    /// Values are divided by this, so that the unit is 0..1 where it should be.
    divisor: f32,
    /// From the unit that an array's manifest states. HDF5 and NetCDF files are converted as they are read.
    conversion: Conversion,
    /// The unit of the values as they are read.
    unit: Option<String>,
    /// Frames that took decoding, by recording and frame; empty where they are not kept.
    kept: Vec<Vec<OnceLock<Box<[f32]>>>>,
    /// Frames read so far that held no value at all.
    blank: AtomicUsize,
}

impl Frames {
    /// Takes the recordings, of which there is one at least.
    pub(super) fn new(recordings: Vec<Recording>, config: &DataConfig) -> Result<Self, DataError> {
        let input = config.trained.as_ref().and_then(|trained| trained.input.as_ref());
        let whole = recordings[0].size();
        let is_prepared =
            recordings[0].is_prepared() || input.is_some_and(|input| is_prepared(input, whole, &recordings[0]));
        let reduction = match is_prepared {
            true => Reduction::NONE,
            false => Reduction::of(config)?,
        };
        let resize = config.resize.filter(|_| !is_prepared);
        let selection = Selection::of(config, recordings[0].names())?;
        let mut size = reduction.size(selection.size(whole))?;
        if let Some([height, width]) = resize {
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
        let divisor = divisor(&recordings[0], config.normalize, input)?;
        let decoded: usize = recordings
            .iter()
            .filter(|r| r.is_decoded_on_demand())
            .map(Recording::frames)
            .sum();
        let keeps = decoded.saturating_mul(size.values()) <= MOST_KEPT;
        let kept = recordings
            .iter()
            .map(|recording| match keeps && recording.is_decoded_on_demand() {
                true => (0..recording.frames()).map(|_| OnceLock::new()).collect(),
                false => Vec::new(),
            })
            .collect();
        Ok(Self {
            clock: clock(&recordings, config)?,
            conversion: conversion(&recordings[0], config, input)?,
            divisor,
            unit: unit(&recordings[0], config, input),
            recordings,
            selection,
            size,
            reduction,
            resamples: resize.is_some(),
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

    /// Names of the channels.
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

    /// From one frame of a clip to its next in frames of the files: as configured, or, for a network that is trained already, so
    /// that they are as far apart as those that it was trained on.
    pub(super) fn step(&self, config: &DataConfig) -> Result<usize, DataError> {
        let input = config.trained.as_ref().and_then(|trained| trained.input.as_ref());
        if self.recordings[0].is_prepared() {
            return Ok(1);
        }
        let Some((wanted, found)) = input.and_then(|input| input.seconds).zip(self.seconds()) else {
            return Ok(config.step);
        };
        if follows(found.saturating_mul(config.step as i64), wanted) {
            return Ok(config.step);
        }
        let step = (wanted + found / 2).checked_div(found).unwrap_or(0);
        match usize::try_from(step) {
            Ok(steps @ 1..) if 4 * (step * found - wanted).abs() <= found => {
                tracing::info!(
                    "frames are {found} s apart: every {steps} of them is used, as the network was trained on {wanted} s"
                );
                Ok(steps)
            }
            _ => Err(DataError::file(
                self.recordings[0].path(),
                format!("has frames {found} s apart, the network was trained on frames {wanted} s apart"),
                "bring frames of that interval or a part of it",
            )),
        }
    }

    /// Description of these frames, for the weights of a network that is trained on them. `extremes` are the least and the greatest
    /// value of every channel, where they were measured.
    pub(super) fn input(&self, config: &DataConfig, extremes: Option<[Vec<f32>; 2]>) -> InputSpec {
        let of_raw = |recording: &Recording| recording.size();
        let whole = of_raw(&self.recordings[0]);
        let alike = self.recordings.iter().all(|recording| of_raw(recording) == whole);
        let about = self.recordings[0].about();
        let [least, greatest] = extremes.unwrap_or_default();
        // Images are read as 0..1, as bytes divided by 255 are.
        let is_image = self.recordings[0].value_type().is_none();
        InputSpec {
            divisor: Some(if is_image { 255.0 } else { self.divisor }),
            size: alike.then_some([whole.height, whole.width]),
            frame: Some([self.size.height, self.size.width]),
            seconds: self.seconds().map(|seconds| seconds * config.step as i64),
            units: match about {
                Some(about) if !about.units.is_empty() => about.units.clone(),
                _ => self.unit.iter().cloned().collect(),
            },
            least,
            greatest,
            grid: about.map(|about| about.grid.clone()).filter(|grid| !grid.is_unknown()),
            ..InputSpec::of(config)
        }
    }

    /// The unit of the values as they are read, where it is known.
    pub(super) fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Where the frames lie, if their files state it.
    pub(super) fn grid(&self) -> Option<&Grid> {
        self.recordings[0].about().map(|about| &about.grid)
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
        let mut resized = vec![0.0; to.values()];
        resample(&values, reduced, &mut resized, to, ResampleKernel::Triangle);
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
            return Err(DataError::not_finite(
                path,
                format!("{name}, channel {channel}, row {row}, column {column}"),
                raw[index],
            ));
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
            resample(raw, size, values, self.size, ResampleKernel::Triangle);
        } else {
            // An image may have been replaced since its header was read.
            same_size(recording.path(), self.size, recording.describe(frame).0, size)?;
            values.copy_from_slice(raw);
        }
        if self.divisor != 1.0 {
            values.iter_mut().for_each(|value| *value /= self.divisor);
        }
        self.conversion.apply(values);
        Ok(())
    }
}

/// Whether frames were cropped, pooled and resized before: they have the size of the network's and not that of the files that
/// it was trained on. Files that state where their frames lie are never taken for such.
fn is_prepared(input: &InputSpec, found: FrameSize, recording: &Recording) -> bool {
    let found = Some([found.height, found.width]);
    recording.about().is_none() && input.size.is_some() && found != input.size && found == input.frame
}

/// Divisor of integers.
fn divisor(recording: &Recording, normalize: Scaling, input: Option<&InputSpec>) -> Result<f32, DataError> {
    let value_type = recording.value_type();
    let greatest = value_type.and_then(|kind| kind.maximum());
    let Some(trained) = input.and_then(|input| input.divisor) else {
        let is_byte = value_type.is_some_and(|kind| kind.is_byte());
        let scales = normalize == Scaling::Scale || normalize == Scaling::Auto && is_byte;
        return Ok(greatest.filter(|_| scales).unwrap_or(1.0));
    };
    match (greatest, value_type) {
        // Networks trained on images have values 0..1, as bytes divided by 255 do.
        (Some(greatest), Some(_)) if trained != 1.0 && greatest == trained => Ok(trained),
        (Some(_), Some(kind)) if trained != 1.0 => Err(DataError::file(
            recording.path(),
            format!("holds values of type {kind}, the network was trained on integers that were divided by {trained}"),
            "convert it to the type of the training data, or to float32 from 0 to 1",
        )),
        _ => Ok(1.0),
    }
}

/// The unit of the values as they are read.
fn unit(recording: &Recording, config: &DataConfig, input: Option<&InputSpec>) -> Option<String> {
    let of_files = || match recording.about() {
        Some(about) => about.unit.clone(),
        None => recording.unit().map(str::to_owned),
    };
    let of_network = input.and_then(InputSpec::unit).map(str::to_owned);
    of_network.or(config.unit.clone()).or_else(of_files)
}

/// From the unit that the manifest of an array states to that of the network or of the configuration.
fn conversion(recording: &Recording, config: &DataConfig, input: Option<&InputSpec>) -> Result<Conversion, DataError> {
    let of_network = input.and_then(InputSpec::unit);
    let wanted = of_network
        .filter(|_| recording.unit().is_some())
        .or(config.unit.as_deref());
    if recording.about().is_some() || of_network.is_some() && recording.unit().is_none() {
        return Ok(Conversion::None);
    }
    Ok(Conversion::between(recording.unit(), wanted, None).map_err(|fault| fault.at(recording.path()))?)
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
