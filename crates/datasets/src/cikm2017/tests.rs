use super::*;
use foreframe_formats::images::write_frames;
use foreframe_formats::npy::Array;
use std::fs;

fn config(path: &Path) -> DataConfig {
    DataConfig {
        path: Some(path.to_owned()),
        past: 1,
        future: 2,
        validation_clips: 1,
        test_clips: 1,
        resize: Some([2, 2]),
        ..defaults()
    }
}

/// A sample whose value is `first` + its time + 50 times its height everywhere, but -1 at height 3.
fn line(first: usize) -> String {
    let mut line = format!("train_{first},13.5,");
    for time in 0..LENGTH {
        for height in 0..text::LEVELS {
            let value = if height == 3 {
                "-1".to_owned()
            } else {
                (first + time + 50 * height).to_string()
            };
            line.push_str(&vec![value; 101 * 101].join(" "));
            line.push(' ');
        }
    }
    line.trim_end().to_owned() + "\n"
}

fn first(splits: &Splits, split: usize) -> Vec<f32> {
    let source = [&splits.train, &splits.validation, &splits.test][split];
    let mut frames = vec![f32::NAN; 12];
    source.read(0, 0, &mut frames).unwrap();
    frames.chunks(4).map(|frame| (frame[3] * 255.0).round()).collect()
}

#[test]
fn text_is_decoded_once_per_height() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.txt"), [line(10), line(20), line(30)].concat()).unwrap();
    let mut config = config(folder.path());
    let opened = open(&config).unwrap();
    assert_eq!(
        [opened.train.len(), opened.validation.len(), opened.test.len()],
        [1, 1, 1]
    );
    let all = |splits: &Splits| [0, 1, 2].map(|split| first(splits, split));
    assert_eq!(all(&opened), [[10., 11., 12.], [20., 21., 22.], [30., 31., 32.]]);
    config.level = 1;
    assert_eq!(first(&open(&config).unwrap(), 0), [60., 61., 62.]);
    config.level = 3;
    assert_eq!(first(&open(&config).unwrap(), 0), [0., 0., 0.]);
    let made = folder.path().join("train.txt.unpacked");
    assert_eq!(fs::read_dir(&made).unwrap().count(), 3);
    // Test files of their own are used, but not by the published protocol.
    config.level = 0;
    for name in ["testA.txt", "testB.txt"] {
        fs::write(folder.path().join(name), [line(40), line(50)].concat()).unwrap();
    }
    let opened = open(&config).unwrap();
    assert_eq!(
        [opened.train.len(), opened.validation.len(), opened.test.len()],
        [2, 1, 4]
    );
    assert_eq!(all(&opened), [[10., 11., 12.], [30., 31., 32.], [40., 41., 42.]]);
    let mut frames = vec![0.0; 12];
    opened.test.read(0, 3, &mut frames).unwrap();
    assert_eq!((frames[0] * 255.0).round(), 50.0);
    config.protocol = Protocol::OpenStl;
    let opened = open(&config).unwrap();
    assert_eq!(
        [opened.train.len(), opened.validation.len(), opened.test.len()],
        [2, 1, 1]
    );
    assert_eq!(first(&opened, 2), [30., 31., 32.]);
}

#[test]
fn decoded_images_are_read_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for (part, samples) in [("train", 2u8), ("validation", 1), ("test", 1)] {
        fs::create_dir(folder.path().join(part)).unwrap();
        for sample in 1..=samples {
            let values = (0..LENGTH * 9)
                .map(|at| (10 * sample + (at / 9) as u8) as f32 / 255.0)
                .collect();
            let frames = Array {
                shape: vec![LENGTH, 1, 3, 3],
                values,
            };
            write_frames(&folder.path().join(part).join(format!("sample_{sample}")), &frames).unwrap();
        }
    }
    let opened = open(&config(folder.path())).unwrap();
    assert_eq!(
        [opened.train.len(), opened.validation.len(), opened.test.len()],
        [2, 1, 1]
    );
    assert_eq!(first(&opened, 0), [10., 11., 12.]);
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.txt");
    let mut config = config(folder.path());
    let message = |config: &DataConfig| open(config).unwrap_err().to_string();
    assert!(message(&config).contains("leaves no clip for the train split"));
    let good = line(10);
    for bad in [
        good[..good.len() / 2].to_owned(),
        good.replace(" 11 ", " 256 "),
        good.replace(" 11 ", " nan "),
        good.replace(" 11 ", " -2 "),
        good.trim_end().to_owned() + " 7\n",
        "1,2\n".to_owned(),
    ] {
        fs::write(&path, line(10) + &bad).unwrap();
        let message = message(&config);
        assert!(message.contains("train.txt` has a sample 2 that is not"), "{message}");
        assert!(!folder.path().join("train.txt.unpacked/height-0.npy").exists());
    }
    fs::write(&path, "").unwrap();
    assert!(message(&config).contains("has shape [0, 15, 101, 101]"));
    config.level = 4;
    assert!(message(&config).contains("`data.level` is 4"));
}
