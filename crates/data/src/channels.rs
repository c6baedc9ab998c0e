//! The meaning of a clip's channels.
//!
//! Some are to be forecast. Others are only read: further variables of the same files, fields that never change, and the
//! time of the day or year. They come in this order, so that what is to be forecast are the first channels.

mod chosen;
mod encoding;
mod extended;
mod fixed;
mod pick;

use std::path::Path;
use std::sync::Arc;

use foreframe_core::Targets;
use serde::{Deserialize, Serialize};

pub use chosen::Chosen;
pub use encoding::TimeEncoding;
pub use fixed::{FixedField, read_fixed};
pub use pick::Pick;
pub use pick::{Selection, numbered};

use crate::{ClipSource, DataConfig, DataError, Normalization, Splits};
use extended::Extended;

/// The channels of a clip by name, and what is needed to make them from new observations.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// Their names: those to forecast, other observed ones, static fields, encodings of time.
    pub names: Vec<String>,
    /// How many are to be forecast.
    pub targets: usize,
    /// How many come from the frames of the data, those to forecast among them.
    pub observed: usize,
    /// Channels of the frames before some were chosen.
    pub of_frame: usize,
    /// Which of those the observed ones are.
    pub chosen: Vec<usize>,
    /// Seconds from one frame of a clip to the next, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// The static fields, normalized, `[static, height, width]`; kept beside the description.
    #[serde(skip)]
    pub fixed: Arc<[f32]>,
    /// How the files were read; without `path`.
    pub data: DataConfig,
}

impl Channels {
    /// The channels that `selection` keeps of the frames, and those that `config` adds. Also how all of them are normalized, where
    /// `normalization` is that of the selected ones.
    pub fn new(
        selection: &Selection,
        fixed: &[FixedField],
        seconds: Option<i64>,
        config: &DataConfig,
        normalization: Normalization,
    ) -> (Self, Normalization) {
        let of_time = config.time_encodings.iter().flat_map(|encoding| encoding.names());
        let names = selection.names.iter().cloned();
        let names = names.chain(fixed.iter().map(|field| field.name.clone())).chain(of_time);
        let channels = Self {
            names: names.collect(),
            targets: selection.targets,
            observed: selection.names.len(),
            of_frame: selection.of_frame,
            chosen: selection.chosen.clone(),
            seconds,
            fixed: fixed.iter().flat_map(|field| field.values.iter().copied()).collect(),
            data: DataConfig {
                path: None,
                ..config.clone()
            },
        };
        let others = fixed.iter().map(|field| (field.mean, field.std));
        let of_time = std::iter::repeat_n((0.0, 1.0), 2 * config.time_encodings.len());
        let normalization = match channels.count() > channels.observed {
            true => normalization.followed_by(channels.observed, others.chain(of_time)),
            false => normalization,
        };
        (channels, normalization)
    }

    /// Splits of these channels from splits of the observed ones.
    pub fn complete_clips(self, mut splits: Splits) -> Splits {
        splits.clip.channels = self.count();
        splits.description = format!("{}; {}", splits.description, self.describe());
        let channels = Arc::new(self);
        for clips in [&mut splits.train, &mut splits.validation, &mut splits.test] {
            let completed: Arc<dyn ClipSource> = Arc::new(Extended::new(Arc::clone(clips), Arc::clone(&channels)));
            *clips = completed;
        }
        splits
    }

    /// Whether something is asked for that needs a description: a choice of channels, or more than those of the frames.
    pub fn are_asked_for(config: &DataConfig) -> bool {
        other_channels(config, &DataConfig::default()).is_some()
    }

    /// Refuses to read other channels than these: a network has learned what each of its channels is.
    ///
    /// # Errors
    /// Names the key that says something else.
    pub fn check(&self, config: &DataConfig) -> Result<(), DataError> {
        match other_channels(config, &self.data) {
            None => Ok(()),
            Some(key) => Err(DataError::config(
                key,
                "is not what the network was trained with",
                format!("leave it as it was: the network {}", self.describe()),
            )),
        }
    }

    /// Refuses frames of a file whose channels are called otherwise than the observed ones.
    pub fn check_names(&self, path: &Path, found: &[String]) -> Result<(), DataError> {
        if found == &self.names[..self.observed] {
            return Ok(());
        }
        Err(DataError::file(
            path,
            format!("has the channels {}", found.join(", ")),
            format!(
                "name a file with those that the network was trained on: {}",
                self.expected()
            ),
        ))
    }

    /// Whether the numbers fit each other, as they do unless a file was changed by hand.
    pub fn are_sound(&self) -> bool {
        let chosen_are_there = self.chosen.iter().all(|channel| *channel < self.of_frame);
        let in_order = (1..=self.observed).contains(&self.targets) && self.observed <= self.names.len();
        in_order && chosen_are_there && self.chosen.len() == self.observed
    }

    /// All channels.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// Which of them are to be forecast.
    pub fn as_targets(&self) -> Targets {
        Targets::of_channels(self.targets, self.count())
    }

