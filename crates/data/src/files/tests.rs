use super::*;
use crate::{ClipSource, Scaling, SplitBy};
use foreframe_formats::images::write_frames;
use foreframe_formats::npy::{Array, write_array};
use foreframe_formats::samples::{archive, float_array as npy};
use std::fs;

fn config(path: &Path) -> DataConfig {
    DataConfig {
        path: Some(path.to_owned()),
        past: 2,
        future: 1,
        normalize: Scaling::None,
        ..DataConfig::default()
    }
}

/// `frames` frames of 2x2, every value of frame `t` being `offset + t`.
fn ramp(frames: usize, offset: usize) -> Vec<f32> {
    (0..frames).flat_map(|time| [(offset + time) as f32; 4]).collect()
}

fn write(path: &Path, shape: &[usize], values: &[f32]) {
    write_array(path, shape, values).unwrap();
}

/// The first value of every frame of every clip.
fn clips(source: &Arc<dyn ClipSource>) -> Vec<Vec<f32>> {
    let shape = source.shape();
    let mut frames = vec![f32::NAN; shape.clip_len()];
    let first = |index| {
        source.read(3, index, &mut frames).unwrap();
        frames.chunks(shape.frame_len()).map(|frame| frame[0]).collect()
    };
    (0..source.len()).map(first).collect()
}

fn message(config: &DataConfig) -> String {
    open(config).unwrap_err().to_string()
}

#[test]
fn one_recording_becomes_windows_that_no_border_cuts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    write(&path, &[30, 2, 2], &ramp(30, 0));
    let config = DataConfig {
        stride: 2,
        step: 2,
        test_share: 0.2,
        validation_share: 0.2,
        ..config(&path)
    };
    let splits = open(&config).unwrap();
    let starts: Vec<Vec<f32>> = [0., 2., 4., 6., 8., 10., 12.]
        .map(|start| vec![start, start + 2., start + 4.])
        .to_vec();
    assert_eq!(clips(&splits.train), starts);
    assert_eq!(clips(&splits.validation), [[18., 20., 22.]]);
    assert_eq!(clips(&splits.test), [[24., 26., 28.]]);
    assert_eq!(splits.clip, foreframe_core::ClipShape::new([2, 1, 1, 2, 2]));
    assert!(splits.fingerprint.as_str().starts_with("sha256:"));
}

#[test]
fn arrays_of_clips_and_folders_of_arrays_are_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.npy");
    let values: Vec<f32> = (0..5).flat_map(|clip| ramp(4, 100 * clip)).collect();
    write(&path, &[5, 4, 1, 2, 2], &values);
    let expected = [
        [0., 1., 2.],
        [1., 2., 3.],
        [100., 101., 102.],
        [101., 102., 103.],
        [200., 201., 202.],
        [201., 202., 203.],
    ];
    assert_eq!(clips(&open(&config(&path)).unwrap().train), expected);
    assert_eq!(
        clips(&open(&config(&path)).unwrap().test),
        [[400., 401., 402.], [401., 402., 403.]]
    );

    let many = folder.path().join("many");
    fs::create_dir(&many).unwrap();
    for clip in [0usize, 1, 2, 10, 11] {
        write(
            &many.join(format!("day{clip}.npy")),
            &[4, 1, 2, 2],
            &ramp(4, 100 * clip),
        );
    }
    fs::write(many.join(".day3.npy.77.part"), b"unfinished").unwrap();
    fs::write(many.join("readme.txt"), b"about").unwrap();
    let splits = open(&config(&many)).unwrap();
    assert_eq!(clips(&splits.train), expected);
    assert_eq!(clips(&splits.test), [[1100., 1101., 1102.], [1101., 1102., 1103.]]);
}

