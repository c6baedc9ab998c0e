//! Pictures are decoded again and compared with the frames they were made of.

use std::io::BufReader;

use foreframe_report::{Frames, ReportError, Sample, write_error_map, write_gif, write_strip};
use image::codecs::gif::GifDecoder;
use image::metadata::LoopCount;
use image::{AnimationDecoder, Rgba, RgbaImage};

/// Frames whose pixel (x, y) of channel c is `f(t, c, y, x)`.
fn frames(size: [usize; 4], f: impl Fn(usize, usize, usize, usize) -> f32) -> Vec<f32> {
    let [time, channels, height, width] = size;
    (0..time * channels * height * width)
        .map(|i| {
            f(
                i / (channels * height * width),
                i / (height * width) % channels,
                i / width % height,
                i % width,
            )
        })
        .collect()
}

fn of(values: &[f32], [time, channels, height, width]: [usize; 4]) -> Frames<'_> {
    Frames {
        values,
        time,
        channels,
        height,
        width,
    }
}

fn decode(path: &std::path::Path) -> Vec<RgbaImage> {
    let decoder = GifDecoder::new(BufReader::new(std::fs::File::open(path).unwrap())).unwrap();
    assert!(matches!(decoder.loop_count(), LoopCount::Infinite));
    decoder
        .into_frames()
        .map(|frame| frame.unwrap().into_buffer())
        .collect()
}

const VIRIDIS_LOW: Rgba<u8> = Rgba([68, 1, 84, 255]);
const VIRIDIS_HIGH: Rgba<u8> = Rgba([253, 231, 37, 255]);
const INFERNO_LOW: Rgba<u8> = Rgba([0, 0, 4, 255]);
const INFERNO_HIGH: Rgba<u8> = Rgba([252, 255, 164, 255]);
/// Top left of the first panel, and from one panel of 256 pixels to the next.
const FIRST: (u32, u32) = (16, 70);
const STEP: u32 = 256 + 12;

#[test]
fn a_gif_shows_past_then_truth_forecast_and_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.gif");
    // The past brightens the first pixel, the truth the second, the forecast the third; the error is in both.
    let mark = |at: usize| {
        move |_, _, y, x| {
            if (y, x) == (0, at) {
                9.0
            } else {
                f32::from((y * 64 + x) as u16) / 4096.0
            }
        }
    };
    let past = frames([3, 1, 64, 64], mark(0));
    let truth = frames([2, 1, 64, 64], mark(1));
    let forecast = frames([2, 1, 64, 64], mark(2));
    let (past, forecast) = (of(&past, [3, 1, 64, 64]), of(&forecast, [2, 1, 64, 64]));
    let sample = Sample {
        past,
        truth: Some(of(&truth, [2, 1, 64, 64])),
        forecast,
        range: (0.0, 9.0),
    };
    write_gif(&path, &sample, "ustep · moving-digits · clip 0").unwrap();

    let pictures = decode(&path);
    assert_eq!(pictures.len(), 5);
    // Every value is a square of 4 x 4 pixels, exact to its corners.
    let pixel = |step: usize, panel: u32, x: u32| {
        let square = |dx: u32, dy: u32| *pictures[step].get_pixel(FIRST.0 + panel * STEP + 4 * x + dx, FIRST.1 + dy);
        assert_eq!(square(0, 0), square(3, 3));
        square(0, 0)
    };
    assert_eq!(pictures[0].width(), 2 * 16 + 4 * 256 + 3 * 12);
    assert_eq!((pixel(0, 0, 0), pixel(0, 0, 1)), (VIRIDIS_HIGH, VIRIDIS_LOW));
    assert_eq!(
        (pixel(4, 1, 1), pixel(4, 2, 2), pixel(4, 2, 1)),
        (VIRIDIS_HIGH, VIRIDIS_HIGH, VIRIDIS_LOW)
    );
    assert_eq!(
        (pixel(4, 3, 0), pixel(4, 3, 1), pixel(4, 3, 2)),
        (INFERNO_LOW, INFERNO_HIGH, INFERNO_HIGH)
    );
    // Before the first lead time there is nothing to show in the other panels.
    assert_eq!(pixel(2, 1, 1), pixel(2, 3, 7));
    assert_ne!(pixel(2, 1, 1), pixel(3, 1, 1));
}

