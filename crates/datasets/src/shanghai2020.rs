//! Shanghai2020: radar echoes over Shanghai.

use super::sequences::{self, Form, Parts, part, splits};
use crate::location::located;
use foreframe_data::{DataConfig, DataError, Dataset, Splits};

const EXTENSIONS: [&str; 2] = ["npy", "npz"];
/// Ten frames 6 minutes apart, ten 12 minutes apart.
const LENGTH: usize = 20;

/// Radar echoes over Shanghai, 20 frames in three hours.
pub const fn shanghai2020() -> Dataset {
    Dataset {
        name: "shanghai2020",
        about: "radar echoes over Shanghai, 10 frames 6 minutes apart -> 10 frames 12 minutes apart",
        source: "Zenodo record 7251972, where its license stands",
        defaults,
        keys: &["path", "maximum", "resize", "validation_clips", "test_clips"],
        frame: sequences::frame,
        open,
    }
}

fn defaults() -> DataConfig {
    sequences::defaults(shanghai2020().name, [10, 10])
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let folder = &located(config)?;
    if !(config.maximum > 0.0 && config.maximum.is_finite()) {
        let problem = format!("is {}", config.maximum);
        return Err(DataError::config(
            "maximum",
            problem,
            "use the largest value of the data, e.g. 255 or 70",
        ));
    }
    let form = Form::new(config, LENGTH, config.maximum as f32);
    let parts = Parts::find(folder, &EXTENSIONS, |path| form.open(path))?;
    let test = part(folder, &["test"], &EXTENSIONS)
        .map(|path| form.open(&path))
        .transpose()?;
    let parts = Parts {
        test: test.into_iter().collect(),
        ..parts
    };
    splits(folder, parts, &form, config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_data::{ClipSource, Protocol};
    use foreframe_formats::images::write_frames;
    use foreframe_formats::npy::{Array, write_array};
    use foreframe_formats::samples::{archive, float_array as npy};
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    fn config(path: &Path) -> DataConfig {
        DataConfig {
            path: Some(path.to_owned()),
            past: 3,
            future: 2,
            validation_clips: 2,
            test_clips: 1,
            resize: Some([1, 1]),
            ..defaults()
        }
    }

    /// Sequence `n` begins with `10 n` and grows by 1.
    fn values(sequences: usize) -> Vec<f32> {
        (0..sequences * LENGTH)
            .flat_map(|frame| [(frame / LENGTH * 10 + frame % LENGTH) as f32; 4])
            .collect()
    }

    fn first(source: &Arc<dyn ClipSource>, index: usize) -> Vec<f32> {
        let mut frames = vec![f32::NAN; 5];
        source.read(0, index, &mut frames).unwrap();
        frames
            .iter()
            .map(|value| (value * 255.0 * 10.0).round() / 10.0)
            .collect()
    }

    #[test]
    fn one_array_and_folders_of_images_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let array = folder.path().join("all.npy");
        write_array(&array, &[6, LENGTH, 2, 2], &values(6)).unwrap();
        let packed = folder.path().join("all.npz");
        fs::write(
            &packed,
            archive(&[("frames", npy(&[6, LENGTH, 1, 2, 2], &values(6)))], true),
        )
        .unwrap();
        let images = folder.path().join("images");
        fs::create_dir(&images).unwrap();
        for (number, sequence) in values(6).chunks(LENGTH * 4).enumerate() {
            let values = sequence.iter().map(|value| value / 255.0).collect();
            let frames = Array {
                shape: vec![LENGTH, 1, 2, 2],
                values,
            };
            write_frames(&images.join(format!("sample{number}")), &frames).unwrap();
        }
        for path in [&array, &packed, &images] {
            let mut config = config(path);
            let opened = open(&config).unwrap();
            assert_eq!(
                [opened.train.len(), opened.validation.len(), opened.test.len()],
                [3, 2, 1]
            );
            assert_eq!(first(&opened.train, 2), [20., 21., 22., 23., 24.]);
            assert_eq!(first(&opened.validation, 0), [30., 31., 32., 33., 34.]);
            assert_eq!(first(&opened.test, 0), [50., 51., 52., 53., 54.]);
            config.protocol = Protocol::OpenStl;
            let opened = open(&config).unwrap();
            assert_eq!(
                [opened.train.len(), opened.validation.len(), opened.test.len()],
                [5, 1, 1]
            );
            config.maximum = 510.0;
            assert_eq!(first(&open(&config).unwrap().train, 2)[0], 10.0);
        }
        // A test part of its own leaves more for training.
        let parts = folder.path().join("parts");
        fs::create_dir(&parts).unwrap();
        fs::rename(&array, parts.join("train.npy")).unwrap();
        write_array(&parts.join("test.npy"), &[2, LENGTH, 2, 2], &values(2)).unwrap();
        let opened = open(&config(&parts)).unwrap();
        assert_eq!(
            [opened.train.len(), opened.validation.len(), opened.test.len()],
            [4, 2, 2]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.npy");
        let mut config = config(&path);
        let message = |config: &DataConfig| open(config).unwrap_err().to_string();
        assert!(message(&config).contains("all.npy` is not there: `foreframe data get shanghai2020`"));
        write_array(&path, &[6, 19, 1, 1], &[0.0; 114]).unwrap();
        assert!(message(&config).contains("has shape [6, 19, 1, 1], not [sequences, 20, rows, columns]"));
        write_array(&path, &[2, LENGTH, 1, 1], &[0.0; 40]).unwrap();
        assert!(message(&config).contains("leaves no clip for the train split"));
        config.future = 18;
        assert!(message(&config).contains("`data.future` is 18 after 3 past frames"));
        config.maximum = 0.0;
        assert!(message(&config).contains("data.maximum"));
        (config.maximum, config.future, config.path) = (70.0, 2, Some(folder.path().to_owned()));
        fs::create_dir(folder.path().join("sample1")).unwrap();
        assert!(message(&config).contains("sample1` holds 0 images, but a sequence has 20"));
        let both = archive(&[("a", npy(&[1], &[0.0])), ("b", npy(&[1], &[0.0]))], false);
        fs::write(folder.path().join("two.npz"), both).unwrap();
        config.path = Some(folder.path().join("two.npz"));
        assert!(message(&config).contains("holds 2 arrays (a, b)"));
    }
}
