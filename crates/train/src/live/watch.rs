//! A forecast for every file that appears in a folder.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use foreframe_core::ConfigError;
use foreframe_data::InputSpec;
use foreframe_data::files::{FrameFile, Inbox};
use foreframe_formats::npy;
use tracing::{info, warn};

use super::{Arrival, Live, LiveError, Record};
use crate::error::{FolderError, TrainError};

/// Settings of a watch.
#[derive(Clone, Copy, Debug)]
pub struct WatchOptions<'a> {
    /// Where files appear.
    pub folder: &'a Path,
    /// Where forecasts are written; it is made where it does not exist.
    pub output: &'a Path,
    /// How files are read, as in training: variable, axes, unit, crop, pool, resize, missing values, links.
    pub input: &'a InputSpec,
    /// A file is taken once it has not changed for so long.
    pub settle: Duration,
}

/// Feeds a network the files that appear in a folder, in the order of their times, or of their names where a file does not
/// know its time, and writes `NAME.npy` and its [`Record`] `NAME.json` for each.
///
/// A file that has a record is done: after a restart it is only read where the history needs it.
pub struct Watch {
    live: Live,
    inbox: Inbox,
    output: PathBuf,
    input: InputSpec,
    /// Whether the files that were there at the beginning have been seen.
    began: bool,
}

/// A file that is complete.
struct Entry {
    path: PathBuf,
    /// Not opened yet where it is done.
    file: Option<FrameFile>,
    frames: usize,
    /// When its newest frame was taken.
    time: Option<i64>,
    done: bool,
}

impl Watch {
    /// Begins to watch; nothing is read yet.
    ///
    /// # Errors
    /// Names the folder that cannot be read or made, or says that the two are one.
    pub fn new(live: Live, options: &WatchOptions<'_>) -> Result<Self, TrainError> {
        let inbox = Inbox::new(options.folder, options.settle, options.input.data.links)?;
        let output = options.output;
        if !output.is_dir() {
            fs::create_dir(output).map_err(FolderError::new("make", output))?;
        }
        let canonical = |path: &Path| path.canonicalize().map_err(FolderError::new("read", path));
        if canonical(output)? == canonical(options.folder)? {
            let problem = format!("is `{}`, the folder that is watched", output.display());
            let remedy = "name another one: forecasts would be taken for observations";
            return Err(ConfigError::new("the folder of the forecasts", problem, remedy).into());
        }
        Ok(Self {
            live,
            inbox,
            output: output.to_owned(),
            input: options.input.clone(),
            began: false,
        })
    }

    /// Whether there are files that are not complete yet.
    pub fn is_waiting(&self) -> bool {
        self.inbox.is_waiting()
    }

