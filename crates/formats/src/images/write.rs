//! Frames written as images.

use std::fs;
use std::io;
use std::path::Path;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, GrayImage, Rgb, RgbImage, Rgba, RgbaImage};

use crate::npy::Array;
use crate::{FormatError, replace};

/// Writes frames as an animation where the name ends in `.gif`, else as a folder of `frame-0000.png`, `frame-0001.png`, ...
///
/// Values are clipped to 0..1 and rounded to 8 bits. A folder must be new or empty; either output appears whole or not at
/// all.
///
/// # Shapes
/// - `frames`: `[T, channels, height, width]`, 1 or 3 channels
///
/// # Errors
/// Names the path that cannot be written, or the shape that no image can hold.
pub fn write_frames(path: &Path, frames: &Array) -> Result<(), FormatError> {
    let images = to_images(path, frames)?;
    if path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gif"))
    {
        return write_animation(path, images);
    }
    if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(FormatError::file(
            path,
            "is not empty",
            "choose another folder, or empty it",
        ));
    }
    if path.is_file() {
        return Err(FormatError::file(
            path,
            "is a file",
            "choose a folder, or a name that ends in .gif",
        ));
    }
    let part = replace::beside(path);
    let written = || -> Result<(), FormatError> {
        fs::create_dir(&part).map_err(FormatError::io("write", path))?;
        for (index, image) in images.into_iter().enumerate() {
            let file = part.join(format!("frame-{index:04}.png"));
            image.save(&file).map_err(|cause| match cause {
                image::ImageError::IoError(cause) => FormatError::io("write", path)(cause),
                other => FormatError::file(path, format!("cannot be written: {other}"), "choose another format"),
            })?;
        }
        // An empty folder of that name would be in the way on some systems; one that is not empty stops the rename.
        match fs::remove_dir(path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(FormatError::io("replace", path)(cause)),
            _ => fs::rename(&part, path).map_err(FormatError::io("write", path)),
        }
    };
    written().inspect_err(|_| {
        // Nothing may be there yet; the error that matters is the first.
        let _ = fs::remove_dir_all(&part);
    })
}

/// One frame as an image: gray for one channel, color for three.
enum Picture {
    Gray(GrayImage),
    Color(RgbImage),
}

impl Picture {
    fn save(&self, path: &Path) -> image::ImageResult<()> {
        match self {
            Self::Gray(image) => image.save(path),
            Self::Color(image) => image.save(path),
        }
    }

    fn into_rgba(self) -> RgbaImage {
        let opaque = |[r, g, b]: [u8; 3]| Rgba([r, g, b, u8::MAX]);
        match self {
            Self::Gray(image) => RgbaImage::from_fn(image.width(), image.height(), |x, y| {
                opaque([image.get_pixel(x, y)[0]; 3])
            }),
            Self::Color(image) => {
                RgbaImage::from_fn(image.width(), image.height(), |x, y| opaque(image.get_pixel(x, y).0))
            }
        }
    }
}

fn to_images(path: &Path, frames: &Array) -> Result<Vec<Picture>, FormatError> {
    let refuse = |problem: String| {
        FormatError::file(
            path,
            format!("cannot hold {problem}"),
            "write a .npy file, or frames [T, C, H, W] with 1 or 3 channels",
        )
    };
    let &[_, channels, height, width] = frames.shape.as_slice() else {
        return Err(refuse(format!("values of shape {:?}", frames.shape)));
    };
    if channels != 1 && channels != 3 {
        return Err(refuse(format!("frames of {channels} channels")));
    }
    let plane = height * width;
    let (Ok(rows), Ok(columns)) = (u32::try_from(height), u32::try_from(width)) else {
        return Err(refuse(format!("frames of {height}x{width}")));
    };
    if plane == 0 {
        return Err(refuse(format!("frames of {height}x{width}")));
    }
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    Ok(frames
        .values
        .chunks_exact(channels * plane)
        .map(|frame| {
            let at = |channel: usize, x: u32, y: u32| byte(frame[channel * plane + y as usize * width + x as usize]);
            match channels {
                1 => Picture::Gray(GrayImage::from_fn(columns, rows, |x, y| image::Luma([at(0, x, y)]))),
                _ => Picture::Color(RgbImage::from_fn(columns, rows, |x, y| {
                    Rgb([at(0, x, y), at(1, x, y), at(2, x, y)])
                })),
            }
        })
        .collect())
}

fn write_animation(path: &Path, images: Vec<Picture>) -> Result<(), FormatError> {
    replace::write(path, |writer| {
        let mut encoder = GifEncoder::new(writer);
        let frames = images.into_iter().map(|image| {
            let delay = Delay::from_numer_denom_ms(150, 1);
            Frame::from_parts(image.into_rgba(), 0, 0, delay)
        });
        encoder.set_repeat(Repeat::Infinite).map_err(io::Error::other)?;
        encoder.encode_frames(frames).map_err(|cause| match cause {
            image::ImageError::IoError(cause) => cause,
            other => io::Error::other(other),
        })
    })
}
