//! Frames of many files in the order of their times.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::field::Field;
use super::grid::Grid;
use super::options::{Damaged, ReadOptions};
use crate::FormatError;
use crate::frame::{FrameSize, same_size};
use crate::time::{follows, step, written};

/// Where a frame is.
#[derive(Clone, Copy, Debug)]
struct Place {
    file: u32,
    recording: u32,
    frame: u32,
    time: Option<i64>,
}

/// The frames of one or many files, duplicates left out, in stretches without a gap.
pub(super) struct Series {
    files: Vec<PathBuf>,
    options: ReadOptions,
    size: FrameSize,
    places: Vec<Place>,
    /// First frame of each stretch.
    starts: Vec<usize>,
    about: About,
    /// Whether the files state their unit.
    states_unit: bool,
    /// The file read last.
    open: Mutex<Option<(u32, Arc<Field>)>>,
}

/// Metadata of the frames as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The kind of file.
    pub kind: String,
    /// The array within the file.
    pub variable: String,
    /// The unit of the values, where it is known.
    pub unit: Option<String>,
    /// The unit of every variable, empty where it is not known.
    pub units: Vec<String>,
    /// Usual seconds from one frame to the next.
    pub step: Option<i64>,
    /// Frames that were left out because another had the same time.
    pub duplicates: usize,
    /// Where the frames lie.
    pub grid: Grid,
    /// Places where frames are missing, in words.
    pub gaps: Vec<String>,
    /// Files that were left out because they could not be read.
    pub skipped: Vec<PathBuf>,
}

impl Series {
    /// Opens files, at least one, that hold frames of one field.
    pub(super) fn open(files: Vec<PathBuf>, options: &ReadOptions) -> Result<Self, FormatError> {
        let mut series = Self {
            options: options.clone(),
            size: FrameSize {
                channels: 0,
                height: 0,
                width: 0,
            },
            places: Vec::new(),
            starts: Vec::new(),
            about: About::default(),
            states_unit: false,
            open: Mutex::new(None),
            files: Vec::new(),
        };
        let several = files.len() > 1;
        for path in files {
            match Field::open(&path, &series.options).and_then(|field| series.add(&path, &field)) {
                Ok(()) => {}
                Err(error) if several && options.damaged == Damaged::Skip => {
                    tracing::warn!("left out: {error}");
                    series.about.skipped.push(path);
                }
                Err(error) => return Err(error),
            }
        }
        if let (true, Some(path)) = (series.places.is_empty(), series.about.skipped.first()) {
            return Err(FormatError::file(
                path,
                "cannot be read, nor can the others",
                "see the warnings above",
            ));
        }
        series.arrange();
        Ok(series)
    }

    fn add(&mut self, path: &Path, field: &Field) -> Result<(), FormatError> {
        match self.files.first() {
            None => {
                self.size = field.size();
                self.about.variable = field.variable().to_owned();
                self.about.unit = field.unit().map(str::to_owned);
                self.about.kind = field.kind().to_owned();
                self.about.grid = field.grid().clone();
                if let (None, Some(expected)) = (field.own_unit(), &self.options.unit_of_others) {
                    tracing::warn!("`{}` does not state its unit: taken for {expected}", path.display());
                }
                self.states_unit = field.own_unit().is_some();
                // All others are converted to the unit of the first, and turned as it lies.
                self.options.unit_of_others = self.about.unit.clone();
                self.options.grid_of_others = Some(self.about.grid.clone()).filter(|grid| !grid.is_unknown());
            }
            Some(first) => {
                same_size(first, self.size, path, field.size())?;
                if self.states_unit != field.own_unit().is_some() {
                    let of = |unit: Option<&str>| unit.unwrap_or("no unit").to_owned();
                    return Err(FormatError::file(
                        path,
                        format!(
                            "is in {} but `{}` in {}",
                            of(field.own_unit()),
                            first.display(),
                            of(self.about.unit.as_deref().filter(|_| self.states_unit))
                        ),
                        "state the unit in all files, or keep the files in folders of their own",
                    ));
                }
            }
        }
        let file = self.files.len() as u32;
        for recording in 0..field.recordings() {
            for frame in 0..field.frames() {
                self.places.push(Place {
                    file,
                    recording: recording as u32,
                    frame: frame as u32,
                    time: field.time(frame),
                });
            }
        }
        self.files.push(path.to_owned());
        Ok(())
    }

