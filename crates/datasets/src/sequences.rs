//! Datasets of sequences of equal length: a folder of images each, or all in one array.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

use crate::numbered::{self, ArrayFrames, FrameSource, Numbered, listed};
use foreframe_data::{DataConfig, DataError, Protocol, Splits};
use foreframe_formats::FrameSize;
use foreframe_formats::images::{is_still, probe};
use foreframe_formats::names::listing;
use foreframe_formats::npy::Mapped;
use foreframe_formats::npz;

/// Sequences of gray frames, numbered through.
pub(super) struct Sequences {
    pub(super) frames: Arc<dyn FrameSource>,
    pub(super) count: usize,
    pub(super) files: Vec<PathBuf>,
}

/// The usual configuration of a dataset of radar echoes: small frames, as the published networks take them, and a thousand
/// sequences for validation and for the test each.
pub(super) fn defaults(name: &str, [past, future]: [usize; 2]) -> DataConfig {
    DataConfig {
        name: name.to_owned(),
        past,
        future,
        validation_clips: 1_000,
        test_clips: 1_000,
        resize: Some(SIZE),
        ..DataConfig::default()
    }
}

/// Channels, rows and columns of a frame, where they are set.
pub(super) fn frame(config: &DataConfig) -> Option<[usize; 3]> {
    config.resize.map(|[height, width]| [1, height, width])
}

/// Rows and columns of the published frames.
const SIZE: [usize; 2] = [64, 64];

/// How the sequences of a dataset look.
pub(super) struct Form {
    /// Frames of a sequence.
    length: usize,
    /// Rows and columns of a frame of a clip.
    size: [usize; 2],
    /// The value that becomes 1.
    maximum: f32,
}

impl Form {
    /// Sequences of `length` frames, the size of which is configured.
    pub(super) fn new(config: &DataConfig, length: usize, maximum: f32) -> Self {
        Self {
            length,
            size: config.resize.unwrap_or(SIZE),
            maximum,
        }
    }

    fn frame(&self) -> FrameSize {
        let [height, width] = self.size;
        FrameSize {
            channels: 1,
            height,
            width,
        }
    }

    /// The sequences at a path: a folder of folders of images, a `.npy` file or a `.npz` file of one array.
    pub(super) fn open(&self, path: &Path) -> Result<Sequences, DataError> {
        if path.is_dir() {
            return self.of_folders(path);
        }
        let is = |extension: &str| {
            path.extension()
                .is_some_and(|found| found.eq_ignore_ascii_case(extension))
        };
        if !is("npz") {
            return self.of_array(Mapped::open(path)?);
        }
        match npz::names(path)?.as_slice() {
            [name] => self.of_array(npz::array(path, name)?),
            names => Err(DataError::file(
                path,
                format!("holds {} arrays ({})", names.len(), names.join(", ")),
                "keep one array of all sequences per file",
            )),
        }
    }

    fn of_folders(&self, path: &Path) -> Result<Sequences, DataError> {
        let mut files = Vec::new();
        let mut count = 0;
        for folder in listing(path)?.into_iter().filter(|path| path.is_dir()) {
            let images: Vec<PathBuf> = listing(&folder)?.into_iter().filter(|path| is_still(path)).collect();
            if images.len() != self.length {
                return Err(DataError::file(
                    &folder,
                    format!("holds {} images, but a sequence has {}", images.len(), self.length),
                    "complete it, or move it out of the dataset",
                ));
            }
            files.extend(images);
            count += 1;
        }
        if let Some(first) = files.first() {
            probe(first)?;
        }
        let frames = listed(files.clone(), self.frame(), true, 255.0 / self.maximum);
        Ok(Sequences { frames, count, files })
    }

    pub(super) fn of_array(&self, file: Mapped) -> Result<Sequences, DataError> {
        let (path, length) = (file.path().to_owned(), self.length);
        let (count, height, width) = match *file.shape() {
            [n, t, h, w] | [n, t, 1, h, w] if t == length && n * h * w > 0 => (n, h, w),
            _ => {
                return Err(DataError::file(
                    &path,
                    format!("has shape {:?}, not [sequences, {length}, rows, columns]", file.shape()),
                    "save it in that form",
                ));
            }
        };
        let found = FrameSize {
            channels: 1,
            height,
            width,
        };
        let frames = ArrayFrames::new(file, found, false, self.frame(), self.maximum);
        Ok(Sequences {
            frames: Arc::new(frames),
            count,
            files: vec![path],
        })
    }
}

