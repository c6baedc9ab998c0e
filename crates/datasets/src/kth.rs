//! KTH actions: people who walk, jog, run, box, wave and clap.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

use crate::location::located;
use crate::numbered::{self, ArrayFrames, FrameSource, Joined, Mark, Numbered, frame_size, listed, walk_back};
use foreframe_data::{ClipSource, DataConfig, DataError, Dataset, Protocol, Splits};
use foreframe_formats::FrameSize;
use foreframe_formats::images::is_still;
use foreframe_formats::names::listing;
use foreframe_formats::video::{Color, Ffmpeg, is_video};

/// How far the walk goes back from a clip: as far as the clip is long, or three frames.
const ACTIONS: [(&str, Option<u32>); 6] = [
    ("boxing", None),
    ("handclapping", None),
    ("handwaving", None),
    ("walking", None),
    ("jogging", Some(3)),
    ("running", Some(3)),
];
const TRAIN: RangeInclusive<u32> = 1..=16;
const TEST: RangeInclusive<u32> = 17..=25;
/// Those of the training persons who validate instead.
const VALIDATION: RangeInclusive<u32> = 15..=16;

/// Six actions by 25 persons, gray, 25 frames per second (Schuldt et al., ICPR 2004).
pub const fn kth() -> Dataset {
    Dataset {
        name: "kth",
        about: "six human actions by 25 persons, 10 -> 20 or (data.future = 40) 10 -> 40; folders of images or AVI",
        source: "Schuldt, Laptev, Caputo, ICPR 2004; no license stated",
        defaults,
        keys: &["path", "resize"],
        frame: |config| config.resize.map(|[height, width]| [1, height, width]),
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: kth().name.to_owned(),
        past: 10,
        future: 20,
        resize: Some([128, 128]),
        ..DataConfig::default()
    }
}

/// The frames of some persons.
#[derive(Default)]
struct Frames {
    /// Recording by recording, with their numbers of frames.
    recordings: Vec<(Arc<dyn FrameSource>, usize)>,
    files: Vec<PathBuf>,
    marks: Vec<Mark>,
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let folder = &located(config)?;
    let [height, width] = config.resize.unwrap_or([128, 128]);
    let clip = config.clip(1, height, width)?;
    let splits = scan(folder, &clip, config.protocol)?;
    let files: Vec<PathBuf> = splits.iter().flat_map(|frames| frames.files.clone()).collect();
    let [train, validation, test] = splits.map(|frames| clips(frames, clip));
    let (validation, description) = match config.protocol {
        Protocol::Own => (
            validation,
            "validation: persons 15 and 16, who train nothing; test: persons 17 to 25",
        ),
        Protocol::OpenStl => (Arc::clone(&test), "validation and test: persons 17 to 25"),
    };
    numbered::splits(
        folder,
        [train, validation, test],
        config,
        ("kth 1", &files),
        description.to_owned(),
    )
}

fn clips(frames: Frames, clip: ClipShape) -> Arc<dyn ClipSource> {
    let starts = walk_back(&frames.marks, clip.frames());
    let source: Arc<dyn FrameSource> = Arc::new(Joined::new(frames.recordings));
    Numbered::clips(&source, starts, clip)
}

/// The frames that train, validate and test.
fn scan(folder: &Path, clip: &ClipShape, protocol: Protocol) -> Result<[Frames; 3], DataError> {
    let mut splits = [(); 3].map(|()| Frames::default());
    let mut recording = 0;
    let size = frame_size(*clip);
    // Decoded frames are stored beside their video.
    let is_recording = |path: &PathBuf| match path.is_dir() {
        true => path.extension().is_none_or(|ending| ending != "unpacked"),
        false => is_video(path),
    };
    for (action, back) in ACTIONS {
        for path in listing(&folder.join(action))?.into_iter().filter(is_recording) {
            let person = number(&path, "person").ok_or_else(|| {
                DataError::file(
                    &path,
                    "is no folder or video personNN_<action>_dN_uncomp",
                    "move it out of the dataset",
                )
            })?;
            recording += 1;
            let split = match person {
                person if TEST.contains(&person) => 2,
                person if protocol == Protocol::Own && VALIDATION.contains(&person) => 1,
                person if TRAIN.contains(&person) => 0,
                _ => continue,
            };
            let (frames, numbers) = match path.is_dir() {
                true => of_images(&path, size, &mut splits[split].files)?,
                false => {
                    splits[split].files.push(path.clone());
                    of_video(&path, size)?
                }
            };
            splits[split].recordings.push((frames, numbers.len()));
            let back = back.unwrap_or(clip.frames() as u32);
            let mark = |number| Mark {
                recording,
                number,
                back,
            };
            splits[split].marks.extend(numbers.into_iter().map(mark));
        }
    }
    Ok(splits)
}

