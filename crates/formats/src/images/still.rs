//! Single images.

use std::fs;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::pnm;
use super::tiff::lists_fit;
use crate::FormatError;
use crate::claims::{are_plausible, most_decoding};
use crate::frame::{FrameSize, LONGEST_SIDE};
use crate::names::has_extension;

const STILLS: [&str; 9] = ["png", "jpg", "jpeg", "pgm", "ppm", "bmp", "tif", "tiff", "webp"];
/// Whether the name is that of a single image.
pub fn is_still(path: &Path) -> bool {
    has_extension(path, &STILLS)
}

/// Whether the name is that of an image or an animation.
pub fn is_image(path: &Path) -> bool {
    is_still(path) || has_extension(path, &["gif"])
}

fn is_pnm(path: &Path) -> bool {
    has_extension(path, &["pgm", "ppm"])
}

/// Limits of a decoder for a file of `bytes` bytes.
pub(super) fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = limits.max_alloc.map(|most| most.min(most_decoding(bytes)));
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits
}

pub(super) fn undecodable(path: &Path) -> impl FnOnce(image::ImageError) -> FormatError + '_ {
    move |cause| {
        FormatError::file(
            path,
            format!("cannot be decoded: {cause}"),
            "remove it, or export it again",
        )
    }
}

fn decoder(path: &Path) -> Result<impl ImageDecoder, FormatError> {
    let mut reader = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(FormatError::io("read", path))?;
    let mut file = fs::File::open(path).map_err(FormatError::io("read", path))?;
    let bytes = file.metadata().map_err(FormatError::io("read", path))?.len();
    if !lists_fit(&mut file, bytes).map_err(FormatError::io("read", path))? {
        return Err(FormatError::file(
            path,
            format!("cannot be decoded: it announces more than its {bytes} bytes can hold"),
            "remove it, or export it again",
        ));
    }
    reader.limits(limits(bytes));
    let decoder = reader.into_decoder().map_err(undecodable(path))?;
    check_claim(path, bytes, size_of(&decoder))?;
    Ok(decoder)
}

/// Refuses frames that a file of `bytes` bytes cannot hold.
pub(super) fn check_claim(path: &Path, bytes: u64, size: FrameSize) -> Result<(), FormatError> {
    let values = [size.channels, size.height, size.width]
        .iter()
        .try_fold(1u64, |values, side| values.checked_mul(*side as u64));
    if values.is_some_and(|values| values > 0 && are_plausible(bytes, values, 1)) {
        return Ok(());
    }
    Err(FormatError::file(
        path,
        format!(
            "claims frames of {}x{}, which a file of {bytes} bytes cannot hold",
            size.height, size.width
        ),
        "export it again, with frames of a sensible size",
    ))
}

fn size_of(decoder: &impl ImageDecoder) -> FrameSize {
    let (width, height) = decoder.dimensions();
    FrameSize {
        channels: if decoder.color_type().has_color() { 3 } else { 1 },
        height: height as usize,
        width: width as usize,
    }
}

/// Reads the size from the header alone.
pub fn probe(path: &Path) -> Result<FrameSize, FormatError> {
    if is_pnm(path) {
        return pnm::probe(path);
    }
    decoder(path).map(|decoder| size_of(&decoder))
}

/// Reads one frame, `[channels, height, width]` in 0..1.
pub fn decode(path: &Path) -> Result<(FrameSize, Vec<f32>), FormatError> {
    if is_pnm(path) {
        return pnm::decode(path);
    }
    let decoder = decoder(path)?;
    let size = size_of(&decoder);
    let image = DynamicImage::from_decoder(decoder).map_err(undecodable(path))?;
    if size.channels == 1 {
        return Ok((size, image.to_luma32f().into_raw()));
    }
    let interleaved = image.into_rgb32f().into_raw();
    let mut planes = Vec::with_capacity(interleaved.len());
    for channel in 0..3 {
        planes.extend(interleaved.iter().skip(channel).step_by(3));
    }
    Ok((size, planes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayAlphaImage, ImageBuffer, Luma, RgbImage};

    #[test]
    fn every_depth_becomes_brightness() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        ImageBuffer::<Luma<u16>, _>::from_raw(2, 1, vec![0u16, 13107])
            .unwrap()
            .save(&path)
            .unwrap();
        assert_eq!(decode(&path).unwrap().1, [0.0, 0.2]);
        GrayAlphaImage::from_raw(1, 1, vec![51, 7])
            .unwrap()
            .save(&path)
            .unwrap();
        assert_eq!(
            (probe(&path).unwrap().channels, decode(&path).unwrap().1),
            (1, vec![0.2])
        );
        RgbImage::from_raw(1, 2, vec![0, 51, 102, 153, 204, 255])
            .unwrap()
            .save(&path)
            .unwrap();
        assert_eq!(decode(&path).unwrap().1, [0.0, 0.6, 0.2, 0.8, 0.4, 1.0]);
        assert!(is_still(Path::new("A.JPEG")) && !is_still(Path::new("a.gif")) && is_image(Path::new("a.gif")));
    }
}
