//! Small files of every kind, whole.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, RgbImage, RgbaImage};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A `.npy` file.
pub(crate) fn npy(kind: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let padding = (10 + header.len() + 1).next_multiple_of(64) - (10 + header.len() + 1);
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &len, header.as_bytes(), values].concat()
}

/// 6 frames of 4x4 floats.
pub(crate) fn floats() -> Vec<u8> {
    let values: Vec<u8> = (0..96u8).flat_map(|value| f32::from(value).to_le_bytes()).collect();
    npy("<f4", "(6, 4, 4)", &values)
}

pub(crate) fn arrays() -> Vec<Vec<u8>> {
    let doubles: Vec<u8> = (0..48u8).flat_map(|value| f64::from(value).to_be_bytes()).collect();
    vec![
        floats(),
        npy(">f8", "(3, 1, 4, 4)", &doubles),
        npy("|u1", "(2, 3, 1, 2, 5)", &(0..60).collect::<Vec<u8>>()),
    ]
}

pub(crate) fn archives() -> Vec<Vec<u8>> {
    [CompressionMethod::Stored, CompressionMethod::Deflated]
        .into_iter()
        .map(|method| {
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            let options = SimpleFileOptions::default().compression_method(method);
            for name in ["x.npy", "y.npy"] {
                writer.start_file(name, options).unwrap();
                writer.write_all(&floats()).unwrap();
            }
            writer.finish().unwrap().into_inner()
        })
        .collect()
}

/// The manifest that `data convert` writes beside [`floats`].
pub(crate) fn manifests() -> Vec<Vec<u8>> {
    let text = r#"{"version": 1, "shape": [6, 4, 4], "sha256": "00", "stretches": [{"frames": 4, "start":
        "2010-08-26T00:00:00Z"}, {"frames": 2}], "missing_share": 0.0, "least": 0.0, "greatest": 95.0, "mean": 47.5,
        "source": "rain", "fingerprint": "content:0", "settings": {}}"#;
    vec![text.replace("[6, 4, 4]", "[6, 1, 4, 4]").into_bytes()]
}

/// 8 images of 6x6 in the format of MNIST, packed and not.
pub(crate) fn digits() -> Vec<Vec<u8>> {
    let mut file = vec![0, 0, 8, 3, 0, 0, 0, 8, 0, 0, 0, 6, 0, 0, 0, 6];
    file.extend((0..8 * 36).map(|pixel| pixel as u8));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&file).unwrap();
    vec![file, packed.finish().unwrap()]
}

/// A picture in every format.
pub(crate) fn stills() -> Vec<Vec<u8>> {
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

pub(crate) fn animations() -> Vec<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = GifEncoder::new(&mut file);
    for frame in 0..3u8 {
        let picture = RgbaImage::from_fn(8, 6, |x, y| image::Rgba([30 * x as u8, 40 * y as u8, frame, 255]));
        encoder.encode_frame(Frame::new(picture)).unwrap();
    }
    drop(encoder);
    vec![file]
}

/// Two samples of the CIKM competition, all of them dry.
pub(crate) fn radar_text() -> Vec<Vec<u8>> {
    let line = "train_1,2.5,".to_owned() + &"0 ".repeat(15 * 4 * 101 * 101);
    vec![(line.clone() + "\n" + &line + "\n").into_bytes()]
}

/// A list of clips of Human3.6M.
pub(crate) fn lists() -> Vec<Vec<u8>> {
    vec![b"images/S1_a_,1,9\nimages/S1_a_,2,9\n\nimages/S2_a_,1,9\n".to_vec()]
}

pub(crate) fn configurations() -> Vec<Vec<u8>> {
    let text = "name = \"files\"\npast = 1\nfuture = 1\nstride = 1\nstep = 1\nsplit = \"time\"\nvalidation_share = 0.3\n\
        test_share = 0.3\nnormalize = \"z-score\"\ncrop = [0, 0, 4, 4]\npool = 1\nmissing = 0\nseed = 3\n\
        noise = \"box\"\nnoise_box = 2\nlinks = \"skip\"\n";
    vec![text.as_bytes().to_vec()]
}

pub(crate) fn dataset_manifests() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../manifests/moving-mnist.toml").to_vec()]
}
