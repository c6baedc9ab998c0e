//! KITTI to Caltech: networks learn from drives in Karlsruhe and are evaluated by drives in Los Angeles.

mod films;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

use crate::location::located;
use crate::numbered::{self, ArrayFrames, FrameSource, Numbered};
use foreframe_data::check_positive_shares;
use foreframe_data::{DataConfig, DataError, Dataset, Protocol, Splits};
use foreframe_formats::FrameSize;
use foreframe_formats::npy::Mapped;
use foreframe_formats::video::Ffmpeg;

/// The folder of the public loaders.
const BELOW: &str = "kitticaltech_npy";
/// Frames from the beginning of one listed clip to that of the next: the published clips are 10 -> 1.
const LISTED: usize = 11;

/// Drives filmed from a car: KITTI trains (Geiger et al., IJRR 2013), Caltech Pedestrian tests (Dollár et al., CVPR 2009).
pub const fn caltech() -> Dataset {
    Dataset {
        name: "caltech",
        about: "drives filmed from a car, KITTI trains and Caltech Pedestrian tests, 10 -> 1; kitticaltech_npy, or the films of Caltech",
        source: "KITTI: Geiger et al. 2013, CC BY-NC-SA 3.0; Caltech Pedestrian: Dollár et al. 2009",
        defaults,
        keys: &["path", "validation_share"],
        frame: |_| Some([3, 128, 160]),
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: caltech().name.to_owned(),
        past: 10,
        future: 1,
        ..DataConfig::default()
    }
}

/// The frames of a split, and where its clips begin.
struct Part {
    frames: Arc<dyn FrameSource>,
    starts: Vec<usize>,
    size: [usize; 2],
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let root = &located(config)?;
    let folder = root;
    let below = folder.join(BELOW);
    let folder = if below.is_dir() { below.as_path() } else { folder };
    check_positive_shares(config)?;
    let frames = config.clip(3, 1, 1)?.frames();
    if frames > LISTED {
        return Err(DataError::config(
            "past",
            format!("and data.future are {frames} frames together, but the listed clips have {LISTED}"),
            "use fewer; where longer clips begin is not in the files",
        ));
    }
    let mut train = part(folder, "train", frames)?;
    let films = match folder.join("test_data.npy").exists() {
        true => Vec::new(),
        false => films::find(root)?,
    };
    let test = match films.is_empty() {
        true => part(folder, "test", frames)?,
        false => films::part(&films, frames, &Ffmpeg::installed())?,
    };
    if train.size != test.size {
        return Err(DataError::file(
            &folder.join("test_data.npy"),
            format!("has frames of {:?}, but train_data.npy of {:?}", test.size, train.size),
            "use the published files",
        ));
    }
    let clip = config.clip(3, train.size[0], train.size[1])?;
    let clips = |part: &Part, starts: Vec<usize>| Numbered::clips(&part.frames, starts, clip);
    let test_clips = clips(&test, test.starts.clone());
    let (validation, description) = match config.protocol {
        Protocol::Own => {
            let kept = held_out(&mut train.starts, config.validation_share, &clip);
            let description = format!(
                "validation: the last {} of the listed KITTI clips, which train nothing",
                kept.len()
            );
            (clips(&train, kept), description)
        }
        Protocol::OpenStl => (Arc::clone(&test_clips), "validation: the test clips".to_owned()),
    };
    let train_clips = clips(&train, train.starts.clone());
    let arrays = ["train_data", "train_idx", "test_data", "test_idx"].map(|name| folder.join(format!("{name}.npy")));
    let files: Vec<PathBuf> = match films.is_empty() {
        true => arrays.to_vec(),
        false => arrays[..2].iter().chain(&films).cloned().collect(),
    };
    numbered::splits(
        folder,
        [train_clips, validation, test_clips],
        config,
        ("caltech 1", &files),
        description,
    )
}

/// Takes the clips that begin last; those that would share a frame with them are dropped.
fn held_out(starts: &mut Vec<usize>, share: f64, clip: &ClipShape) -> Vec<usize> {
    starts.sort_unstable();
    let kept = ((starts.len() as f64 * share).round() as usize)
        .max(1)
        .min(starts.len());
    let kept = starts.split_off(starts.len() - kept);
    if let Some(first) = kept.first() {
        starts.retain(|start| start + clip.frames() <= *first);
    }
    kept
}

