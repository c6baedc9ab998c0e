use super::*;
use image::RgbImage;
use proptest::prelude::*;
use std::fs;

fn miniature() -> (tempfile::TempDir, DataConfig) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    for (recording, subject) in ["S1", "S5", "S8", "S9"].iter().enumerate() {
        for frame in 1..=30u8 {
            let image = RgbImage::from_pixel(8, 8, image::Rgb([10 * recording as u8 + frame, 100, 200]));
            image
                .save(folder.path().join(format!("images/{subject}_Walk.1_{frame:06}.jpg")))
                .unwrap();
        }
    }
    let line = |subject: &str, start: usize| format!("images/{subject}_Walk.1_,{start},{}\n", start + 15);
    let train = [line("S1", 1), line("S1", 9), line("S8", 2), line("S5", 3)].concat();
    fs::write(folder.path().join("train.txt"), train).unwrap();
    let test = [line("S9", 4), line("S8", 18)].concat();
    fs::write(folder.path().join("test.txt"), test.trim_end()).unwrap();
    let config = DataConfig {
        path: Some(folder.path().to_owned()),
        past: 2,
        future: 2,
        resize: Some([4, 4]),
        ..defaults()
    };
    (folder, config)
}

#[test]
fn the_last_subject_validates_and_clips_take_every_fifth_frame() {
    let (_folder, mut config) = miniature();
    let splits = open(&config).unwrap();
    assert_eq!(
        [splits.train.len(), splits.validation.len(), splits.test.len()],
        [3, 1, 2]
    );
    assert!(splits.description.contains("subject S8"), "{}", splits.description);
    let mut frames = vec![0.0; splits.clip.clip_len()];
    splits.train.read(0, 1, &mut frames).unwrap();
    for (time, frame) in frames.chunks(48).enumerate() {
        // JPEG keeps flat colors to a few levels.
        for (plane, expected) in frame.chunks(16).zip([9.0 + 5.0 * time as f32, 100.0, 200.0]) {
            assert!(
                plane.iter().all(|value| (value * 255.0 - expected).abs() < 4.0),
                "{plane:?} {expected}"
            );
        }
    }
    config.protocol = Protocol::OpenStl;
    let splits = open(&config).unwrap();
    assert_eq!(
        [splits.train.len(), splits.validation.len(), splits.test.len()],
        [4, 2, 2]
    );
}

#[test]
fn training_clips_that_share_frames_with_a_test_clip_are_left_out() {
    let (folder, config) = miniature();
    // Clips span 16 frames.
    let line = |start: usize| format!("images/S5_Walk.1_,{start},{}\n", start + 15);
    let train = [1, 2, 14, 15].map(line).concat() + "images/S8_Walk.1_,1,16\n";
    fs::write(folder.path().join("train.txt"), train).unwrap();
    fs::write(folder.path().join("test.txt"), line(17)).unwrap();
    let splits = open(&config).unwrap();
    assert_eq!(
        [splits.train.len(), splits.validation.len(), splits.test.len()],
        [1, 1, 1]
    );
    assert!(
        splits.description.contains("3 clips of train.txt"),
        "{}",
        splits.description
    );
}

#[test]
fn what_is_wrong_is_named() {
    let (folder, mut config) = miniature();
    let list = folder.path().join("train.txt");
    let message = |config: &DataConfig| open(config).unwrap_err().to_string();
    config.future = 4;
    assert!(message(&config).contains("line 1, where a clip would span 26"));
    config.future = 2;
    for (text, expected) in [
        ("", "leaves no clip for the train split"),
        ("images/S1_Walk.1_,1,16\nimages/S1", "line 2 that is not"),
        ("../S1_,1,16", "line 1 that is not"),
        ("/etc/S1_,1,16", "line 1 that is not"),
        ("images/S1_Walk.1_,-1,16", "line 1 that is not"),
        ("images/S1_Walk.1_,1,99999999999999999999999", "line 1 that is not"),
        ("images/S2_Walk.1_,1,16", "S2_Walk.1_000001.jpg"),
        ("images/S1_Walk.1_,1,16", "leaves no clip for the train split"),
    ] {
        fs::write(&list, text).unwrap();
        assert!(message(&config).contains(expected), "{}", message(&config));
    }
    fs::remove_file(&list).unwrap();
    assert!(message(&config).contains("train.txt`"));
}

proptest! {
    #[test]
    fn any_line_is_read_or_refused(line in "[a-zA-Z0-9_./, -]{0,40}") {
        if let Some((prefix, ..)) = parse(&line) {
            prop_assert!(!prefix.is_empty() && !prefix.contains("..") && !prefix.starts_with('/'));
        }
    }
}