#[test]
fn a_gif_without_truth_has_two_panels_and_takes_odd_sizes() {
    let folder = tempfile::tempdir().unwrap();
    for size in [[1, 2, 5, 3], [2, 3, 8, 300], [1, 1, 1, 1]] {
        let path = folder.path().join("clip.gif");
        let values = frames(size, |_, channel, _, _| channel as f32);
        let sample = Sample {
            past: of(&values, size),
            truth: None,
            forecast: of(&values, size),
            range: (0.0, 0.0),
        };
        write_gif(&path, &sample, "a title that is longer than two narrow panels are wide").unwrap();
        let pictures = decode(&path);
        assert_eq!(pictures.len(), 2 * size[0]);
        let zoom = ((256 + size[3].max(size[2]) / 2) / size[3].max(size[2])) as u32;
        assert_eq!(pictures[0].width(), 2 * 16 + 12 + 2 * (size[3] as u32 * zoom).max(132));
    }
}

#[test]
fn a_strip_has_a_column_per_step_and_color_images_keep_their_colors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.png");
    let size = |time| [time, 3, 56, 56];
    let color = |time: usize, channel: usize| if channel == time % 3 { 1.0 } else { 0.0 };
    let past = frames(size(2), |time, channel, _, _| color(time, channel));
    let truth = frames(size(30), |time, channel, _, _| color(time, channel));
    let forecast = frames(size(30), |_, _, _, x| if x == 0 { f32::NAN } else { 1.0 });
    let (past, forecast) = (of(&past, size(2)), of(&forecast, size(30)));
    let sample = Sample {
        past,
        truth: Some(of(&truth, size(30))),
        forecast,
        range: (0.0, 1.0),
    };
    write_strip(&path, &sample, "title").unwrap();
    let picture = image::open(&path).unwrap().into_rgb8();
    // 12 of 30 columns, 112 pixels each.
    assert_eq!(picture.width(), 2 * 16 + 72 + 12 * 116 - 4);
    let (left, past_top, truth_top) = (16 + 72, 36 + 18, 36 + 18 + 116 + 8 + 18);
    assert_eq!(picture.get_pixel(left, past_top).0, [255, 0, 0]);
    assert_eq!(picture.get_pixel(left + 116, past_top).0, [0, 255, 0]);
    assert_eq!(
        picture.get_pixel(left + 11 * 116, truth_top).0,
        [0, 0, 255],
        "the last column is the last frame"
    );
    assert_eq!(picture.get_pixel(left, truth_top + 116).0, [255, 0, 200], "NaN");
    assert_eq!(picture.get_pixel(left + 2, truth_top + 116).0, [255, 255, 255]);

    let errors = frames([1, 2, 64, 64], |_, channel, y, x| {
        if (y, x) == (1, 1) { 2.0 + channel as f32 } else { 0.0 }
    });
    write_error_map(&path, &of(&errors, [1, 2, 64, 64]), "title").unwrap();
    let picture = image::open(&path).unwrap().into_rgba8();
    for panel in 0..2 {
        assert_eq!(*picture.get_pixel(16 + 4 + panel * STEP, 60 + 4), INFERNO_HIGH);
        assert_eq!(*picture.get_pixel(16 + 8 + panel * STEP, 60 + 4), INFERNO_LOW);
    }
}

#[test]
fn frames_that_do_not_fit_and_folders_that_are_missing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").join("clip.gif");
    let values = [0.5; 16];
    let fine = of(&values, [1, 1, 4, 4]);
    let sample = Sample {
        past: fine,
        truth: Some(fine),
        forecast: fine,
        range: (0.0, 1.0),
    };
    let message = write_gif(&path, &sample, "").unwrap_err().to_string();
    assert!(
        message.contains("cannot write") && message.contains("clip.gif"),
        "{message}"
    );
    let wrong = of(&values, [1, 1, 2, 8]);
    for (sample, word) in [
        (
            Sample {
                forecast: wrong,
                ..sample
            },
            "forecast has [1, 2, 8]",
        ),
        (
            Sample {
                truth: Some(wrong),
                ..sample
            },
            "truth has",
        ),
        (
            Sample {
                past: of(&values, [2, 1, 4, 4]),
                ..sample
            },
            "past holds 16 values",
        ),
        (
            Sample {
                range: (0.0, f32::NAN),
                ..sample
            },
            "NaN",
        ),
    ] {
        let error = write_strip(&folder.path().join("clip.png"), &sample, "").unwrap_err();
        assert!(
            matches!(error, ReportError::Frames(_)) && error.to_string().contains(word),
            "{error}"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing partial is left"
    );
}
