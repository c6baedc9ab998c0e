//! UCF Sports: ten kinds of sport from television.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

use crate::location::located;
use crate::numbered::{self, Numbered, frame_size, listed};
use foreframe_data::{ClipSource, DataConfig, DataError, Dataset, Protocol, Splits};
use foreframe_data::{at_least, check_positive_shares};
use foreframe_formats::images::{is_still, probe};
use foreframe_formats::names::listing;

/// How far below a class its images may lie: class / clip / jpeg.
const DEEPEST: usize = 3;

/// 150 recordings of ten kinds of sport at ten frames per second (Rodriguez et al., CVPR 2008).
pub const fn ucf_sports() -> Dataset {
    Dataset {
        name: "ucf-sports",
        about: "ten kinds of sport from television, 4 -> 1, 480x720 in color; folders of images",
        source: "Rodriguez, Ahmed, Shah, CVPR 2008; no license stated",
        defaults,
        keys: &["path", "resize", "stride", "test_share", "validation_share"],
        frame: |config| config.resize.map(|[height, width]| [3, height, width]),
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: ucf_sports().name.to_owned(),
        past: 4,
        future: 1,
        resize: Some([480, 720]),
        ..DataConfig::default()
    }
}

/// Whole recordings, one after the other.
#[derive(Default)]
struct Recordings {
    paths: Vec<PathBuf>,
    starts: Vec<usize>,
}

impl Recordings {
    /// Adds a recording and the clips that a window of `window` frames finds in it.
    fn add(&mut self, images: Vec<PathBuf>, window: usize, stride: usize) {
        let first = self.paths.len();
        let clips = (images.len() + stride).saturating_sub(window) / stride;
        self.starts.extend((0..clips).map(|clip| first + clip * stride));
        self.paths.extend(images);
    }
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let folder = &located(config)?;
    let [height, width] = config.resize.unwrap_or([480, 720]);
    let clip = config.clip(3, height, width)?;
    at_least("stride", config.stride, 1)?;
    check_positive_shares(config)?;
    let [mut train, mut validation, mut test] = [(); 3].map(|()| Recordings::default());
    for class in listing(folder)?.into_iter().filter(|path| path.is_dir()) {
        let mut recordings = Vec::new();
        find(&class, DEEPEST, &mut recordings)?;
        let count = recordings.len();
        let share = |share: f64| {
            if count < 3 {
                0
            } else {
                ((count as f64 * share).round() as usize).max(1)
            }
        };
        let test_from = count - share(config.test_share);
        let validation_from = test_from.saturating_sub(share(config.validation_share));
        for (number, images) in recordings.into_iter().enumerate() {
            let split = match number {
                number if number >= test_from => &mut test,
                // Nothing is known of the published split but its shares: the same clips test, all others train.
                number if number >= validation_from && config.protocol == Protocol::Own => &mut validation,
                _ => &mut train,
            };
            split.add(images, clip.frames(), config.stride);
        }
    }
    let files: Vec<PathBuf> = [&train, &validation, &test]
        .iter()
        .flat_map(|split| split.paths.clone())
        .collect();
    let Some(first) = files.first() else {
        return Err(DataError::file(
            folder,
            "holds no class/clip/*.jpg",
            "unpack ucf_sports_actions.zip; clips that come as AVI: ffmpeg -i clip.avi clip/%04d.jpg",
        ));
    };
    probe(first)?;
    let [train, validation, test] = [train, validation, test].map(|split| clips(split, clip));
    let validation = if config.protocol == Protocol::OpenStl {
        Arc::clone(&test)
    } else {
        validation
    };
    let description = "whole recordings, the last of every class for the test, those before them for validation";
    numbered::splits(
        folder,
        [train, validation, test],
        config,
        ("ucf-sports 1", &files),
        description.to_owned(),
    )
}

fn clips(recordings: Recordings, clip: ClipShape) -> Arc<dyn ClipSource> {
    let source = listed(recordings.paths, frame_size(clip), true, 1.0);
    Numbered::clips(&source, recordings.starts, clip)
}

/// The folders of images below `folder`, in natural order.
fn find(folder: &Path, deepest: usize, found: &mut Vec<Vec<PathBuf>>) -> Result<(), DataError> {
    let entries = listing(folder)?;
    let images: Vec<PathBuf> = entries
        .iter()
        .filter(|path| is_still(path) && path.is_file())
        .cloned()
        .collect();
    if !images.is_empty() {
        found.push(images);
    }
    // A link may lead out of the dataset, or round in a circle.
    for path in entries
        .iter()
        .filter(|path| deepest > 0 && path.is_dir() && !path.is_symlink())
    {
        find(path, deepest - 1, found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;
    use std::fs;

    fn miniature() -> (tempfile::TempDir, DataConfig) {
        let folder = tempfile::tempdir().unwrap();
        for (class, recordings) in [("Diving-Side", 5u8), ("Lifting", 3), ("Riding", 1)] {
            for recording in 0..recordings {
                let path = folder.path().join(class).join(format!("{recording:03}/jpeg"));
                fs::create_dir_all(&path).unwrap();
                for frame in 0..7 {
                    let image = RgbImage::from_pixel(4, 4, image::Rgb([recording, frame, 99]));
                    image.save(path.join(format!("{frame}.png"))).unwrap();
                }
                fs::write(path.join("clip.avi"), "").unwrap();
            }
        }
        let config = DataConfig {
            path: Some(folder.path().to_owned()),
            resize: Some([4, 4]),
            ..defaults()
        };
        (folder, config)
    }

    #[test]
    fn whole_recordings_of_every_class_are_split() {
        let (_folder, mut config) = miniature();
        let opened = open(&config).unwrap();
        assert_eq!(
            [opened.train.len(), opened.validation.len(), opened.test.len()],
            [15, 6, 6]
        );
        let mut frames = vec![0.0; opened.clip.clip_len()];
        opened.test.read(0, 2, &mut frames).unwrap();
        let bytes: Vec<f32> = frames.iter().step_by(16).map(|value| (value * 255.0).round()).collect();
        assert_eq!(bytes[..6], [4.0, 2.0, 99.0, 4.0, 3.0, 99.0]);
        config.stride = 2;
        assert_eq!(open(&config).unwrap().train.len(), 10);
        (config.stride, config.protocol) = (1, Protocol::OpenStl);
        let opened = open(&config).unwrap();
        assert_eq!(
            [opened.train.len(), opened.validation.len(), opened.test.len()],
            [21, 6, 6]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (folder, mut config) = miniature();
        let message = |config: &DataConfig| open(config).unwrap_err().to_string();
        config.past = 9;
        assert!(message(&config).contains("leaves no clip for the train split"));
        config.test_share = 1.5;
        assert!(message(&config).contains("data.test_share"));
        config.test_share = 0.1;
        config.path = Some(folder.path().join("Riding/000/jpeg"));
        assert!(message(&config).contains("holds no class/clip/*.jpg"));
        config.path = Some(folder.path().join("absent"));
        assert!(message(&config).contains("absent"));
    }
}
