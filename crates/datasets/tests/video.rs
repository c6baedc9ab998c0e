//! Videos as data, with `programs/ffmpeg` in place of `ffmpeg` on the PATH. One test, as it changes the environment of its process.
#![cfg(unix)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use foreframe_data::{DataConfig, Dataset, Splits, files};
use foreframe_formats::npy::write_array;

/// A video of gray frames; every pixel of frame `t` is `first + t`.
fn video(path: &Path, [height, width]: [usize; 2], frames: u8, first: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, b"a video").unwrap();
    for (codec, magic, channels) in [("pgm", "P5", 1), ("ppm", "P6", 3)] {
        let mut bytes = Vec::new();
        for frame in 0..frames {
            bytes.extend(format!("{magic}\n{width} {height}\n255\n").into_bytes());
            bytes.extend(vec![first + frame; height * width * channels]);
        }
        fs::write(format!("{}.{codec}.out", path.display()), bytes).unwrap();
    }
}

fn open(dataset: &Dataset, path: &Path, [past, future]: [usize; 2]) -> Splits {
    let config = DataConfig {
        path: Some(path.to_owned()),
        past,
        future,
        ..(dataset.defaults)()
    };
    (dataset.open)(&config).unwrap()
}

/// 255 times the first value of every frame of a clip of a split.
fn first_values(split: &dyn foreframe_data::ClipSource, index: usize) -> Vec<f32> {
    let shape = split.shape();
    let mut frames = vec![f32::NAN; shape.clip_len()];
    split.read(0, index, &mut frames).unwrap();
    frames
        .chunks(shape.frame_len())
        .map(|frame| (frame[0] * 255.0).round())
        .collect()
}

#[test]
fn videos_are_data() {
    let folder = tempfile::tempdir().unwrap();
    let below = |path: &str| -> PathBuf { folder.path().join(path) };
    let clips = below("clips");
    for (name, first) in [("1.avi", 10), ("2.mp4", 20), ("10.mkv", 30)] {
        video(&clips.join(name), [2, 3], 4, first);
    }
    let config = DataConfig {
        path: Some(clips.clone()),
        ..(foreframe_datasets::files().defaults)()
    };
    // SAFETY: no other thread of this process reads or changes the environment.
    unsafe { env::set_var("PATH", "/nonexistent") };
    let message = (foreframe_datasets::files().open)(&config).unwrap_err().to_string();
    assert!(
        message.contains("1.avi` is a video, and there is no `ffmpeg`"),
        "{message}"
    );

    let programs = foreframe_formats::samples::PROGRAMS;
    // SAFETY: as above.
    unsafe { env::set_var("PATH", format!("{programs}:/usr/bin:/bin")) };

    // A folder of clips: each a recording, in natural order, gray and 0..1 as images are.
    let splits = open(&foreframe_datasets::files(), &clips, [2, 1]);
    assert_eq!((splits.clip.channels, splits.clip.height, splits.clip.width), (1, 2, 3));
    assert_eq!(first_values(splits.train.as_ref(), 1), [11.0, 12.0, 13.0]);
    assert_eq!(first_values(splits.test.as_ref(), 0), [30.0, 31.0, 32.0]);
    let array = below("rain.npy");
    let config = DataConfig {
        path: Some(clips.join("2.mp4")),
        ..config
    };
    let manifest = files::convert(&config, &array, |_, _| {}).unwrap();
    assert_eq!((manifest.shape, manifest.greatest), ([4, 1, 2, 3], Some(23.0 / 255.0)));

    // KTH as it was published.
    for action in ["boxing", "handclapping", "handwaving", "walking", "jogging", "running"] {
        for person in [1, 15, 17] {
            let name = format!("kth/{action}/person{person:02}_{action}_d1_uncomp.avi");
            video(&below(&name), [120, 160], 7, person);
        }
    }
    for _ in 0..2 {
        // The second time what was decoded lies there too.
        let splits = open(&foreframe_datasets::kth(), &below("kth"), [2, 1]);
        assert_eq!(
            [&splits.train, &splits.validation, &splits.test].map(|split| split.len()),
            [12; 3]
        );
        assert_eq!((splits.clip.height, splits.clip.width), (128, 128));
        assert_eq!(first_values(splits.train.as_ref(), 0), [5.0, 6.0, 7.0]);
    }

    // Caltech's films beside the arrays of KITTI.
    let kitti = below("caltech/kitticaltech_npy");
    fs::create_dir_all(&kitti).unwrap();
    write_array(
        &kitti.join("train_data.npy"),
        &[4, 128, 160, 3],
        &vec![0.5; 4 * 128 * 160 * 3],
    )
    .unwrap();
    write_array(&kitti.join("train_idx.npy"), &[2], &[0.0, 2.0]).unwrap();
    video(&below("caltech/set06/V000.seq"), [256, 342], 14, 100);
    video(&below("caltech/set06/V001.seq"), [256, 342], 6, 200);
    video(&below("caltech/set01/V000.seq"), [256, 342], 14, 0);
    let splits = open(&foreframe_datasets::caltech(), &below("caltech"), [1, 1]);
    // Every third frame: five and two of them, in clips of two from the end.
    let found: Vec<Vec<f32>> = (0..splits.test.len())
        .map(|index| first_values(splits.test.as_ref(), index))
        .collect();
    assert_eq!(found, [[200.0, 203.0], [109.0, 112.0], [103.0, 106.0]]);
}