/// Opens `<name>_data.npy`, `[frames, rows, columns, 3]`, and `<name>_idx.npy`, the first frames of all clips.
fn part(folder: &Path, name: &str, length: usize) -> Result<Part, DataError> {
    let data = Mapped::open(&folder.join(format!("{name}_data.npy")))?;
    let &[frames, height, width, 3] = data.shape() else {
        return Err(DataError::file(
            data.path(),
            format!("has shape {:?}, not [frames, 128, 160, 3]", data.shape()),
            "use the published file",
        ));
    };
    if data.is_empty() {
        return Err(DataError::file(
            data.path(),
            "holds no frames",
            "use the published file",
        ));
    }
    let index = Mapped::open(&folder.join(format!("{name}_idx.npy")))?;
    let mut values = vec![0.0; index.len()];
    index.read(0, &mut values);
    let within = |value: &f32| *value >= 0.0 && value.fract() == 0.0 && *value as usize + length <= frames;
    let bad = values.iter().position(|value| !within(value));
    if index.shape().len() != 1 || bad.is_some() {
        let problem = match bad {
            Some(at) => format!("has a clip begin at frame {} of {frames}", values[at]),
            None => format!("has shape {:?}, not one axis", index.shape()),
        };
        return Err(DataError::file(index.path(), problem, "use the published file"));
    }
    let size = FrameSize {
        channels: 3,
        height,
        width,
    };
    // The published arrays hold floats of 0..1; bytes are divided here.
    let divisor = if data.value_type().is_byte() { 255.0 } else { 1.0 };
    Ok(Part {
        frames: Arc::new(ArrayFrames::new(data, size, true, size, divisor)),
        starts: values.iter().map(|value| *value as usize).collect(),
        size: [height, width],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_formats::npy::write_array;
    use std::fs;

    /// Frame `n` is `n / 1000` in red, twice that in green, 0 in blue.
    fn write(folder: &Path, name: &str, frames: usize, starts: &[f32]) {
        let values: Vec<f32> = (0..frames * 6)
            .flat_map(|pixel| [(pixel / 6) as f32 / 1000.0, (pixel / 6) as f32 / 500.0, 0.0])
            .collect();
        write_array(&folder.join(format!("{name}_data.npy")), &[frames, 2, 3, 3], &values).unwrap();
        write_array(&folder.join(format!("{name}_idx.npy")), &[starts.len()], starts).unwrap();
    }

    fn miniature() -> (tempfile::TempDir, DataConfig) {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join(BELOW);
        fs::create_dir(&below).unwrap();
        // As the walk lists them: backwards, and one that overlaps another.
        write(&below, "train", 60, &[49., 38., 30., 27., 11., 0.]);
        write(&below, "test", 30, &[18., 2.]);
        let config = DataConfig {
            path: Some(folder.path().to_owned()),
            validation_share: 0.3,
            ..defaults()
        };
        (folder, config)
    }

    #[test]
    fn the_last_clips_of_kitti_validate_and_no_frame_is_shared() {
        let (_folder, mut config) = miniature();
        let opened = open(&config).unwrap();
        assert_eq!(
            [opened.train.len(), opened.validation.len(), opened.test.len()],
            [3, 2, 2]
        );
        let first = |splits: &Splits, index| {
            let mut frames = vec![0.0; splits.clip.clip_len()];
            splits.validation.read(0, index, &mut frames).unwrap();
            [frames[0], frames[6], frames[12], frames[18]].map(|value| (value * 1000.0).round())
        };
        assert_eq!(first(&opened, 0), [38.0, 76.0, 0.0, 39.0]);
        config.protocol = Protocol::OpenStl;
        let opened = open(&config).unwrap();
        assert_eq!(
            [opened.train.len(), opened.validation.len(), opened.test.len()],
            [6, 2, 2]
        );
        assert_eq!(first(&opened, 0), [18.0, 36.0, 0.0, 19.0]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (folder, mut config) = miniature();
        let below = folder.path().join(BELOW);
        let message = |config: &DataConfig| open(config).unwrap_err().to_string();
        config.past = 11;
        assert!(message(&config).contains("`data.past` and data.future are 12 frames together"));
        config.past = 10;
        for (starts, expected) in [
            (&[50.0][..], "begin at frame 50 of 60"),
            (&[-1.0], "begin at frame -1"),
            (&[0.5], "begin at frame 0.5"),
            (&[f32::NAN], "begin at frame NaN"),
            (&[f32::INFINITY], "begin at frame inf"),
            (&[], "leaves no clip for the train split"),
        ] {
            write(&below, "train", 60, starts);
            assert!(message(&config).contains(expected), "{}", message(&config));
        }
        write(&below, "train", 60, &[0., 11., 22.]);
        write_array(&below.join("test_data.npy"), &[30, 3, 2, 3], &[0.0; 540]).unwrap();
        assert!(message(&config).contains("test_data.npy` has frames of [3, 2]"));
        write_array(&below.join("test_data.npy"), &[30, 3, 6], &[0.0; 540]).unwrap();
        assert!(message(&config).contains("has shape [30, 3, 6], not [frames, 128, 160, 3]"));
        fs::remove_file(below.join("test_data.npy")).unwrap();
        assert!(message(&config).contains("test_data.npy`"));
    }
}
