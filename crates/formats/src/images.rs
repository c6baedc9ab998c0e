//! Frames as images: folders of stills and animated GIFs, read and written.
//!
//! Brightness is 0..1 whatever the depth of the file. Gray images have one channel, all others three; transparency is
//! dropped. Stills are taken in natural order of their names: `frame-2` before `frame-10`.

mod animation;
pub mod pnm;
mod still;
mod tiff;
mod write;

use std::path::Path;

pub use animation::read_animation;
pub use still::{decode, is_image, is_still, probe};
pub use write::write_frames;

use crate::FormatError;
use crate::frame::same_size;
use crate::names::{Numbering, describe_gap, listing, numbering};
use crate::npy::Array;

/// Reads the frames of a folder of stills or of an animated GIF.
///
/// # Shapes
/// - output: `[T, channels, height, width]` in 0..1
///
/// # Errors
/// Names the file that cannot be read or decoded, or that differs from the first in size or color.
pub fn read_frames(path: &Path) -> Result<Array, FormatError> {
    if !path.is_dir() {
        let (size, values) = read_animation(path)?;
        let frames = values.len() / size.values();
        return Ok(Array {
            shape: vec![frames, size.channels, size.height, size.width],
            values,
        });
    }
    let files = listing(path)?
        .into_iter()
        .filter(|file| is_still(file))
        .collect::<Vec<_>>();
    let Some(first) = files.first() else {
        return Err(FormatError::file(
            path,
            "holds no image",
            "name a folder of PNG, JPEG, PGM, PPM, BMP, TIFF or WebP files",
        ));
    };
    if let Numbering::Regular(gaps) = numbering(&files)
        && let Some(newest) = gaps.last()
    {
        tracing::warn!(
            "{} gaps in the numbers or times of the images in `{}`, the newest from {}: every image is taken for the next frame",
            gaps.len(),
            path.display(),
            describe_gap(&files[newest - 1], &files[*newest])
        );
    }
    let (size, mut values) = decode(first)?;
    for file in &files[1..] {
        let (found, frame) = decode(file)?;
        same_size(first, size, file, found)?;
        values.extend(frame);
    }
    Ok(Array {
        shape: vec![files.len(), size.channels, size.height, size.width],
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn ramp(shape: [usize; 4]) -> Array {
        let len = shape.iter().product::<usize>();
        Array {
            shape: shape.to_vec(),
            values: (0..len).map(|value| (value % 256) as f32 / 255.0).collect(),
        }
    }

    #[test]
    fn folders_and_animations_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        for (name, shape) in [
            ("gray", [11, 1, 4, 6]),
            ("color", [2, 3, 4, 5]),
            ("gray.gif", [3, 1, 4, 6]),
        ] {
            let path = folder.path().join(name);
            let frames = ramp(shape);
            write_frames(&path, &frames).unwrap();
            assert_eq!(read_frames(&path).unwrap(), frames, "{name}");
        }
        let names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('.'))
            .collect();
        assert_eq!(names, Vec::<String>::new(), "partial output was left");
    }

    #[test]
    fn values_outside_the_range_are_clipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let frames = Array {
            shape: vec![1, 1, 1, 3],
            values: vec![-0.5, 0.2, 7.0],
        };
        write_frames(&path, &frames).unwrap();
        assert_eq!(read_frames(&path).unwrap().values, [0.0, 0.2, 1.0]);
        assert!(
            write_frames(&path, &frames)
                .unwrap_err()
                .to_string()
                .contains("is not empty")
        );
        let two_channels = Array {
            shape: vec![1, 2, 1, 1],
            values: vec![0.0; 2],
        };
        let error = write_frames(&folder.path().join("b"), &two_channels)
            .unwrap_err()
            .to_string();
        assert!(error.contains("2 channels") && error.contains(".npy"), "{error}");
    }

    #[test]
    fn bad_images_are_named_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, shape| write_frames(&folder.path().join(name), &ramp(shape)).unwrap();
        let message = |name: &str| read_frames(&folder.path().join(name)).unwrap_err().to_string();
        let stray = |name: &str| folder.path().join("good").join(name);
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(message("empty").contains("holds no image"));
        assert!(message("absent.gif").contains("check the path"));

        write("good", [1, 1, 4, 6]);
        write("wide", [1, 1, 4, 8]);
        write("red", [1, 3, 4, 6]);
        let good = fs::read(stray("frame-0000.png")).unwrap();
        for (name, bytes, expected) in [
            ("cut.png", good[..good.len() / 2].to_vec(), "cut.png` cannot be decoded"),
            ("empty.png", vec![], "empty.png` cannot be decoded"),
            ("text.png", b"no image at all".to_vec(), "text.png` cannot be decoded"),
            (
                "huge.png",
                with_declared_width(&good, 0x7fff_ffff),
                "huge.png` cannot be decoded",
            ),
            (
                "wide.png",
                fs::read(folder.path().join("wide/frame-0000.png")).unwrap(),
                "wide.png` is 4x8",
            ),
            (
                "red.png",
                fs::read(folder.path().join("red/frame-0000.png")).unwrap(),
                "red.png` is in color",
            ),
        ] {
            fs::write(stray(name), bytes).unwrap();
            let message = message("good");
            assert!(message.contains(expected), "{message}");
            fs::remove_file(stray(name)).unwrap();
        }
        fs::create_dir(stray("folder.png")).unwrap();
        assert!(message("good").contains("folder.png"), "{}", message("good"));
    }

    /// The same PNG with another width in its header, checksum made right.
    fn with_declared_width(png: &[u8], width: u32) -> Vec<u8> {
        let mut png = png.to_vec();
        png[16..20].copy_from_slice(&width.to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(&png[12..29]);
        png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        png
    }
}
