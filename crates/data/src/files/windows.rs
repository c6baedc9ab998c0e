//! Clips cut out of recordings.

use std::sync::Arc;

use foreframe_core::ClipShape;

use super::frames::Frames;
use super::split::Range;
use crate::{ClipSource, DataConfig, DataError, Normalization};

/// The clips of one split.
pub(super) struct Windows {
    frames: Arc<Frames>,
    ranges: Vec<Range>,
    /// Number of clips in the ranges up to and including each.
    ends: Vec<usize>,
    stride: usize,
    step: usize,
    shape: ClipShape,
    normalization: Normalization,
}

impl Windows {
    pub(super) fn new(
        frames: Arc<Frames>,
        ranges: Vec<Range>,
        config: &DataConfig,
        window: usize,
        shape: ClipShape,
        normalization: Normalization,
    ) -> Self {
        let mut clips = 0;
        let count = |range: &Range| {
            clips += range.clips(window, config.stride);
            clips
        };
        Self {
            ends: ranges.iter().map(count).collect(),
            frames,
            ranges,
            stride: config.stride,
            step: config.step,
            shape,
            normalization,
        }
    }

    /// The recording of a clip, and its first frame there.
    fn place(&self, index: usize) -> (usize, usize) {
        assert!(index < self.len(), "clip {index} of {}", self.len());
        let which = self.ends.partition_point(|end| *end <= index);
        let before = if which == 0 { 0 } else { self.ends[which - 1] };
        let range = self.ranges[which];
        (range.recording, range.start + (index - before) * self.stride)
    }
}

impl ClipSource for Windows {
    fn shape(&self) -> ClipShape {
        self.shape
    }

    fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    fn times(&self, index: usize) -> Option<Vec<i64>> {
        let (recording, start) = self.place(index);
        (0..self.shape.frames())
            .map(|time| self.frames.time(recording, start + time * self.step))
            .collect()
    }

    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        assert_eq!(frames.len(), self.shape.clip_len(), "room for one clip");
        let (recording, start) = self.place(index);
        for (time, frame) in frames.chunks_exact_mut(self.shape.frame_len()).enumerate() {
            self.frames.read(recording, start + time * self.step, frame)?;
        }
        self.normalization.normalize(frames, &self.shape);
        Ok(())
    }
}