#[test]
fn an_array_of_an_archive_is_chosen_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let rain = || ("rain", npy(&[12, 2, 2], &ramp(12, 5)));
    fs::write(&path, archive(&[rain()], true)).unwrap();
    assert_eq!(clips(&open(&config(&path)).unwrap().train)[0], [5., 6., 7.]);
    fs::write(&path, archive(&[("hours", npy(&[12], &[0.0; 12])), rain()], false)).unwrap();
    let several = message(&config(&path));
    assert!(
        several.contains("a.npz` holds several arrays: hours, rain: choose one with data.variable"),
        "{several}"
    );
    let named = |name: &str| DataConfig {
        variable: Some(name.to_owned()),
        ..config(&path)
    };
    assert_eq!(clips(&open(&named("rain")).unwrap().test), [[14., 15., 16.]]);
    assert!(message(&named("hours")).contains("has shape [12], 1 axes"));
    assert!(message(&named("snow")).contains("holds no array `snow`; there is hours, rain"));
    fs::write(&path, archive(&[], false)).unwrap();
    assert!(message(&config(&path)).contains("holds no array"));
    fs::write(&path, b"PK").unwrap();
    assert!(message(&config(&path)).contains("cannot be read as an .npz archive"));
    // A folder of them is as one of .npy files.
    fs::remove_dir_all(folder.path().join("a.npz.unpacked")).unwrap();
    for (name, first) in [("a", 0), ("b", 100), ("c", 200)] {
        let bytes = archive(&[("rain", npy(&[3, 2, 2], &ramp(3, first)))], true);
        fs::write(folder.path().join(format!("{name}.npz")), bytes).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(clips(&open(&config(folder.path())).unwrap().test), [[200., 201., 202.]]);
    }
}

#[test]
fn images_are_recordings_too() {
    let folder = tempfile::tempdir().unwrap();
    let frames = |count: usize| Array {
        shape: vec![count, 1, 2, 2],
        values: (0..4 * count).map(|at| (at / 4) as f32 / 255.0).collect(),
    };
    write_frames(&folder.path().join("one"), &frames(12)).unwrap();
    write_frames(&folder.path().join("one.gif"), &frames(12)).unwrap();
    fs::create_dir(folder.path().join("many")).unwrap();
    for name in ["a", "b", "c"] {
        write_frames(&folder.path().join("many").join(name), &frames(3)).unwrap();
    }
    for name in ["one", "one.gif"] {
        let splits = open(&config(&folder.path().join(name))).unwrap();
        let all = [clips(&splits.train), clips(&splits.validation), clips(&splits.test)].concat();
        assert_eq!(all.len(), 4 + 1 + 1, "{name}");
        assert_eq!(all[5], [9. / 255., 10. / 255., 11. / 255.]);
        // Decoded images are kept; a second reading yields the same.
        assert_eq!(clips(&splits.test), all[5..]);
    }
    let splits = open(&config(&folder.path().join("many"))).unwrap();
    assert_eq!(
        [splits.train.len(), splits.validation.len(), splits.test.len()],
        [1, 1, 1]
    );
}

#[test]
fn statistics_come_from_the_training_split_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let mut values = ramp(20, 0);
    values[16 * 4..].fill(1e6);
    write(&path, &[20, 2, 2], &values);
    let normalized = |normalize, split| {
        let config = DataConfig {
            normalize,
            split,
            ..config(&path)
        };
        let splits = open(&config).unwrap();
        (clips(&splits.train), splits.normalization)
    };
    let (train, normalization) = normalized(Scaling::MinMax, SplitBy::Time);
    assert_eq!((normalization.mean, normalization.std), (vec![0.0], vec![13.0]));
    assert_eq!(train[0], [0.0, 1.0 / 13.0, 2.0 / 13.0]);
    let (train, normalization) = normalized(Scaling::Auto, SplitBy::Time);
    // numpy.std(range(14))
    assert!((normalization.mean[0] - 6.5).abs() < 1e-6 && (normalization.std[0] - 4.031_129).abs() < 1e-5);
    assert!((train[0][0] + 6.5 / 4.031_129).abs() < 1e-5);
    assert_eq!(normalized(Scaling::Scale, SplitBy::Time).0[0], [0.0, 1.0, 2.0]);
}

#[test]
fn bytes_are_read_as_brightness() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bytes.npy");
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (9, 1, 1), }";
    let header = [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(text.len() as u16).to_le_bytes(),
        text.as_bytes(),
    ]
    .concat();
    fs::write(&path, [header, (0..9).map(|time| time * 15).collect()].concat()).unwrap();
    for (normalize, unit) in [(Scaling::Auto, 255.0), (Scaling::Scale, 255.0), (Scaling::None, 1.0)] {
        let config = DataConfig {
            normalize,
            ..config(&path)
        };
        let splits = open(&config).unwrap();
        assert_eq!(splits.normalization, crate::Normalization::identity());
        assert_eq!(
            clips(&splits.test),
            [[6. * 15. / unit, 7. * 15. / unit, 8. * 15. / unit]]
        );
    }
}