/// A folder of images, and the numbers of the frames in it.
fn of_images(
    folder: &Path,
    size: FrameSize,
    files: &mut Vec<PathBuf>,
) -> Result<(Arc<dyn FrameSource>, Vec<u32>), DataError> {
    let paths: Vec<PathBuf> = listing(folder)?.into_iter().filter(|path| is_still(path)).collect();
    let number = |image: &PathBuf| {
        number(image, "image_").ok_or_else(|| DataError::file(image, "is no image_NNNN", "move it out of the dataset"))
    };
    let numbers = paths.iter().map(number).collect::<Result<_, _>>()?;
    files.extend_from_slice(&paths);
    Ok((listed(paths, size, false, 1.0), numbers))
}

/// A video as it was published, and the numbers of its frames.
fn of_video(path: &Path, size: FrameSize) -> Result<(Arc<dyn FrameSource>, Vec<u32>), DataError> {
    let file = Ffmpeg::installed().frames(path, Color::Gray)?;
    let &[frames, 1, height, width] = file.shape() else {
        return Err(DataError::file(file.path(), "is not what was decoded", "remove it"));
    };
    let found = FrameSize {
        channels: 1,
        height,
        width,
    };
    let frames = 1..=frames as u32;
    Ok((
        Arc::new(ArrayFrames::new(file, found, false, size, 255.0)),
        frames.collect(),
    ))
}

/// The number that follows `prefix` in a file's name.
fn number(path: &Path, prefix: &str) -> Option<u32> {
    let name = path.file_name()?.to_str()?.strip_prefix(prefix)?;
    let digits = name.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(name.len());
    name[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::GrayImage;
    use std::fs;

    /// Every action by one person of each kind: 7 frames, a gap, 4 frames; frame `n` is `n` everywhere.
    fn miniature() -> (tempfile::TempDir, DataConfig) {
        let folder = tempfile::tempdir().unwrap();
        for (action, _) in ACTIONS {
            for person in [1, 15, 16, 17, 25] {
                let path = folder
                    .path()
                    .join(action)
                    .join(format!("person{person:02}_{action}_d1_uncomp"));
                fs::create_dir_all(&path).unwrap();
                for number in (1..=7).chain(10..=13) {
                    let image = GrayImage::from_raw(4, 3, vec![number; 12]).unwrap();
                    image.save(path.join(format!("image_{number:04}.png"))).unwrap();
                }
                fs::write(path.join("notes.txt"), "").unwrap();
            }
        }
        let config = DataConfig {
            path: Some(folder.path().to_owned()),
            past: 2,
            future: 1,
            resize: Some([2, 2]),
            ..defaults()
        };
        (folder, config)
    }

    #[test]
    fn persons_are_split_and_clips_have_no_gaps() {
        let (_folder, mut config) = miniature();
        let splits = open(&config).unwrap();
        // 7 and 4 consecutive frames hold 2 and 1 clips of 3; three frames back is a clip back, too.
        assert_eq!(
            [splits.train.len(), splits.validation.len(), splits.test.len()],
            [6 * 3, 2 * 6 * 3, 2 * 6 * 3]
        );
        let mut frames = vec![0.0; splits.clip.clip_len()];
        let mut starts = Vec::new();
        for index in 0..3 {
            splits.train.read(0, index, &mut frames).unwrap();
            let numbers: Vec<f32> = frames.iter().map(|value| (value * 255.0).round()).collect();
            assert_eq!(numbers[8] - numbers[0], 2.0);
            starts.push(numbers[0]);
        }
        assert_eq!(starts, [11.0, 5.0, 2.0]);
        config.protocol = Protocol::OpenStl;
        let splits = open(&config).unwrap();
        assert_eq!(
            [splits.train.len(), splits.validation.len(), splits.test.len()],
            [3 * 6 * 3, 2 * 6 * 3, 2 * 6 * 3]
        );
        // Two frames: running begins every three frames, boxing every two.
        (config.past, config.protocol) = (1, Protocol::Own);
        assert_eq!(open(&config).unwrap().train.len(), 4 * (3 + 2) + 2 * (2 + 1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (folder, mut config) = miniature();
        let message = |config: &DataConfig| open(config).unwrap_err().to_string();
        config.future = 40;
        assert!(message(&config).contains("leaves no clip for the train split"));
        config.future = 1;
        let stray = folder.path().join("boxing/person");
        fs::create_dir(&stray).unwrap();
        assert!(message(&config).contains("boxing/person` is no folder or video personNN"));
        fs::remove_dir(&stray).unwrap();
        let stray = folder.path().join("boxing/person01_boxing_d1_uncomp/image.png");
        fs::write(&stray, "").unwrap();
        assert!(message(&config).contains("image.png` is no image_NNNN"));
        fs::remove_file(&stray).unwrap();
        fs::remove_dir_all(folder.path().join("jogging")).unwrap();
        assert!(message(&config).contains("jogging`"));
    }
}
