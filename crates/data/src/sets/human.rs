//! Human3.6M: actors filmed by four cameras.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

use crate::config::at_least;
use crate::fingerprint::fingerprint;
use crate::images::{FrameSize, natural_order, probe};
use crate::noise::disturb;
use crate::numbered::{FrameSource, ImageFrames, Numbered, not_empty};
use crate::resample::Kernel;
use crate::{ClipSource, DataConfig, DataError, Dataset, Normalization, Protocol, Splits};

const FOLDER: &str = "datasets/human";
/// Longer than any line of a list of clips.
const LONGEST_LINE: u64 = 4096;

/// Actors in a studio, every fifth frame (Ionescu et al., TPAMI 2014).
pub const fn human() -> Dataset {
    Dataset {
        name: "human",
        about: "Human3.6M: actors in a studio, 4 -> 4, every fifth frame; train.txt, test.txt and images",
        source: "Ionescu et al., TPAMI 2014; academic use only, by registration",
        defaults,
        frame: |config| config.resize.map(|[height, width]| [3, height, width]),
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: human().name.to_owned(),
        past: 4,
        future: 4,
        step: 5,
        resize: Some([256, 256]),
        ..DataConfig::default()
    }
}

/// One line of a list: frames `start` to `end` of the recording whose images begin with `prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    prefix: Arc<str>,
    start: usize,
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let folder = config.path.as_deref().unwrap_or(Path::new(FOLDER));
    let [height, width] = config.resize.unwrap_or([256, 256]);
    at_least("step", config.step, 1)?;
    let clip = config.clip(3, height, width)?;
    let lists = ["train.txt", "test.txt"].map(|name| folder.join(name));
    let mut train = read_list(&lists[0], config)?;
    let test = read_list(&lists[1], config)?;
    for entry in train.first().iter().chain(&test.first()) {
        // A list without its images is noticed now, not hours later.
        probe(&image(folder, entry, 0, config.step))?;
    }
    let (validation, description) = match config.protocol {
        Protocol::Own => {
            let subjects = train.iter().map(|entry| subject(&entry.prefix));
            let last = subjects.max_by(|a, b| natural_order(Path::new(a), Path::new(b)));
            let last = last.unwrap_or_default().to_owned();
            let (validation, rest) = train.into_iter().partition(|entry| subject(&entry.prefix) == last);
            train = rest;
            (
                Some(validation),
                format!("validation: subject {last} of train.txt, who trains nothing; test: test.txt"),
            )
        }
        Protocol::OpenStl => (None, "validation and test: test.txt".to_owned()),
    };
    let clips = |entries| clips(folder, entries, config.step, clip);
    let (train, test) = (clips(train), clips(test));
    let validation = validation.map_or_else(|| Arc::clone(&test), clips);
    for (split, clips) in [("train", &train), ("validation", &validation), ("test", &test)] {
        not_empty(folder, split, clips.len())?;
    }
    let splits = Splits {
        train,
        validation,
        test,
        normalization: Normalization::identity(),
        clip,
        // Half a million images are not looked at one by one; the lists say which they are.
        fingerprint: fingerprint(config, "human 1", &lists)?,
        description,
    };
    disturb(splits, config, false)
}

fn clips(folder: &Path, entries: Vec<Entry>, step: usize, clip: ClipShape) -> Arc<dyn ClipSource> {
    let folder = folder.to_owned();
    let length = clip.frames();
    let starts = (0..entries.len()).map(|entry| entry * length).collect();
    let source: Arc<dyn FrameSource> = Arc::new(ImageFrames {
        path: move |number: usize| image(&folder, &entries[number / length], number % length, step),
        size: FrameSize {
            channels: 3,
            height: clip.height,
            width: clip.width,
        },
        kernel: Kernel::Cubic,
        rounded: true,
        scale: 1.0,
    });
    Numbered::new(&source, starts, clip)
}

fn image(folder: &Path, entry: &Entry, time: usize, step: usize) -> PathBuf {
    folder.join(format!("{}{:06}.jpg", entry.prefix, entry.start + time * step))
}

/// The actor, e.g. `S1` of `images/S1_Directions.54138969_`.
fn subject(prefix: &str) -> &str {
    let name = prefix.rsplit('/').next().unwrap_or(prefix);
    name.split('_').next().unwrap_or(name)
}

/// Reads a list, line by line.
fn read_list(path: &Path, config: &DataConfig) -> Result<Vec<Entry>, DataError> {
    let span = config.window()? - 1;
    let mut reader = BufReader::new(File::open(path).map_err(DataError::io("read", path))?);
    let mut entries: Vec<Entry> = Vec::new();
    for number in 1.. {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(DataError::io("read", path))? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        let Some((prefix, start, end)) = parse(text.trim()) else {
            return Err(DataError::file(
                path,
                format!("has a line {number} that is not `prefix,start,end` within the folder"),
                "use the published list",
            ));
        };
        if start.checked_add(span).is_none_or(|last| last > end) {
            return Err(DataError::file(
                path,
                format!(
                    "has frames {start} to {end} in line {number}, where a clip would span {}",
                    span + 1
                ),
                "ask for fewer frames (data.past, data.future) or a smaller data.step",
            ));
        }
        // The clips of one recording stand together and share its name.
        let prefix = match entries.last() {
            Some(last) if *last.prefix == *prefix => Arc::clone(&last.prefix),
            _ => Arc::from(prefix),
        };
        entries.push(Entry { prefix, start });
    }
    Ok(entries)
}

fn parse(line: &str) -> Option<(&str, usize, usize)> {
    let mut parts = line.split(',');
    let prefix = parts.next()?;
    // The list may not lead out of its folder.
    let stays = Path::new(prefix)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let (start, end) = (parts.next()?.trim().parse().ok()?, parts.next()?.trim().parse().ok()?);
    (stays && !prefix.is_empty() && parts.next().is_none()).then_some((prefix, start, end))
}

#[cfg(test)]
mod tests {
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
        fs::write(folder.path().join("test.txt"), line("S9", 4).trim_end()).unwrap();
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
            [3, 1, 1]
        );
        assert!(splits.description.contains("subject S8"), "{}", splits.description);
        let mut frames = vec![0.0; splits.clip.clip_len()];
        splits.train.read(0, 1, &mut frames).unwrap();
        for (time, frame) in frames.chunks(48).enumerate() {
            // JPEG keeps flat colours to a few levels.
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
            [4, 1, 1]
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
}
