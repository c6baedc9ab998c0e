use super::*;
use crate::cifar::tests::batch;
use foreframe_formats::samples::{gzip, idx_file};
use std::fs;

/// Eight training digits of brightness 1 to 8, small clips.
fn folder() -> (tempfile::TempDir, DataConfig) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(format!("{TRAIN_DIGITS}.gz")), gzip(&idx_file(12, 4))).unwrap();
    let config = DataConfig {
        path: Some(folder.path().to_owned()),
        size: 16,
        past: 3,
        future: 2,
        digits: 1,
        train_clips: 50,
        validation_clips: 20,
        test_clips: 20,
        ..defaults(&MNIST)
    };
    (folder, config)
}

/// The brightnesses of the digits that a split shows.
fn seen(source: &Arc<dyn ClipSource>) -> Vec<u8> {
    let mut frames = vec![0.0; source.shape().clip_len()];
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..source.len() {
        source.read(0, index, &mut frames).unwrap();
        seen.extend(
            frames
                .iter()
                .map(|value| (value * 255.0).round() as u8)
                .filter(|value| *value > 0),
        );
    }
    seen.into_iter().collect()
}

#[test]
fn without_test_digits_some_training_digits_are_kept_apart() {
    let (_folder, config) = folder();
    let splits = open(&config, &MNIST).unwrap();
    assert_eq!(seen(&splits.train), (1..=10).collect::<Vec<_>>());
    assert_eq!((seen(&splits.validation), seen(&splits.test)), (vec![11], vec![12]));
    assert!(
        splits.description.contains("last 2 digits of train-images"),
        "{}",
        splits.description
    );
}

#[test]
fn test_digits_validate_and_test() {
    let (folder, config) = folder();
    let before = open(&config, &MNIST).unwrap().fingerprint;
    fs::write(folder.path().join(TEST_DIGITS), idx_file(4, 4)).unwrap();
    let splits = open(&config, &MNIST).unwrap();
    assert_eq!(seen(&splits.train), (1..=12).collect::<Vec<_>>());
    assert_eq!((seen(&splits.validation), seen(&splits.test)), (vec![1, 2], vec![3, 4]));
    assert_ne!(splits.fingerprint, before);
}

/// `[time, clips, size, size]` of bytes; every value is `10 * time + clip`.
fn sequences(time: u8, clips: u8, size: usize) -> Vec<u8> {
    let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({time}, {clips}, {size}, {size}), }}\n");
    let mut file = [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(text.len() as u16).to_le_bytes(),
        text.as_bytes(),
    ]
    .concat();
    for (time, clip) in (0..time).flat_map(|time| (0..clips).map(move |clip| (time, clip))) {
        file.extend(vec![10 * time + clip; size * size]);
    }
    file
}

#[test]
fn the_published_test_clips_are_used_where_they_are() {
    let (folder, mut config) = folder();
    let path = folder.path().join(MNIST.test_sequences);
    fs::write(&path, sequences(6, 3, 16)).unwrap();
    let splits = open(&config, &MNIST).unwrap();
    assert_eq!(splits.test.len(), 3);
    assert!(
        splits.description.ends_with("test: mnist_test_seq.npy"),
        "{}",
        splits.description
    );
    let mut frames = vec![0.0; splits.clip.clip_len()];
    splits.test.read(0, 2, &mut frames).unwrap();
    for (time, frame) in frames.chunks(256).enumerate() {
        assert_eq!(frame, [(10 * time + 2) as f32 / 255.0; 256]);
    }
    config.future = 4;
    let error = open(&config, &MNIST).unwrap_err().to_string();
    assert!(
        error.contains("mnist_test_seq.npy") && error.contains("data.future"),
        "{error}"
    );
    fs::write(&path, sequences(6, 3, 16).split_last().unwrap().1).unwrap();
    assert!(
        open(&config, &MNIST)
            .unwrap_err()
            .to_string()
            .contains("mnist_test_seq.npy` is truncated")
    );
}

#[test]
fn missing_and_wrong_files_name_the_remedy() {
    let (folder, mut config) = folder();
    config.size = 3;
    assert_eq!(
        open(&config, &MNIST).unwrap_err().to_string(),
        "`data.size` is 3: use 4 or more"
    );
    config.size = 16;
    fs::write(folder.path().join(TEST_DIGITS), idx_file(4, 5)).unwrap();
    assert!(
        open(&config, &MNIST)
            .unwrap_err()
            .to_string()
            .contains("5x5, those that train are 4x4")
    );
    fs::write(folder.path().join(TEST_DIGITS), b"").unwrap();
    assert!(
        open(&config, &MNIST)
            .unwrap_err()
            .to_string()
            .contains("t10k-images-idx3-ubyte` is truncated")
    );
    config.path = Some(folder.path().join("elsewhere"));
    let error = open(&config, &MNIST).unwrap_err().to_string();
    assert!(
        error.contains("elsewhere") && error.contains("foreframe data get moving-mnist"),
        "{error}"
    );
}

