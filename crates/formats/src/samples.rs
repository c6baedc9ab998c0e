//! Small files of every kind, whole, for tests of readers.

pub mod checksums;
pub mod fields;

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, RgbImage, RgbaImage};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A folder with a program `ffmpeg` that plays back what lies beside the video, so that tests need no decoder.
pub const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");

/// A `.npy` file.
pub fn npy(kind: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let padding = (10 + header.len() + 1).next_multiple_of(64) - (10 + header.len() + 1);
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &len, header.as_bytes(), values].concat()
}

/// A `.npy` file of `f32`.
pub fn float_array(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let shape: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy("<f4", &format!("({shape})"), &bytes)
}

/// 6 frames of 4x4 floats.
pub fn floats() -> Vec<u8> {
    let values: Vec<u8> = (0..96u8).flat_map(|value| f32::from(value).to_le_bytes()).collect();
    npy("<f4", "(6, 4, 4)", &values)
}

/// `.npy` files of several types.
pub fn arrays() -> Vec<Vec<u8>> {
    let doubles: Vec<u8> = (0..48u8).flat_map(|value| f64::from(value).to_be_bytes()).collect();
    vec![
        floats(),
        npy(">f8", "(3, 1, 4, 4)", &doubles),
        npy("|u1", "(2, 3, 1, 2, 5)", &(0..60).collect::<Vec<u8>>()),
    ]
}

/// Two arrays in an archive, packed and not.
pub fn archives() -> Vec<Vec<u8>> {
    let arrays = [("x", floats()), ("y", floats())];
    [false, true].map(|packed| archive(&arrays, packed)).to_vec()
}

/// A `.npz` archive of `.npy` files by name, packed or not.
pub fn archive(arrays: &[(&str, Vec<u8>)], packed: bool) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let method = if packed {
        CompressionMethod::Deflated
    } else {
        CompressionMethod::Stored
    };
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// 8 images of 6x6 in the format of MNIST, packed and not.
pub fn digits() -> Vec<Vec<u8>> {
    let mut file = vec![0, 0, 8, 3, 0, 0, 0, 8, 0, 0, 0, 6, 0, 0, 0, 6];
    file.extend((0..8 * 36).map(|pixel| pixel as u8));
    let packed = gzip(&file);
    vec![file, packed]
}

/// An IDX file of `count` images of `side` x `side`, every pixel of image `i` being `i + 1`.
pub fn idx_file(count: u8, side: u8) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3];
    for size in [count, side, side] {
        file.extend(u32::from(size).to_be_bytes());
    }
    for image in 1..=count {
        file.extend(std::iter::repeat_n(image, usize::from(side) * usize::from(side)));
    }
    file
}

/// `bytes`, packed.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A picture in every format.
pub fn stills() -> Vec<Vec<u8>> {
    let picture = RgbImage::from_fn(9, 7, |x, y| image::Rgb([20 * x as u8, 30 * y as u8, 7]));
    let color = DynamicImage::ImageRgb8(picture);
    let gray = DynamicImage::ImageLuma8(color.to_luma8());
    let encoded = |picture: &DynamicImage, format| {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    };
    vec![
        encoded(&gray, ImageFormat::Png),
        encoded(&color, ImageFormat::Png),
        encoded(&gray, ImageFormat::Jpeg),
        encoded(&color, ImageFormat::Jpeg),
        encoded(&color, ImageFormat::Bmp),
        encoded(&gray, ImageFormat::Tiff),
        encoded(&color, ImageFormat::Tiff),
        encoded(&color, ImageFormat::WebP),
    ]
}

/// Animated GIFs.
pub fn animations() -> Vec<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    for frame in 0..3u8 {
        let picture = RgbaImage::from_fn(8, 6, |x, y| image::Rgba([30 * x as u8, 40 * y as u8, frame, 255]));
        encoder.encode_frame(Frame::new(picture)).unwrap();
    }
    drop(encoder);
    vec![file]
}
