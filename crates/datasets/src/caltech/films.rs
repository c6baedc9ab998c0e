//! Caltech's films as they were published: `set06/V000.seq` and so on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Part;
use crate::numbered::{ArrayFrames, FrameSource, Joined, Mark, walk_back};
use foreframe_data::DataError;
use foreframe_data::resample::{ResampleKernel, resample};
use foreframe_formats::FormatError;
use foreframe_formats::FrameSize;
use foreframe_formats::names::listing;
use foreframe_formats::npy::Mapped;
use foreframe_formats::npz::{is_newer, unpacked};
use foreframe_formats::video::{Color, Ffmpeg, is_video};

/// The films of the published test.
const SETS: [&str; 5] = ["set06", "set07", "set08", "set09", "set10"];
/// Every third frame is taken: 10 of 30 in a second.
const EVERY: usize = 3;
/// Rows and columns of a frame.
const SIZE: [usize; 2] = [128, 160];

/// The films below a folder, or below its folder `caltech`, in natural order.
pub(super) fn find(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    for folder in [folder.join("caltech"), folder.to_owned()] {
        let mut films = Vec::new();
        for set in SETS.map(|set| folder.join(set)).iter().filter(|set| set.is_dir()) {
            films.extend(
                listing(set)?
                    .into_iter()
                    .filter(|path| is_video(path) && path.is_file()),
            );
        }
        if !films.is_empty() {
            return Ok(films);
        }
    }
    Ok(Vec::new())
}

/// The clips of films, found as those of KITTI are: backwards from the end of each, one after the other.
pub(super) fn part(films: &[PathBuf], frames: usize, decoder: &Ffmpeg) -> Result<Part, DataError> {
    let [height, width] = SIZE;
    let size = FrameSize {
        channels: 3,
        height,
        width,
    };
    let mut parts: Vec<(Arc<dyn FrameSource>, usize)> = Vec::new();
    let mut marks = Vec::new();
    for (recording, film) in films.iter().enumerate() {
        let array = decoded(film, decoder)?;
        if array.shape().get(1..) != Some(&[3, height, width]) {
            return Err(DataError::file(
                array.path(),
                "is not what was decoded",
                format!("remove it, so that `{}` is decoded again", film.display()),
            ));
        }
        let found = ArrayFrames::new(array, size, false, size, 255.0);
        marks.extend((0..found.len()).map(|number| Mark {
            recording: recording as u32,
            number: number as u32,
            back: frames as u32,
        }));
        let len = found.len();
        parts.push((Arc::new(found), len));
    }
    Ok(Part {
        frames: Arc::new(Joined::new(parts)),
        starts: walk_back(&marks, frames),
        size: SIZE,
    })
}

/// Maps every third frame of a film, 128 rows high and cut to the 160 columns in the middle, decoded unless it has been.
fn decoded(film: &Path, decoder: &Ffmpeg) -> Result<Mapped, DataError> {
    let made = unpacked(film, "every-third-128x160.npy");
    if !is_newer(&made, film) {
        let mut number = 0;
        decoder.write_array(film, Color::Rgb, &made, |size, pixels| {
            let is_taken = number % EVERY == 0;
            number += 1;
            if !is_taken {
                return Ok((size, Vec::new()));
            }
            let small = reduced(size, pixels).ok_or_else(|| {
                FormatError::file(
                    film,
                    format!("has frames of {}x{}, which are no 4:3", size.height, size.width),
                    "use the published films",
                )
            })?;
            let [height, width] = SIZE;
            Ok((FrameSize { height, width, ..size }, small))
        })?;
    }
    Ok(Mapped::open(&made)?)
}

/// A frame of 128 rows, low-pass filtered, and of it the 160 columns in the middle. `None` where there are fewer.
///
/// # Shapes
/// - `pixels`: `[height, width, 3]`
/// - output: `[128, 160, 3]`
fn reduced(size: FrameSize, pixels: &[u8]) -> Option<Vec<u8>> {
    let [height, width] = SIZE;
    let wide = (size.width as f64 * height as f64 / size.height as f64).round() as usize;
    let left = wide.checked_sub(width)? / 2;
    let planes: Vec<f32> = (0..size.channels)
        .flat_map(|channel| pixels.iter().skip(channel).step_by(size.channels))
        .map(|value| f32::from(*value))
        .collect();
    let to = FrameSize {
        height,
        width: wide,
        ..size
    };
    let mut scaled = vec![0.0; to.values()];
    resample(&planes, size, &mut scaled, to, ResampleKernel::Triangle);
    let plane = height * wide;
    let pixel = |at: usize, channel: usize| scaled[channel * plane + at].round().clamp(0.0, 255.0) as u8;
    let places = (0..height).flat_map(|row| (0..width).map(move |column| row * wide + left + column));
    Some(
        places
            .flat_map(|at| (0..size.channels).map(move |channel| (at, channel)))
            .map(|(at, channel)| pixel(at, channel))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_scaled_to_the_height_and_cut_in_the_middle() {
        // 480x640 become 128x171, of which columns 5 to 165 are kept: red grows with the column, green with the row.
        let size = FrameSize {
            channels: 3,
            height: 480,
            width: 640,
        };
        let pixels: Vec<u8> = (0..480 * 640)
            .flat_map(|at| [(at % 640 * 255 / 639) as u8, (at / 640 * 255 / 479) as u8, 9])
            .collect();
        let small = reduced(size, &pixels).unwrap();
        assert_eq!(small.len(), 128 * 160 * 3);
        let expected = |column: f64| (column + 0.5) * 640.0 / 171.0 * 255.0 / 640.0;
        for (at, column) in [(0, 5.0), (100, 105.0), (159, 164.0)] {
            let red = f64::from(small[(64 * 160 + at) * 3]);
            assert!((red - expected(column)).abs() < 1.5, "{red} at {at}");
        }
        assert!(
            small[127 * 160 * 3 + 1] > 250 && small[1] < 5 && small.iter().skip(2).step_by(3).all(|blue| *blue == 9)
        );
        let narrow = FrameSize { width: 480, ..size };
        assert_eq!(reduced(narrow, &pixels[..480 * 480 * 3]), None);
    }
}
