//! Frames that lie in one array.

use super::FrameSource;
use foreframe_data::DataError;
use foreframe_data::resample::{ResampleKernel, resample};
use foreframe_formats::FrameSize;
use foreframe_formats::npy::Mapped;

/// The frames of a mapped array, the slowest axes of which count them.
pub(crate) struct ArrayFrames {
    file: Mapped,
    /// As it is in the file.
    found: FrameSize,
    channels_last: bool,
    size: FrameSize,
    divisor: f32,
}

impl ArrayFrames {
    /// Frames of the size `found` in the file become frames of `size`; values are divided by `divisor`.
    ///
    /// # Panics
    /// If a frame does not fit into the array a whole number of times.
    pub(crate) fn new(file: Mapped, found: FrameSize, channels_last: bool, size: FrameSize, divisor: f32) -> Self {
        assert_eq!(file.len() % found.values(), 0, "an array of frames of {found:?}");
        Self {
            file,
            found,
            channels_last,
            size,
            divisor,
        }
    }

    /// Number of frames.
    pub(crate) fn len(&self) -> usize {
        self.file.len() / self.found.values()
    }
}

impl FrameSource for ArrayFrames {
    fn read(&self, number: usize, values: &mut [f32]) -> Result<(), DataError> {
        let len = self.found.values();
        let mut raw = vec![0.0; len];
        self.file.read(number * len, &mut raw);
        if self.channels_last {
            let channels = self.found.channels;
            raw = (0..channels)
                .flat_map(|channel| raw.iter().skip(channel).step_by(channels).copied())
                .collect();
        }
        if let Some(index) = raw.iter().position(|value| !value.is_finite()) {
            let plane = self.found.height * self.found.width;
            let (channel, row, column) = (
                index / plane,
                index % plane / self.found.width,
                index % self.found.width,
            );
            return Err(DataError::not_finite(
                self.file.path(),
                format!("frame {number}, channel {channel}, row {row}, column {column}"),
                raw[index],
            ));
        }
        if self.found == self.size {
            values.copy_from_slice(&raw);
        } else {
            resample(&raw, self.found, values, self.size, ResampleKernel::Linear);
        }
        if self.divisor != 1.0 {
            values.iter_mut().for_each(|value| *value /= self.divisor);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_formats::npy::write_array;

    #[test]
    fn frames_are_found_scaled_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write_array(
            &path,
            &[2, 1, 2, 3],
            &[1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., f32::NAN],
        )
        .unwrap();
        let found = FrameSize {
            channels: 3,
            height: 1,
            width: 2,
        };
        let frames = ArrayFrames::new(Mapped::open(&path).unwrap(), found, true, found, 2.0);
        assert_eq!(frames.len(), 2);
        let mut values = [0.0; 6];
        frames.read(0, &mut values).unwrap();
        assert_eq!(values, [0.5, 2.0, 1.0, 2.5, 1.5, 3.0]);
        let error = frames.read(1, &mut values).unwrap_err().to_string();
        assert!(
            error.contains("a.npy` holds NaN at frame 1, channel 2, row 0, column 1"),
            "{error}"
        );
        let half = FrameSize {
            channels: 3,
            height: 1,
            width: 1,
        };
        let frames = ArrayFrames::new(Mapped::open(&path).unwrap(), found, true, half, 1.0);
        let mut values = [0.0; 3];
        frames.read(0, &mut values).unwrap();
        assert_eq!(values, [2.5, 3.5, 4.5]);
    }
}
