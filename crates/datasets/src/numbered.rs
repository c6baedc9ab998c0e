//! Frames that are numbered through, and clips that begin at listed ones: what published datasets are made of.

mod array;
mod images;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

pub(crate) use array::ArrayFrames;
pub(crate) use images::{ImageFrames, listed};
pub(crate) use walk::{Mark, walk_back};

use foreframe_data::fingerprint::fingerprint;
use foreframe_data::noise::disturb;
use foreframe_data::{ClipSource, DataConfig, DataError, Normalization, Splits};
use foreframe_formats::FrameSize;

/// Frames by number.
pub(crate) trait FrameSource: Send + Sync {
    /// Reads one frame, `[channels, height, width]` of a clip, in physical units. Values that are not finite are errors.
    fn read(&self, number: usize, values: &mut [f32]) -> Result<(), DataError>;
}

/// Clips that begin at the frames `starts` and take every `step`-th from there.
pub(crate) struct Numbered {
    pub(crate) frames: Arc<dyn FrameSource>,
    pub(crate) starts: Vec<usize>,
    pub(crate) step: usize,
    pub(crate) shape: ClipShape,
    pub(crate) normalization: Normalization,
    /// When frame 0 was taken, in seconds since 1970, and seconds from one to the next, where that is known.
    pub(crate) clock: Option<(i64, i64)>,
}

impl Numbered {
    /// Clips of neighboring frames that are normalized when they are read.
    pub(crate) fn clips(frames: &Arc<dyn FrameSource>, starts: Vec<usize>, shape: ClipShape) -> Arc<dyn ClipSource> {
        Arc::new(Self {
            frames: Arc::clone(frames),
            starts,
            step: 1,
            shape,
            normalization: Normalization::identity(),
            clock: None,
        })
    }
}

impl ClipSource for Numbered {
    fn shape(&self) -> ClipShape {
        self.shape
    }

    fn len(&self) -> usize {
        self.starts.len()
    }

    fn times(&self, index: usize) -> Option<Vec<i64>> {
        let (first, seconds) = self.clock?;
        let number = |time: usize| (self.starts[index] + time * self.step) as i64;
        Some(
            (0..self.shape.frames())
                .map(|time| first + number(time) * seconds)
                .collect(),
        )
    }

    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        assert_eq!(frames.len(), self.shape.clip_len(), "room for one clip");
        let start = self.starts[index];
        for (time, frame) in frames.chunks_exact_mut(self.shape.frame_len()).enumerate() {
            self.frames.read(start + time * self.step, frame)?;
        }
        self.normalization.normalize(frames, &self.shape);
        Ok(())
    }
}

/// The size of a clip's frames.
pub(crate) fn frame_size(clip: ClipShape) -> FrameSize {
    FrameSize {
        channels: clip.channels,
        height: clip.height,
        width: clip.width,
    }
}

/// Refuses a split without a clip.
pub(crate) fn not_empty(path: &Path, split: &str, clips: usize) -> Result<(), DataError> {
    if clips > 0 {
        return Ok(());
    }
    Err(DataError::file(
        path,
        format!("leaves no clip for the {split} split"),
        "check that all files are there, or ask for shorter clips (data.past, data.future)",
    ))
}

/// The splits of a published dataset, whose values are used as they are: train, validation and test, which may be the
/// same. `generator` and `files` are what the fingerprint is made of.
pub(crate) fn splits(
    folder: &Path,
    clips: [Arc<dyn ClipSource>; 3],
    config: &DataConfig,
    (generator, files): (&str, &[PathBuf]),
    description: String,
) -> Result<Splits, DataError> {
    for (split, clips) in ["train", "validation", "test"].iter().zip(&clips) {
        not_empty(folder, split, clips.len())?;
    }
    let [train, validation, test] = clips;
    let splits = Splits {
        input: None,
        normalization: Normalization::identity(),
        clip: train.shape(),
        fingerprint: fingerprint(config, generator, files)?,
        description,
        train,
        validation,
        test,
    };
    disturb(splits, config, false)
}

/// Several sources, one after the other.
pub(crate) struct Joined {
    parts: Vec<Arc<dyn FrameSource>>,
    /// One more than the last frame of each.
    ends: Vec<usize>,
}

impl Joined {
    /// Sources with their numbers of frames.
    pub(crate) fn new(parts: Vec<(Arc<dyn FrameSource>, usize)>) -> Self {
        let mut end = 0;
        let (parts, ends) = parts
            .into_iter()
            .map(|(part, frames)| {
                end += frames;
                (part, end)
            })
            .unzip();
        Self { parts, ends }
    }
}

impl FrameSource for Joined {
    fn read(&self, number: usize, values: &mut [f32]) -> Result<(), DataError> {
        let which = self.ends.partition_point(|end| *end <= number);
        let before = if which == 0 { 0 } else { self.ends[which - 1] };
        self.parts[which].read(number - before, values)
    }
}
