//! Human3.6M: actors filmed by four cameras.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;

use crate::location::located;
use crate::numbered::{self, FrameSource, ImageFrames, Numbered, frame_size};
use foreframe_data::at_least;
use foreframe_data::resample::ResampleKernel;
use foreframe_data::{ClipSource, DataConfig, DataError, Dataset, Protocol, Splits};
use foreframe_formats::images::probe;
use foreframe_formats::names::natural_order;

/// Longer than any line of a list of clips.
const LONGEST_LINE: u64 = 4096;

/// Actors in a studio, every fifth frame (Ionescu et al., TPAMI 2014).
pub const fn human() -> Dataset {
    Dataset {
        name: "human",
        about: "Human3.6M: actors in a studio, 4 -> 4, every fifth frame; train.txt, test.txt and images",
        source: "Ionescu et al., TPAMI 2014; academic use only, by registration",
        defaults,
        keys: &["path", "resize", "step"],
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
    let folder = &located(config)?;
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
            let listed = train.len();
            without_shared(&mut train, &test, config.window()? - 1);
            let dropped = listed - train.len();
            let subjects = train.iter().map(|entry| subject(&entry.prefix));
            let last = subjects.max_by(|a, b| natural_order(Path::new(a), Path::new(b)));
            let last = last.unwrap_or_default().to_owned();
            let (validation, rest) = train.into_iter().partition(|entry| subject(&entry.prefix) == last);
            train = rest;
            let description = format!(
                "validation: subject {last} of train.txt, who trains nothing; test: test.txt; {dropped} clips of train.txt \
                 that share frames with it are left out"
            );
            (Some(validation), description)
        }
        Protocol::OpenStl => (None, "validation and test: test.txt".to_owned()),
    };
    let clips = |entries| clips(folder, entries, config.step, clip);
    let (train, test) = (clips(train), clips(test));
    let validation = validation.map_or_else(|| Arc::clone(&test), clips);
    // Half a million images are not looked at one by one; the lists say which they are.
    numbered::splits(
        folder,
        [train, validation, test],
        config,
        ("human 1", &lists),
        description,
    )
}

fn clips(folder: &Path, entries: Vec<Entry>, step: usize, clip: ClipShape) -> Arc<dyn ClipSource> {
    let folder = folder.to_owned();
    let length = clip.frames();
    let starts = (0..entries.len()).map(|entry| entry * length).collect();
    let source: Arc<dyn FrameSource> = Arc::new(ImageFrames {
        path: move |number: usize| image(&folder, &entries[number / length], number % length, step),
        size: frame_size(clip),
        kernel: ResampleKernel::Cubic,
        rounded: true,
        scale: 1.0,
    });
    Numbered::clips(&source, starts, clip)
}

fn image(folder: &Path, entry: &Entry, time: usize, step: usize) -> PathBuf {
    folder.join(format!("{}{:06}.jpg", entry.prefix, entry.start + time * step))
}

/// The actor, e.g. `S1` of `images/S1_Directions.54138969_`.
fn subject(prefix: &str) -> &str {
    let name = prefix.rsplit('/').next().unwrap_or(prefix);
    name.split('_').next().unwrap_or(name)
}

/// Drops the entries that span `span` frames in which one of `test` lies too. The published lists are cut out of the same
/// recordings, so that nearly every test clip overlaps a training clip.
fn without_shared(train: &mut Vec<Entry>, test: &[Entry], span: usize) {
    let mut starts: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for entry in test {
        starts.entry(&entry.prefix).or_default().insert(entry.start);
    }
    train.retain(|entry| {
        let near = entry.start.saturating_sub(span)..=entry.start + span;
        starts
            .get(&*entry.prefix)
            .is_none_or(|starts| starts.range(near).next().is_none())
    });
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
mod tests;
