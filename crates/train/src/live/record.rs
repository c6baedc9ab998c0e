//! The record beside a forecast.

use std::fs;
use std::path::{Path, PathBuf};

use foreframe_formats::time::written;
use serde::{Deserialize, Serialize};

use super::LiveForecast;
use crate::error::FolderError;
use crate::files;

/// Record of one processed file: `NAME.json` beside `NAME.npy`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Record {
    /// The file's name.
    pub input: String,
    /// Frames in it.
    pub frames: usize,
    /// When the newest of them was taken, in UTC, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The same in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// The network that forecast.
    pub model: String,
    /// Why there is no forecast, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_forecast: Option<String>,
    /// The name of the forecast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<String>,
    /// Its `[horizon, channels, height, width]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<[usize; 4]>,
    /// Frames that it is made from.
    #[serde(default)]
    pub observed: usize,
    /// Those of them that were missing and are interpolated.
    #[serde(default)]
    pub filled: usize,
    /// Of which time each of its frames is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lead_times: Vec<LeadTime>,
}

/// Of which time a forecast frame is.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct LeadTime {
    /// Its number, from 1.
    pub frame: usize,
    /// Seconds after the newest observation, where the time between frames is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// The moment it is a forecast of, in UTC, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<String>,
}

impl Record {
    /// A file of `frames` frames without a forecast.
    pub(super) fn without(input: &Path, frames: usize, time: Option<i64>, model: &str, why: String) -> Self {
        Self {
            input: name(input),
            frames,
            time: time.map(written),
            seconds: time,
            model: model.to_owned(),
            no_forecast: Some(why),
            forecast: None,
            shape: None,
            observed: 0,
            filled: 0,
            lead_times: Vec::new(),
        }
    }

    /// A file of `frames` frames and the forecast that lies at `path`.
    pub(super) fn with(input: &Path, frames: usize, model: &str, forecast: &LiveForecast, path: &Path) -> Self {
        let lead_time = |frame: usize| {
            let seconds = forecast.seconds.map(|seconds| seconds * frame as i64);
            let valid = forecast
                .time
                .zip(seconds)
                .map(|(time, seconds)| written(time + seconds));
            LeadTime { frame, seconds, valid }
        };
        Self {
            no_forecast: None,
            forecast: Some(name(path)),
            shape: Some(forecast.shape),
            observed: forecast.observed,
            filled: forecast.filled,
            lead_times: (1..=forecast.shape[0]).map(lead_time).collect(),
            ..Self::without(input, frames, forecast.time, model, String::new())
        }
    }

    /// Where the record of a file lies in `folder`.
    pub(super) fn path(folder: &Path, input: &Path) -> PathBuf {
        beside(folder, input, "json")
    }

    /// Where the forecast from a file lies in `folder`.
    pub(super) fn forecast_path(folder: &Path, input: &Path) -> PathBuf {
        beside(folder, input, "npy")
    }

    /// The record of a file in `folder`, if it is done. A record that cannot be read is none: the file is done again.
    pub(super) fn of(folder: &Path, input: &Path) -> Option<Self> {
        let text = fs::read(Self::path(folder, input)).ok()?;
        let record: Self = serde_json::from_slice(&text).ok()?;
        let is_there = record.forecast.as_ref().is_none_or(|name| folder.join(name).is_file());
        (record.input == name(input) && is_there).then_some(record)
    }

    pub(super) fn write(&self, folder: &Path, input: &Path) -> Result<(), FolderError> {
        let text = serde_json::to_vec_pretty(self).expect("numbers and strings become JSON");
        files::write_whole(&Self::path(folder, input), &text)
    }
}

fn beside(folder: &Path, input: &Path, ending: &str) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    folder.join(name)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
