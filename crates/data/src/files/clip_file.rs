//! Whole clips of one file, as it came.

use std::path::{Path, PathBuf};

use super::discover::discover;
use super::frames::Frames;
use super::recording::Recording;
use crate::{DataConfig, DataError, Missing, Scaling};

/// The clips of a file of forecasts, or of what happened: all of its recordings, which are equally long.
pub struct ClipFile {
    path: PathBuf,
    frames: Frames,
    /// Frames of a clip.
    len: usize,
}

impl ClipFile {
    /// Opens anything that [`DataConfig::path`] may name, read as `[data]` says; only an animation is decoded yet.
    /// `[N, T, C, H, W]` are N clips, `[T, C, H, W]` and `[T, H, W]` are one. Values stay as they are in the file unless
    /// `config.normalize` is [`Scaling::Scale`]; missing ones are NaN unless `config.missing` replaces them.
    ///
    /// # Errors
    /// Names the file that cannot be read, or whose recordings are not equally long.
    pub fn open(path: &Path, config: &DataConfig) -> Result<Self, DataError> {
        let config = DataConfig {
            normalize: match config.normalize {
                Scaling::Scale => Scaling::Scale,
                _ => Scaling::None,
            },
            missing: config.missing.or(Some(Missing::Mask)),
            start: None,
            time_step: None,
            ..config.clone()
        };
        let recordings = discover(path, &config)?;
        let lengths = || recordings.iter().map(Recording::frames);
        let len = recordings[0].frames();
        if let Some(other) = lengths().find(|other| *other != len) {
            return Err(DataError::file(
                path,
                format!(
                    "holds {} recordings, one of {len} frames and one of {other}",
                    recordings.len()
                ),
                "save clips of equal length, e.g. as one array [N, T, C, H, W]",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            frames: Frames::new(recordings, &config)?,
            len,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `[clips, frames, channels, height, width]`
    pub fn shape(&self) -> [usize; 5] {
        let size = self.frames.size();
        let clips = self.frames.recordings().len();
        [clips, self.len, size.channels, size.height, size.width]
    }

    /// Whether it is an array of 8-bit values, which networks are shown divided by 255.
    pub fn holds_bytes(&self) -> bool {
        let first = self.frames.recordings()[0].value_type();
        first.is_some_and(|value_type| value_type.is_byte())
    }

    /// Reads clip number `clip`, `[frames, channels, height, width]`.
    ///
    /// # Errors
    /// Names the file and what is wrong with it, or the place of an infinite value.
    ///
    /// # Panics
    /// If there is no such clip.
    pub fn read(&self, clip: usize) -> Result<Vec<f32>, DataError> {
        let frame = self.frames.size().values();
        let mut values = vec![0.0; self.len * frame];
        for (number, values) in values.chunks_exact_mut(frame).enumerate() {
            self.frames.read(clip, number, values)?;
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_formats::npy::write_array;

    #[test]
    fn clips_are_read_as_they_are_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips.npy");
        let mut values: Vec<f32> = (0..24).map(|value| value as f32).collect();
        values[13] = f32::NAN;
        write_array(&path, &[2, 3, 1, 2, 2], &values).unwrap();
        let file = ClipFile::open(&path, &DataConfig::default()).unwrap();
        assert_eq!((file.shape(), file.holds_bytes()), ([2, 3, 1, 2, 2], false));
        assert_eq!(file.read(0).unwrap(), values[..12]);
        let second = file.read(1).unwrap();
        assert!(second[1].is_nan());
        assert_eq!(second[2..], values[14..]);
        write_array(&path, &[6, 2, 2], &values).unwrap();
        assert_eq!(
            ClipFile::open(&path, &DataConfig::default()).unwrap().shape(),
            [1, 6, 1, 2, 2]
        );
        values[13] = f32::INFINITY;
        write_array(&path, &[2, 3, 1, 2, 2], &values).unwrap();
        let file = ClipFile::open(&path, &DataConfig::default()).unwrap();
        let error = file.read(1).unwrap_err().to_string();
        assert!(error.contains("clip 1, frame 0, channel 0, row 0, column 1"), "{error}");
    }

    #[test]
    fn clips_of_different_lengths_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (name, frames) in [("a.npy", 2), ("b.npy", 3)] {
            write_array(&folder.path().join(name), &[frames, 1, 1, 1], &vec![0.0; frames]).unwrap();
        }
        let error = ClipFile::open(folder.path(), &DataConfig::default()).err().unwrap();
        let error = error.to_string();
        assert!(
            error.contains("holds 2 recordings, one of 2 frames and one of 3"),
            "{error}"
        );
    }
}