    /// Takes the files that have become complete since the last call. `on_file` is called with every file that was taken, with the
    /// forecast that was written for it, if any, and may ask to stop.
    ///
    /// A file that cannot be read is named in a warning and left out, until it changes.
    ///
    /// # Errors
    /// Names the folder that cannot be read, or the forecast that cannot be written.
    pub fn look(&mut self, on_file: &mut dyn FnMut(Option<&Path>) -> ControlFlow<()>) -> Result<(), TrainError> {
        let complete = self.inbox.complete()?;
        let mut entries: Vec<Entry> = complete.into_iter().filter_map(|path| self.entry(path)).collect();
        if entries.iter().all(|entry| entry.time.is_some()) {
            // Stable: files of one time stay in the order of their names.
            entries.sort_by_key(|entry| entry.time);
        }
        self.began = true;
        let needed = self.first_needed(&entries);
        for entry in entries.into_iter().skip(needed) {
            let written = self.take(entry)?;
            if on_file(written.as_deref()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn entry(&self, path: PathBuf) -> Option<Entry> {
        if let Some(record) = Record::of(&self.output, &path) {
            // Processed files are history at the start, and nothing new later.
            return (!self.began).then(|| Entry {
                path,
                file: None,
                frames: record.frames,
                time: record.seconds,
                done: true,
            });
        }
        let file = self.open(&path)?;
        Some(Entry {
            frames: file.len(),
            time: file.time(file.len() - 1),
            file: Some(file),
            done: false,
            path,
        })
    }

    fn open(&self, path: &Path) -> Option<FrameFile> {
        let file = FrameFile::open(path, &self.input, self.live.observer().channels())
            .inspect_err(|error| warn!("left out: {error}"))
            .ok()?;
        match self.live.check(file.size()) {
            Ok(()) => Some(file),
            Err(error) => {
                warn!("left out: `{}`: {error}", path.display());
                None
            }
        }
    }

    /// The first file that the next forecast depends on.
    fn first_needed(&self, entries: &[Entry]) -> usize {
        if self.live.keeps_state() {
            return 0;
        }
        let mut first = entries.iter().position(|entry| !entry.done).unwrap_or(entries.len());
        let mut frames = 0;
        while first > 0 && frames < self.live.room() {
            first -= 1;
            frames += entries[first].frames;
        }
        first
    }

    /// Feeds one file to the network, and writes what follows unless that is done.
    fn take(&mut self, entry: Entry) -> Result<Option<PathBuf>, TrainError> {
        let Some(file) = entry.file.or_else(|| self.open(&entry.path)) else {
            return Ok(None);
        };
        let mut old = None;
        let mut taken = 0;
        for frame in 0..file.len() {
            let values = match file.read(frame) {
                Ok(values) => values,
                Err(error) => {
                    warn!("left out: {error}");
                    return Ok(None);
                }
            };
            match self.live.push(file.time(frame), values) {
                Ok(arrival) => {
                    tell(&entry.path, arrival);
                    taken += 1;
                }
                Err(error @ LiveError::Late { .. }) => old = Some(error),
                Err(error) => {
                    warn!("left out: `{}`: {error}", entry.path.display());
                    return Ok(None);
                }
            }
        }
        if entry.done {
            return Ok(None);
        }
        let model = self.live.network().name();
        let without = |why: String| Record::without(&entry.path, file.len(), entry.time, model, why);
        // Files may repeat frames of those before them, as long as one of theirs is new.
        if let (Some(late), 0) = (old, taken) {
            warn!("left out: `{}`: {late}", entry.path.display());
            without(late.to_string()).write(&self.output, &entry.path)?;
            return Ok(None);
        }
        let forecast = match self.live.forecast() {
            // Files to come may be those that are missing between.
            Err(error @ LiveError::Interval { .. }) => {
                warn!("no forecast from `{}`: {error}", entry.path.display());
                without(error.to_string()).write(&self.output, &entry.path)?;
                return Ok(None);
            }
            other => other.map_err(refused)?,
        };
        let Some(forecast) = forecast else {
            let why = format!("{} more frames are needed first", self.live.lacking());
            info!("`{}`: {why}", entry.path.display());
            without(why).write(&self.output, &entry.path)?;
            return Ok(None);
        };
        let path = Record::forecast_path(&self.output, &entry.path);
        npy::write_array(&path, &forecast.shape, &forecast.values)?;
        // The record comes last: what has one is done.
        Record::with(&entry.path, file.len(), model, &forecast, &path).write(&self.output, &entry.path)?;
        Ok(Some(path))
    }
}

fn tell(path: &Path, arrival: Arrival) {
    let path = path.display();
    match arrival {
        Arrival::Next => {}
        Arrival::Filled(1) => warn!("`{path}`: one frame is missing before it and is interpolated"),
        Arrival::Filled(frames) => warn!("`{path}`: {frames} frames are missing before it and are interpolated"),
        Arrival::Gap { seconds, usual } => warn!(
            "`{path}`: a gap in time, {seconds} s after the frame before instead of {usual} s: the history begins anew"
        ),
    }
}

/// A network that cannot go on is an error of the setting.
fn refused(error: LiveError) -> TrainError {
    match error {
        LiveError::Config(error) => error.into(),
        other => ConfigError::new("the network", format!("cannot go on ({other})"), "start again").into(),
    }
}