#[test]
fn values_that_are_not_finite_are_found_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let mut values = ramp(24, 0);
    values[4 * 13 + 3] = f32::NAN;
    write(&path, &[2, 12, 1, 2, 2], &values);
    let mut config = config(&path);
    config.split = SplitBy::Time;
    let splits = open(&config).unwrap();
    let mut frames = vec![0.0; splits.clip.clip_len()];
    let bad: Vec<String> = (0..splits.train.len())
        .filter_map(|index| splits.train.read(0, index, &mut frames).err())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(bad.len(), 2, "{bad:?}");
    assert!(
        bad[0].contains("a.npy` holds NaN at clip 1, frame 1, channel 0, row 1, column 1"),
        "{}",
        bad[0]
    );
    config.normalize = Scaling::ZScore;
    assert_eq!(message(&config), bad[0]);
}

#[test]
fn frames_of_another_size_are_resampled_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    for (name, side) in [("a", 2), ("b", 4), ("c", 2)] {
        let frames = Array {
            shape: vec![3, 1, side, side],
            values: vec![0.2; 3 * side * side],
        };
        write_frames(&folder.path().join(name), &frames).unwrap();
    }
    let mut config = config(folder.path());
    let refusal = message(&config);
    assert!(
        refusal.contains("/b` is 4x4") && refusal.contains("data.resize = [2, 2]"),
        "{refusal}"
    );
    config.resize = Some([3, 3]);
    let splits = open(&config).unwrap();
    assert_eq!((splits.clip.height, splits.clip.width), (3, 3));
    assert_eq!(clips(&splits.validation), [[0.2; 3]]);
    config.resize = Some([0, 3]);
    assert!(message(&config).contains("data.resize"));
}

#[test]
fn what_cannot_be_read_is_named_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let refused = |path: &Path| message(&config(path));
    assert!(
        message(&DataConfig {
            path: None,
            ..config(Path::new(""))
        })
        .contains("`data.path` is missing")
    );
    assert!(refused(&at("absent.npy")).contains("absent.npy"));
    fs::create_dir(at("empty")).unwrap();
    assert!(refused(&at("empty")).contains("holds nothing that can be read: name a .npy, .npz, HDF5 or NetCDF file"));
    fs::write(at("speech.mp3"), b"ID3").unwrap();
    assert!(refused(&at("speech.mp3")).contains("is of a kind that cannot be read"));
    for (shape, expected) in [
        (vec![8, 8], "2 axes: save it as [T, H, W]"),
        (vec![0, 8, 8], "no values at all"),
        (vec![5, 8, 8, 3], "moveaxis"),
        (vec![2, 1025, 5, 5], "swapaxes"),
        (vec![4, 2, 2], "leaves 0 frames for the validation split"),
        (
            vec![2, 2, 2],
            "has 2 frames at most in one recording, but a clip of 2 past and 1 future frames at step 1 spans 3",
        ),
    ] {
        let len = shape.iter().product();
        write(&at("a.npy"), &shape, &vec![0.0; len]);
        let refusal = refused(&at("a.npy"));
        assert!(refusal.contains(expected) && refusal.contains("a.npy"), "{refusal}");
    }
    write(&at("empty/a.npy"), &[9, 2, 2], &ramp(9, 0));
    write(&at("empty/b.npy"), &[9, 2, 2, 2], &[0.0; 72]);
    assert!(refused(&at("empty")).contains("b.npy` has 2 channels but"));
    fs::remove_file(at("empty/b.npy")).unwrap();
    fs::write(at("empty/c.png"), b"").unwrap();
    assert!(refused(&at("empty")).contains("mixes different kinds of files"));
    assert!(refused(&at("empty/c.png")).contains("is a single image"));
}

#[test]
fn no_clip_crosses_a_missing_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    let frames = Array {
        shape: vec![9, 1, 2, 2],
        values: (0..9).flat_map(|time| [time as f32 / 255.0; 4]).collect(),
    };
    write_frames(&path, &frames).unwrap();
    fs::remove_file(path.join("frame-0004.png")).unwrap();
    let config = DataConfig {
        split: SplitBy::None,
        ..config(&path)
    };
    let numbers = |clip: Vec<f32>| {
        clip.iter()
            .map(|value| (255.0 * value).round() as u8)
            .collect::<Vec<u8>>()
    };
    let splits = open(&config).unwrap();
    let seen: Vec<Vec<u8>> = clips(&splits.test).into_iter().map(numbers).collect();
    assert_eq!(seen, [[0, 1, 2], [1, 2, 3], [5, 6, 7], [6, 7, 8]]);
    assert_eq!((splits.train.len(), splits.validation.len()), (0, 0));
    let (found, _) = inspect(&config, 4, 1).unwrap();
    assert_eq!(found.gaps, ["frame-0003.png to frame-0005.png"]);
    assert_eq!((found.recordings, found.frames), (2, 8));
}
