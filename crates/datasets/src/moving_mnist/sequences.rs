//! The published test clips.

use std::path::Path;

use foreframe_core::ClipShape;

use foreframe_data::at_least;
use foreframe_data::{ClipSource, DataConfig, DataError};
use foreframe_formats::npy::Mapped;

/// The published test set, `[20, 10000, 64, 64]` bytes: time comes first. In color `[20, 10000, 64, 64, 3]`.
pub(super) struct Sequences {
    file: Mapped,
    shape: ClipShape,
    clips: usize,
}

impl Sequences {
    pub(super) fn open(path: &Path, config: &DataConfig, shape: ClipShape) -> Result<Self, DataError> {
        let file = Mapped::open(path)?;
        let (time, clips, height, width) = match (file.shape(), shape.channels) {
            (&[time, clips, height, width], 1) => (time, clips, height, width),
            (&[time, clips, height, width, 3], 3) => (time, clips, height, width),
            (other, channels) => {
                let color = if channels == 3 { ", 3" } else { "" };
                return Err(DataError::file(
                    path,
                    format!("has shape {other:?}, not [20, 10000, 64, 64{color}]"),
                    "fetch the published file, or move it away to test on clips made here",
                ));
            }
        };
        if !file.value_type().is_byte() || clips == 0 {
            return Err(DataError::file(
                path,
                format!(
                    "holds {clips} clips of values of type {}, not of bytes",
                    file.value_type()
                ),
                "fetch the published file, or move it away to test on clips made here",
            ));
        }
        if shape.frames() > time || [shape.height, shape.width] != [height, width] {
            return Err(DataError::file(
                path,
                format!("holds clips of {time} frames of {height}x{width}, but the configuration asks for {shape}"),
                "change data.past, data.future or data.size, or move the file away to test on clips made here",
            ));
        }
        at_least("test_clips", config.test_clips, 1)?;
        let clips = clips.min(config.test_clips);
        Ok(Self { file, shape, clips })
    }
}

impl ClipSource for Sequences {
    fn shape(&self) -> ClipShape {
        self.shape
    }

    fn len(&self) -> usize {
        self.clips
    }

    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        assert!(index < self.clips, "clip {index} of {}", self.clips);
        assert_eq!(frames.len(), self.shape.clip_len(), "room for one clip");
        let len = self.shape.frame_len();
        for (time, frame) in frames.chunks_exact_mut(len).enumerate() {
            let start = (time * self.file.shape()[1] + index) * len;
            if self.shape.channels == 1 {
                self.file.read(start, frame);
                continue;
            }
            let mut pixels = vec![0.0; len];
            self.file.read(start, &mut pixels);
            let planes = (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3));
            frame.iter_mut().zip(planes).for_each(|(to, from)| *to = *from);
        }
        frames.iter_mut().for_each(|value| *value /= 255.0);
        Ok(())
    }
}
