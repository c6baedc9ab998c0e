//! Animated GIFs.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, ImageDecoder};

use super::still::{check_claim, limits, undecodable};
use crate::FormatError;
use crate::frame::FrameSize;

/// An animation is held in memory, up to this many values (1 GiB); beyond this it belongs into an `.npy` file, which is
/// not.
const MOST_VALUES: usize = 1 << 28;

/// Reads all frames, `[T, channels, height, width]` in 0..1; one channel where every pixel of every frame is gray.
pub fn read_animation(path: &Path) -> Result<(FrameSize, Vec<f32>), FormatError> {
    let file = File::open(path).map_err(FormatError::io("read", path))?;
    let metadata = file.metadata().map_err(FormatError::io("read", path))?;
    if metadata.is_dir() {
        return Err(FormatError::file(path, "is a folder", "name a .gif file"));
    }
    let mut decoder = GifDecoder::new(BufReader::new(file)).map_err(undecodable(path))?;
    let (width, height) = decoder.dimensions();
    let in_color = FrameSize {
        channels: 3,
        height: height as usize,
        width: width as usize,
    };
    check_claim(path, metadata.len(), in_color)?;
    decoder.set_limits(limits(metadata.len())).map_err(undecodable(path))?;
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for frame in decoder.into_frames() {
        let rgba = frame.map_err(undecodable(path))?.into_buffer();
        frames.push(rgba.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect());
        if frames.len() * in_color.values() > MOST_VALUES {
            return Err(FormatError::file(
                path,
                format!(
                    "has more than {} frames of {height}x{width}, too much to hold in memory",
                    frames.len() - 1
                ),
                "convert it to an .npy file of shape [T, C, H, W]",
            ));
        }
    }
    if frames.is_empty() {
        return Err(FormatError::file(path, "holds no frame", "export it again"));
    }
    let gray = frames.iter().all(|frame| {
        frame
            .chunks_exact(3)
            .all(|pixel| pixel[0] == pixel[1] && pixel[0] == pixel[2])
    });
    let size = FrameSize {
        channels: if gray { 1 } else { 3 },
        ..in_color
    };
    let mut values = Vec::with_capacity(frames.len() * size.values());
    for frame in &frames {
        for channel in 0..size.channels {
            values.extend(
                frame
                    .iter()
                    .skip(channel)
                    .step_by(3)
                    .map(|value| f32::from(*value) / 255.0),
            );
        }
    }
    Ok((size, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::write_frames;
    use crate::npy::Array;
    use std::fs;

    #[test]
    fn bad_animations_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        let message = || read_animation(&path).unwrap_err().to_string();
        fs::create_dir(&path).unwrap();
        assert!(message().contains("a.gif` is a folder"));
        fs::remove_dir(&path).unwrap();
        write_frames(
            &path,
            &Array {
                shape: vec![2, 1, 8, 8],
                values: vec![0.5; 128],
            },
        )
        .unwrap();
        let whole = fs::read(&path).unwrap();
        let mut huge = whole.clone();
        huge[6..10].copy_from_slice(&[0xff; 4]);
        let header_only = whole[..13].to_vec();
        for (bytes, expected) in [
            (Vec::new(), "cannot be decoded"),
            (b"GIF89a".to_vec(), "cannot be decoded"),
            (whole[..whole.len() - 12].to_vec(), "cannot be decoded"),
            (huge, "claims frames of 65535x65535"),
            (header_only, "a.gif"),
        ] {
            fs::write(&path, bytes).unwrap();
            assert!(message().contains(expected), "{}", message());
        }
    }
}
