//! Frames that are files of images.

use std::path::PathBuf;
use std::sync::Arc;

use super::FrameSource;
use foreframe_data::DataError;
use foreframe_data::resample::{ResampleKernel, resample};
use foreframe_formats::FrameSize;
use foreframe_formats::images::decode;

/// Images, decoded when they are asked for and brought to one size.
pub(crate) struct ImageFrames<P> {
    /// The file of a frame.
    pub(crate) path: P,
    pub(crate) size: FrameSize,
    pub(crate) kernel: ResampleKernel,
    /// Whether resampled values are rounded to 8 bits, as they are where images are resized before they become floats.
    pub(crate) rounded: bool,
    /// Value of 1, the brightest in a file.
    pub(crate) scale: f32,
}

/// Listed images, gray or in color, resampled by OpenCV's bilinear kernel.
pub(crate) fn listed(paths: Vec<PathBuf>, size: FrameSize, rounded: bool, scale: f32) -> Arc<dyn FrameSource> {
    Arc::new(ImageFrames {
        path: move |number: usize| paths[number].clone(),
        size,
        kernel: ResampleKernel::Linear,
        rounded,
        scale,
    })
}

impl<P: Fn(usize) -> PathBuf + Send + Sync> FrameSource for ImageFrames<P> {
    fn read(&self, number: usize, values: &mut [f32]) -> Result<(), DataError> {
        let path = (self.path)(number);
        let (mut found, mut raw) = decode(&path)?;
        if self.size.channels == 1 {
            // Of gray images that were stored in color all channels are the same.
            raw.truncate(found.height * found.width);
            found.channels = 1;
        } else if found.channels != self.size.channels {
            return Err(DataError::file(
                &path,
                "is gray, not in color",
                "use the published files",
            ));
        }
        if found == self.size {
            values.copy_from_slice(&raw);
        } else {
            resample(&raw, found, values, self.size, self.kernel);
            if self.rounded {
                let round = |value: &mut f32| *value = (*value * 255.0).round().clamp(0.0, 255.0) / 255.0;
                values.iter_mut().for_each(round);
            }
        }
        if self.scale != 1.0 {
            values.iter_mut().for_each(|value| *value *= self.scale);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, RgbImage};

    #[test]
    fn images_of_any_size_become_frames_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let read = |channels, width, kernel, rounded, scale| {
            let size = FrameSize {
                channels,
                height: 1,
                width,
            };
            let path = path.clone();
            let frames = ImageFrames {
                path: move |_| path.clone(),
                size,
                kernel,
                rounded,
                scale,
            };
            let mut values = vec![f32::NAN; size.values()];
            frames.read(0, &mut values).map(|()| values)
        };
        GrayImage::from_raw(3, 1, vec![0, 0, 255]).unwrap().save(&path).unwrap();
        assert_eq!(read(1, 3, ResampleKernel::Linear, false, 1.0).unwrap(), [0.0, 0.0, 1.0]);
        assert_eq!(read(1, 3, ResampleKernel::Linear, false, 2.0).unwrap(), [0.0, 0.0, 2.0]);
        // A cubic kernel overshoots, which bytes cannot.
        assert!(
            read(1, 6, ResampleKernel::Cubic, false, 1.0)
                .unwrap()
                .iter()
                .any(|value| *value < 0.0)
        );
        let rounded = read(1, 6, ResampleKernel::Cubic, true, 1.0).unwrap();
        assert!(
            rounded
                .iter()
                .all(|value| (0.0..=1.0).contains(value) && (value * 255.0).fract() == 0.0),
            "{rounded:?}"
        );
        let error = read(3, 3, ResampleKernel::Linear, false, 1.0).unwrap_err().to_string();
        assert!(error.contains("a.png` is gray"), "{error}");
        RgbImage::from_raw(1, 1, vec![51, 102, 0]).unwrap().save(&path).unwrap();
        assert_eq!(read(1, 1, ResampleKernel::Linear, false, 1.0).unwrap(), [0.2]);
        assert_eq!(read(3, 1, ResampleKernel::Linear, false, 1.0).unwrap(), [0.2, 0.4, 0.0]);
        std::fs::write(&path, b"").unwrap();
        assert!(
            read(1, 1, ResampleKernel::Linear, false, 1.0)
                .unwrap_err()
                .to_string()
                .contains("cannot be decoded")
        );
    }
}
