//! The archive as it is published: a catalog, and files of events.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::{DateTime, date};

use super::catalog::{self, Event};
use super::frames::{Array, EventFrames};
use super::{CATALOG, Found};
use foreframe_data::files::LinkPolicy;
use foreframe_data::{DataConfig, DataError, Protocol};
use foreframe_formats::fields::Damaged;

/// Finds the clips of the archive.
pub(super) fn open(folder: &Path, config: &DataConfig, length: usize) -> Result<Found, DataError> {
    let catalog = folder.join(CATALOG);
    let mut events = catalog::read(&catalog)?;
    let (validation_from, test_from) = (date(2019, 1, 1).at(0, 0, 0, 0), date(2019, 6, 1).at(0, 0, 0, 0));
    if config.protocol == Protocol::OpenStl {
        // In neither of the published splits.
        events.retain(|event| event.time < validation_from || event.time >= test_from);
    }
    let files = event_files(folder, &events, &catalog, config)?;
    let array = Array::open(files.values().cloned().collect(), "vil", config)?;
    let mut first = 0;
    let mut ranges: BTreeMap<&Path, Range<usize>> = BTreeMap::new();
    for (path, count) in array.files() {
        ranges.insert(path, first..first + count);
        first += count;
    }
    let mut places = Vec::with_capacity(events.len());
    for event in &events {
        // Files that are not there or cannot be read have been named.
        let Some(range) = files.get(&event.file).and_then(|path| ranges.get(path.as_path())) else {
            continue;
        };
        if event.index >= range.len() {
            let problem = format!(
                "names event {} of `{}` in line {}, which holds {}",
                event.index,
                event.file.display(),
                event.line,
                range.len()
            );
            refuse(&catalog, problem, config)?;
            continue;
        }
        places.push((range.start + event.index, event.time));
    }
    // Clips of the same event follow each other, so that it is read once where clips are not shuffled.
    places.sort_unstable();
    let per_event = (array.length() + config.stride).saturating_sub(length) / config.stride;
    let starts = |is_in: &dyn Fn(DateTime) -> bool| -> Vec<usize> {
        let events = places.iter().filter(|(_, time)| is_in(*time));
        events
            .flat_map(|(event, _)| (0..per_event).map(move |clip| (*event, clip)))
            .map(|(event, clip)| event * array.length() + clip * config.stride)
            .collect()
    };
    let (train, validation, test) = (
        starts(&|time| time < validation_from),
        starts(&|time| (validation_from..test_from).contains(&time)),
        starts(&|time| time >= test_from),
    );
    let description = match config.protocol {
        Protocol::Own => "train: before 2019, validation: January to May 2019, test: from June 2019",
        Protocol::OpenStl => "train: before 2019, validation and test: from June 2019",
    };
    let mut sources: Vec<PathBuf> = array.files().into_iter().map(|(path, _)| path.to_owned()).collect();
    sources.push(catalog);
    Ok(Found {
        frames: EventFrames::new(vec![array], config)?,
        train,
        validation,
        test,
        files: sources,
        description: format!("{description}; {per_event} clips per event"),
    })
}

/// Where the files of the catalog lie, those left out that are not there and may be skipped.
fn event_files(
    folder: &Path,
    events: &[Event],
    catalog: &Path,
    config: &DataConfig,
) -> Result<BTreeMap<PathBuf, PathBuf>, DataError> {
    let policy = LinkPolicy::of(folder, config.links)?;
    let mut files: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    let mut absent: Vec<&Path> = Vec::new();
    for event in events {
        if files.contains_key(&event.file) || absent.contains(&event.file.as_path()) {
            continue;
        }
        let candidates = [folder.join("data").join(&event.file), folder.join(&event.file)];
        match candidates.into_iter().find(|path| path.exists()) {
            Some(path) if policy.admits(&path)? => {
                files.insert(event.file.clone(), path);
            }
            Some(_) => absent.push(&event.file),
            None => {
                let problem = format!(
                    "names `{}` in line {}, which is not below `{}`",
                    event.file.display(),
                    event.line,
                    folder.join("data").display()
                );
                refuse(catalog, problem, config)?;
                absent.push(&event.file);
            }
        }
    }
    match files.is_empty() {
        false => Ok(files),
        true => Err(DataError::file(
            catalog,
            "names no file that is there",
            "fetch data/vil, or name the folder that holds it",
        )),
    }
}

/// Refuses what the catalog says, or passes it over with a warning, as `data.damaged` says.
fn refuse(catalog: &Path, problem: String, config: &DataConfig) -> Result<(), DataError> {
    match config.damaged {
        Damaged::Refuse => Err(DataError::file(
            catalog,
            problem,
            "fetch that file, or set data.damaged = \"skip\" to do without its events",
        )),
        Damaged::Skip => {
            tracing::warn!("left out: `{}` {problem}", catalog.display());
            Ok(())
        }
    }
}