    /// Orders the frames in time, drops duplicates and finds gaps. Frames without times stay as they are: those of one
    /// file and recording follow each other, and so do files that hold one frame each.
    fn arrange(&mut self) {
        let has_recordings = self.places.iter().any(|place| place.recording > 0);
        let times: Option<Vec<i64>> = self.places.iter().map(|place| place.time).collect();
        let Some(mut times) = times.filter(|_| !has_recordings) else {
            let single = !has_recordings && self.places.len() == self.files.len();
            self.starts = (0..self.places.len())
                .filter(|&at| at == 0 || (!single && self.places[at].frame == 0))
                .collect();
            return;
        };
        self.places.sort_by_key(|place| place.time);
        let all = self.places.len();
        let mut first = None;
        self.places.dedup_by(|later, kept| {
            let is_twice = later.time == kept.time;
            if is_twice {
                first.get_or_insert((*later, *kept));
            }
            is_twice
        });
        self.about.duplicates = all - self.places.len();
        times.sort_unstable();
        times.dedup();
        if let Some((later, kept)) = first {
            tracing::warn!(
                "{} frames have the time of another one and are left out: the first is that of {} in `{}`, which `{}` has, too",
                self.about.duplicates,
                written(later.time.unwrap_or_default()),
                self.files[later.file as usize].display(),
                self.files[kept.file as usize].display()
            );
        }
        self.about.step = step(&times);
        self.starts = vec![0];
        let Some(step) = self.about.step else {
            return;
        };
        for at in 1..times.len() {
            let difference = times[at] - times[at - 1];
            if !follows(difference, step) {
                self.starts.push(at);
                let (before, after) = (written(times[at - 1]), written(times[at]));
                self.about.gaps.push(format!("{before} to {after}"));
            }
        }
        if let Some(first) = self.about.gaps.first() {
            let count = self.about.gaps.len();
            tracing::warn!(
                "{count} gaps in time (step {step} s) in `{}`, the first from {first}: no clip crosses them",
                self.files[0]
                    .parent()
                    .filter(|_| self.files.len() > 1)
                    .unwrap_or(&self.files[0])
                    .display()
            );
        }
    }

    pub(super) fn size(&self) -> FrameSize {
        self.size
    }

    pub(super) fn about(&self) -> &About {
        &self.about
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Frames from start to end of each stretch without a gap.
    pub(super) fn stretches(&self) -> Vec<std::ops::Range<usize>> {
        let ends = self.starts.iter().skip(1).copied().chain([self.places.len()]);
        self.starts
            .iter()
            .copied()
            .zip(ends)
            .map(|(start, end)| start..end)
            .collect()
    }

    /// The file of a frame.
    pub(super) fn file_of(&self, frame: usize) -> &Path {
        &self.files[self.places[frame].file as usize]
    }

    /// When a frame was taken, in seconds since 1970.
    pub(super) fn time(&self, frame: usize) -> Option<i64> {
        self.places[frame].time
    }

    /// Reads one frame in physical units, missing values as NaN.
    ///
    /// # Shapes
    /// - `values`: `[channels, height, width]`
    pub(super) fn read(&self, frame: usize, values: &mut [f32]) -> Result<(), FormatError> {
        let place = self.places[frame];
        let path = self.file_of(frame);
        let field = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            match &*open {
                Some((file, field)) if *file == place.file => Arc::clone(field),
                _ => {
                    let field = Arc::new(Field::open(path, &self.options)?);
                    *open = Some((place.file, Arc::clone(&field)));
                    field
                }
            }
        };
        // The file may have been replaced since it was opened first.
        same_size(&self.files[0], self.size, path, field.size())?;
        if place.recording as usize >= field.recordings() || place.frame as usize >= field.frames() {
            return Err(FormatError::file(
                path,
                "has changed while it was in use",
                "start again",
            ));
        }
        field.read(place.recording as usize, place.frame as usize, values)
    }
}
