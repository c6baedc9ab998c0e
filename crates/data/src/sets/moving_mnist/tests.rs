use super::*;
use crate::idx::tests::{gzip, idx_file};
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
        ..defaults()
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
    let splits = open(&config).unwrap();
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
    let before = open(&config).unwrap().fingerprint;
    fs::write(folder.path().join(TEST_DIGITS), idx_file(4, 4)).unwrap();
    let splits = open(&config).unwrap();
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
    let path = folder.path().join(TEST_SEQUENCES);
    fs::write(&path, sequences(6, 3, 16)).unwrap();
    let splits = open(&config).unwrap();
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
    let error = open(&config).unwrap_err().to_string();
    assert!(
        error.contains("mnist_test_seq.npy") && error.contains("data.future"),
        "{error}"
    );
    fs::write(&path, sequences(6, 3, 16).split_last().unwrap().1).unwrap();
    assert!(
        open(&config)
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
        open(&config).unwrap_err().to_string(),
        "`data.size` is 3: use 4 or more"
    );
    config.size = 16;
    fs::write(folder.path().join(TEST_DIGITS), idx_file(4, 5)).unwrap();
    assert!(
        open(&config)
            .unwrap_err()
            .to_string()
            .contains("5x5, those that train are 4x4")
    );
    fs::write(folder.path().join(TEST_DIGITS), b"").unwrap();
    assert!(
        open(&config)
            .unwrap_err()
            .to_string()
            .contains("t10k-images-idx3-ubyte` is truncated")
    );
    config.path = Some(folder.path().join("elsewhere"));
    let error = open(&config).unwrap_err().to_string();
    assert!(
        error.contains("elsewhere") && error.contains("foreframe data get moving-mnist"),
        "{error}"
    );
}