/// The parts that a dataset comes in. What is missing is taken from the end of the training sequences.
pub(super) struct Parts {
    pub(super) train: Sequences,
    pub(super) validation: Option<Sequences>,
    pub(super) test: Vec<Sequences>,
}

impl Parts {
    /// The training and validation parts of a folder, files of which have one of `extensions`; without a training part all
    /// that is there trains.
    pub(super) fn find(
        folder: &Path,
        extensions: &[&str],
        open: impl Fn(&Path) -> Result<Sequences, DataError>,
    ) -> Result<Self, DataError> {
        let part = |names: &[&str]| part(folder, names, extensions).map(|path| open(&path)).transpose();
        let train = part(&["train"])?;
        let validation = match train {
            Some(_) => part(&["validation", "valid", "val"])?,
            None => None,
        };
        Ok(Self {
            train: train.map_or_else(|| open(folder), Ok)?,
            validation,
            test: Vec::new(),
        })
    }
}

/// Makes clips of the first frames of every sequence.
pub(super) fn splits(folder: &Path, parts: Parts, form: &Form, config: &DataConfig) -> Result<Splits, DataError> {
    let [height, width] = form.size;
    let clip = config.clip(1, height, width)?;
    if clip.frames() > form.length {
        return Err(DataError::config(
            "future",
            format!(
                "is {} after {} past frames, but a sequence has {}",
                clip.future, clip.past, form.length
            ),
            "use fewer",
        ));
    }
    let Parts {
        train,
        validation,
        test,
    } = parts;
    let mut end = train.count;
    let mut kept = |count: usize| {
        let start = end.saturating_sub(count);
        let range = start..end;
        end = start;
        range
    };
    let clips = |sequences: &Sequences, range: std::ops::Range<usize>| {
        let starts = range.map(|number| number * form.length).collect();
        Numbered::clips(&sequences.frames, starts, clip)
    };
    let published = config.protocol == Protocol::OpenStl;
    let (test_clips, test_name) = match test.as_slice() {
        [] => {
            let range = kept(config.test_clips);
            let name = format!("the last {} training sequences", range.len());
            (clips(&train, range), name)
        }
        [one] => (clips(one, 0..one.count), "the test sequences".to_owned()),
        several => (joined(several, form, clip), "all test sequences".to_owned()),
    };
    let (validation_clips, validation_name) = match &validation {
        _ if published => (Arc::clone(&test_clips), "the test sequences".to_owned()),
        Some(sequences) => (
            clips(sequences, 0..sequences.count),
            "the validation sequences".to_owned(),
        ),
        None => {
            let range = kept(config.validation_clips);
            let name = format!("{} sequences from the end of those that train the rest", range.len());
            (clips(&train, range), name)
        }
    };
    let train_clips = clips(&train, 0..end);
    let files: Vec<PathBuf> = [&train]
        .into_iter()
        .chain(&validation)
        .chain(&test)
        .flat_map(|part| part.files.clone())
        .collect();
    let description = format!("validation: {validation_name}; test: {test_name}");
    let clips = [train_clips, validation_clips, test_clips];
    numbered::splits(folder, clips, config, ("sequences 1", &files), description)
}

/// The clips of several sets of sequences, one set after the other.
fn joined(several: &[Sequences], form: &Form, clip: ClipShape) -> Arc<dyn foreframe_data::ClipSource> {
    let frames = several
        .iter()
        .map(|part| (Arc::clone(&part.frames), part.count * form.length))
        .collect();
    let count: usize = several.iter().map(|part| part.count).sum();
    let joined: Arc<dyn FrameSource> = Arc::new(crate::numbered::Joined::new(frames));
    Numbered::clips(&joined, (0..count).map(|number| number * form.length).collect(), clip)
}

/// The part of a dataset by one of its names, as a folder or a file.
pub(super) fn part(folder: &Path, names: &[&str], extensions: &[&str]) -> Option<PathBuf> {
    let candidates = names.iter().flat_map(|name| {
        let files = extensions
            .iter()
            .map(move |extension| folder.join(format!("{name}.{extension}")));
        std::iter::once(folder.join(name)).chain(files)
    });
    candidates.into_iter().find(|path| path.exists())
}