#[test]
fn the_published_protocol_validates_on_the_test_clips() {
    let (folder, mut config) = folder();
    config.protocol = Protocol::OpenStl;
    let splits = open(&config, &MNIST).unwrap();
    assert!(Arc::ptr_eq(&splits.validation, &splits.test));
    // Test clips made here need digits that train nothing, published ones do not.
    assert_eq!(seen(&splits.train), (1..=10).collect::<Vec<_>>());
    fs::write(folder.path().join(MNIST.test_sequences), sequences(6, 3, 16)).unwrap();
    let splits = open(&config, &MNIST).unwrap();
    assert_eq!(seen(&splits.train), (1..=12).collect::<Vec<_>>());
    assert_eq!((splits.validation.len(), splits.test.len()), (3, 3));
}

#[test]
fn white_digits_move_in_front_of_photographs_that_no_other_split_shows() {
    let (folder, mut config) = folder();
    config.size = 32;
    let error = open(&config, &CIFAR).unwrap_err().to_string();
    assert!(
        error.contains("holds no cifar-10-batches-bin/data_batch_1.bin"),
        "{error}"
    );
    fs::create_dir(folder.path().join(BATCHES)).unwrap();
    let place = |name: &str| folder.path().join(BATCHES).join(name);
    fs::write(place("data_batch_1.bin"), batch(20, 4)).unwrap();
    fs::write(place("test_batch.bin"), batch(40, 4)).unwrap();
    let splits = open(&config, &CIFAR).unwrap();
    assert_eq!(splits.clip.channels, 3);
    let photographs = |source: &Arc<dyn ClipSource>| -> Vec<u8> {
        let mut frames = vec![0.0; source.shape().clip_len()];
        let mut seen = std::collections::BTreeSet::new();
        for index in 0..source.len() {
            source.read(0, index, &mut frames).unwrap();
            for frame in frames.chunks_exact(3 * 32 * 32) {
                let bytes: Vec<u8> = frame.iter().map(|value| (value * 255.0).round() as u8).collect();
                // Red is the photograph's, green half of it, blue black; the digit is white in all three.
                // A digit of brightness 1 is not bright enough to become white.
                let white = bytes.iter().filter(|value| **value == 255).count();
                assert!([0, 3 * 4 * 4].contains(&white), "{white}");
                seen.extend(bytes[..1024].iter().copied().filter(|value| *value != 255));
                let (red, green, blue) = (bytes[0], bytes[1024], bytes[2048]);
                assert!(red == 255 || (green, blue) == (red / 2, 0), "{red} {green} {blue}");
            }
        }
        seen.into_iter().collect()
    };
    assert_eq!(photographs(&splits.train), [20, 21, 22, 23]);
    assert_eq!(photographs(&splits.validation), [40, 41]);
    assert_eq!(photographs(&splits.test), [42, 43]);
    fs::remove_file(place("test_batch.bin")).unwrap();
    let splits = open(&config, &CIFAR).unwrap();
    assert_eq!(
        (photographs(&splits.train), photographs(&splits.test)),
        (vec![20, 21], vec![23])
    );
}

#[test]
fn published_clips_in_color_have_their_channels_last() {
    let (folder, config) = folder();
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (5, 2, 16, 16, 3), }\n";
    let mut file = [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(text.len() as u16).to_le_bytes(),
        text.as_bytes(),
    ]
    .concat();
    file.extend((0..5 * 2 * 256).flat_map(|pixel| [pixel as u8, 100, 200]));
    fs::write(folder.path().join(CIFAR.test_sequences), file).unwrap();
    fs::write(folder.path().join("data_batch_1.bin"), batch(1, 6)).unwrap();
    let splits = open(&config, &CIFAR).unwrap();
    assert_eq!(splits.test.len(), 2);
    let mut frames = vec![0.0; splits.clip.clip_len()];
    splits.test.read(0, 1, &mut frames).unwrap();
    let frame = &frames[768..1536];
    assert_eq!(
        [frame[5], frame[256], frame[767]],
        [5.0 / 255.0, 100.0 / 255.0, 200.0 / 255.0]
    );
    let error = open(
        &config,
        &Variant {
            test_sequences: CIFAR.test_sequences,
            ..MNIST
        },
    )
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("has shape [5, 2, 16, 16, 3], not [20, 10000, 64, 64]"),
        "{error}"
    );
}

#[test]
fn a_varying_speed_is_not_to_be_had_from_published_clips() {
    let (folder, mut config) = folder();
    fs::write(folder.path().join(MNIST.test_sequences), sequences(6, 3, 16)).unwrap();
    config.noise = Noise::Dynamic;
    assert_eq!(open(&config, &DYNAMIC).unwrap().test.len(), 3);
    config.noise_in = NoisySplits::All;
    assert_eq!(open(&config, &DYNAMIC).unwrap().test.len(), 20);
    config.noise_speed = f64::INFINITY;
    assert!(
        open(&config, &DYNAMIC)
            .unwrap_err()
            .to_string()
            .contains("data.noise_speed")
    );
}