    /// In words, what is forecast and what is only read.
    pub fn describe(&self) -> String {
        let (targets, others) = self.names.split_at(self.targets);
        match others.is_empty() {
            true => format!("channels {}", targets.join(", ")),
            false => format!("forecasts {}, also reads {}", targets.join(", "), others.join(", ")),
        }
    }

    /// In words, the channels that [`choose`](Self::choose) takes.
    pub fn expected(&self) -> String {
        let mut channels: Vec<(&usize, &String)> = self.chosen.iter().zip(&self.names).collect();
        let is_all = self.of_frame == self.observed;
        if is_all {
            channels.sort();
        }
        let names: Vec<&str> = channels.into_iter().map(|(_, name)| name.as_str()).collect();
        match is_all {
            true => names.join(", "),
            false => format!("{}, or all {} of the data", names.join(", "), self.of_frame),
        }
    }

    /// Whether their values depend on the time.
    pub fn need_time(&self) -> bool {
        !self.data.time_encodings.is_empty()
    }

    /// Whether [`choose`](Self::choose) takes frames of so many channels.
    pub const fn can_choose(&self, channels: usize) -> bool {
        channels == self.of_frame || channels == self.observed
    }

    /// Chooses the observed channels of frames that have `channels` of them: all that the frames of the training data had,
    /// or just the chosen ones. `None` if they are neither.
    ///
    /// # Shapes
    /// - `frames`: `[.., channels, height, width]`, planes of `plane` values
    /// - output: `[.., observed, height, width]`
    pub fn choose(&self, frames: Vec<f32>, channels: usize, plane: usize) -> Option<Vec<f32>> {
        match channels {
            _ if channels == self.of_frame => Some(pick::planes(frames, channels, plane, &self.chosen)),
            _ if channels == self.observed => Some(frames),
            _ => None,
        }
    }

    /// Puts observed channels in an order that [`choose`](Self::choose) takes.
    ///
    /// # Shapes
    /// - `frames`, output: `[.., observed, height, width]`, planes of `plane` values
    pub fn unchoose(&self, frames: Vec<f32>, plane: usize) -> Vec<f32> {
        if self.of_frame != self.observed {
            return frames;
        }
        let mut places = vec![0; self.observed];
        for (place, chosen) in self.chosen.iter().enumerate() {
            places[*chosen] = place;
        }
        pick::planes(frames, self.observed, plane, &places)
    }

    /// Frames with all their channels, from those that were observed.
    ///
    /// # Shapes
    /// - `observed`: `[time, observed, height, width]`, normalized
    /// - `times`: when they were taken, in seconds since 1970; needed where [`need_time`](Self::need_time)
    /// - output: `[time, channels, height, width]`
    ///
    /// # Panics
    /// If times are needed and not given.
    pub fn complete(&self, observed: &[f32], times: Option<&[i64]>, plane: usize) -> Vec<f32> {
        let mut frames = Vec::with_capacity(observed.len() / self.observed * self.count());
        for (number, frame) in observed.chunks_exact(self.observed * plane).enumerate() {
            frames.extend_from_slice(&frame[..self.targets * plane]);
            self.add_known(&mut frames, frame, times.map(|times| times[number]), plane);
        }
        frames
    }

    /// Known channels of `count` future frames: those that are not forecast. Observed ones stay as they are in the
    /// newest frame.
    ///
    /// # Shapes
    /// - `newest`: `[observed, height, width]`, normalized
    /// - `times`: when the frames will be taken; needed where [`need_time`](Self::need_time)
    /// - output: `[count, channels - targets, height, width]`
    ///
    /// # Panics
    /// If times are needed and not given.
    pub fn known(&self, newest: &[f32], times: Option<&[i64]>, count: usize, plane: usize) -> Vec<f32> {
        let mut known = Vec::with_capacity(count * (self.count() - self.targets) * plane);
        for number in 0..count {
            self.add_known(&mut known, newest, times.map(|times| times[number]), plane);
        }
        known
    }

    /// Adds one frame's channels that are not forecast, `[channels - targets, height, width]`.
    fn add_known(&self, to: &mut Vec<f32>, observed: &[f32], time: Option<i64>, plane: usize) {
        to.extend_from_slice(&observed[self.targets * plane..]);
        to.extend_from_slice(&self.fixed);
        for encoding in &self.data.time_encodings {
            let time = time.expect("encodings of time come with times");
            for value in encoding.values(time) {
                to.resize(to.len() + plane, value);
            }
        }
    }
}

/// The first key by which two configurations say different things of what the channels are.
pub fn other_channels(one: &DataConfig, other: &DataConfig) -> Option<&'static str> {
    let differ = [
        ("variables", one.variables != other.variables),
        ("channels", one.channels != other.channels),
        ("targets", one.targets != other.targets),
        ("static", one.static_fields != other.static_fields),
        ("time_encodings", one.time_encodings != other.time_encodings),
    ];
    differ.into_iter().find(|(_, differs)| *differs).map(|(key, _)| key)
}

#[cfg(test)]
mod tests;
