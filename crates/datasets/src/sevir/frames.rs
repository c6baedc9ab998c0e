//! Frames out of HDF5 files of events, read event by event.

use std::path::{Path, PathBuf};

use crate::numbered::FrameSource;
use foreframe_data::files::Reduction;
use foreframe_data::resample::{ResampleKernel, resample};
use foreframe_data::{DataConfig, DataError};
use foreframe_formats::FrameSize;
use foreframe_formats::fields::{ReadOptions, Variables};

/// One array `[events, rows, columns, frames]`, in one or several files.
pub(super) struct Array {
    series: Variables,
    /// Frames of an event.
    length: usize,
}

impl Array {
    /// Opens the array `variable` of files, and reads a frame of it.
    ///
    /// # Errors
    /// Names the file that cannot be read, or has no such array; files that are damaged are left out where `data.damaged`
    /// says so and others remain.
    pub(super) fn open(files: Vec<PathBuf>, variable: &str, config: &DataConfig) -> Result<Self, DataError> {
        let options = ReadOptions {
            variable: Some(variable.to_owned()),
            axes: Some("nyxt".to_owned()),
            damaged: config.damaged,
            ..ReadOptions::default()
        };
        let series = Variables::open(files, &options)?;
        let stretches = series.stretches();
        let length = stretches.first().map_or(0, ExactSizeIterator::len);
        if let Some(other) = stretches.iter().find(|stretch| stretch.len() != length) {
            return Err(DataError::file(
                series.file_of(other.start),
                format!("holds events of {} frames, others have {length}", other.len()),
                "fetch it again",
            ));
        }
        // Whether there are numbers in it is not known before.
        series.read(0, &mut vec![0.0; series.size().values()])?;
        Ok(Self { series, length })
    }

    /// Frames of an event.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn size(&self) -> FrameSize {
        self.series.size()
    }

    /// Events of all files.
    pub(super) fn events(&self) -> usize {
        self.series.stretches().len()
    }

    /// Events of each file, in their order.
    pub(super) fn files(&self) -> Vec<(&Path, usize)> {
        let mut files: Vec<(&Path, usize)> = Vec::new();
        for stretch in self.series.stretches() {
            let path = self.series.file_of(stretch.start);
            match files.last_mut() {
                Some((last, events)) if *last == path => *events += 1,
                _ => files.push((path, 1)),
            }
        }
        files
    }
}

/// The frames of events, those of several arrays after each other, cut and reduced as configured.
pub(super) struct EventFrames {
    arrays: Vec<Array>,
    reduction: Reduction,
    size: FrameSize,
}

impl EventFrames {
    /// Takes arrays of equally many events and equally large frames.
    pub(super) fn new(arrays: Vec<Array>, config: &DataConfig) -> Result<Self, DataError> {
        let (reduction, size) = size(arrays[0].size(), config)?;
        Ok(Self {
            arrays,
            reduction,
            size,
        })
    }

    /// The size of a frame of a clip.
    pub(super) fn size(&self) -> FrameSize {
        self.size
    }
}

/// Change of frames of the size `from`.
pub(super) fn size(from: FrameSize, config: &DataConfig) -> Result<(Reduction, FrameSize), DataError> {
    let reduction = Reduction::of(config)?;
    let mut size = reduction.size(from)?;
    if let Some([height, width]) = config.resize {
        size = FrameSize { height, width, ..size };
    }
    Ok((reduction, size))
}

impl FrameSource for EventFrames {
    /// Frame number `frame` of event number `event` is number `event * length + frame`, where `length` is that of all arrays
    /// together.
    fn read(&self, number: usize, values: &mut [f32]) -> Result<(), DataError> {
        let length: usize = self.arrays.iter().map(Array::length).sum();
        let (event, mut frame) = (number / length, number % length);
        let mut which = 0;
        while frame >= self.arrays[which].length {
            frame -= self.arrays[which].length;
            which += 1;
        }
        let array = &self.arrays[which];
        let place = event * array.length + frame;
        let from = array.size();
        let mut raw = vec![0.0; from.values()];
        array.series.read(place, &mut raw)?;
        if let Some(at) = raw.iter().position(|value| !value.is_finite()) {
            return Err(DataError::not_finite(
                array.series.file_of(place),
                format!(
                    "event {event}, frame {frame}, row {}, column {}",
                    at / from.width,
                    at % from.width
                ),
                raw[at],
            ));
        }
        let (reduced, raw) = self.reduction.apply(from, raw)?;
        match reduced == self.size {
            true => values.copy_from_slice(&raw),
            false => resample(&raw, reduced, values, self.size, ResampleKernel::Triangle),
        }
        Ok(())
    }
}
