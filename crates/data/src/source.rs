//! The interface of datasets.

use std::sync::Arc;

use foreframe_core::{ClipShape, ConfigError};

use crate::config::whole_frames;
use crate::{Channels, DataConfig, DataError, Fingerprint, InputSpec, Noise, Normalization};

/// Clips by number.
pub trait ClipSource: Send + Sync {
    /// The size of every clip.
    fn shape(&self) -> ClipShape;

    /// Clips per epoch.
    fn len(&self) -> usize;

    /// Whether there is no clip at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Description of the channels; `None` where all of them come from the frames as they are and all are to be forecast.
    fn channels(&self) -> Option<&Channels> {
        None
    }

    /// When the frames of a clip were taken, T + T' of them, in seconds since 1970, where that is known.
    ///
    /// # Panics
    /// If `index` is not below `len`.
    fn times(&self, index: usize) -> Option<Vec<i64>> {
        let _ = index;
        None
    }

    /// Writes one clip, normalized, into `frames`. Values that are missing and masked are NaN.
    ///
    /// Endless sources make a new clip for every (epoch, index), finite ones ignore the epoch; either way the clip is a
    /// pure function of the two.
    ///
    /// # Shapes
    /// - `frames`: `[T + T', channels, height, width]`
    ///
    /// # Errors
    /// Names the file that cannot be read, or the place of a value that is not finite.
    ///
    /// # Panics
    /// If `index` is not below `len` or `frames` is not one clip long.
    fn read(&self, epoch: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError>;
}

/// A dataset, opened.
#[derive(Clone)]
pub struct Splits {
    /// Training clips. Empty where nothing is split.
    pub train: Arc<dyn ClipSource>,
    /// Clips that choose the checkpoint. Never the test split. Empty where none are wanted.
    pub validation: Arc<dyn ClipSource>,
    /// Test clips, for the final scores. Empty where none are wanted.
    pub test: Arc<dyn ClipSource>,
    /// How clips were normalized, from the training split alone; from all of the data where nothing is split.
    pub normalization: Normalization,
    /// How frames are read and what they are, where other files with such frames can be read alike.
    pub input: Option<InputSpec>,
    /// The size of every clip of every split.
    pub clip: ClipShape,
    /// A digest of what the clips are made from.
    pub fingerprint: Fingerprint,
    /// Description of how the splits are made, in a sentence or two.
    pub description: String,
}

impl Splits {
    /// Description of the channels; `None` where all of them come from the frames as they are and all are to be forecast.
    pub fn channels(&self) -> Option<&Channels> {
        self.train.channels()
    }

    /// The clips as forecasts and scores see them: with the channels to forecast alone, and how those were normalized.
    pub fn forecast(&self) -> (ClipShape, Normalization) {
        let channels = self.channels().map_or(self.clip.channels, |channels| channels.targets);
        let clip = ClipShape { channels, ..self.clip };
        (clip, self.normalization.first(channels))
    }
}

impl std::fmt::Debug for Splits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splits")
            .field("train", &self.train.len())
            .field("validation", &self.validation.len())
            .field("test", &self.test.len())
            .field("normalization", &self.normalization)
            .field("clip", &self.clip)
            .field("fingerprint", &self.fingerprint)
            .field("description", &self.description)
            .finish()
    }
}

/// One entry of the registry of datasets.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    /// The name on the command line.
    pub name: &'static str,
    /// Description in one line.
    pub about: &'static str,
    /// Where it comes from, and under which license.
    pub source: &'static str,
    /// The configuration where the user says nothing.
    pub defaults: fn() -> DataConfig,
    /// The keys of the section `[data]` that it has a use for, besides those that every dataset has.
    pub keys: &'static [&'static str],
    /// Channels, rows and columns of a frame, where they are known without opening a file.
    pub frame: fn(&DataConfig) -> Option<[usize; 3]>,
    /// Opens the splits.
    pub open: fn(&DataConfig) -> Result<Splits, DataError>,
}

/// The keys that every dataset has a use for.
pub const COMMON_KEYS: [&str; 9] = [
    "name",
    "past",
    "future",
    "protocol",
    "seed",
    "noise",
    "noise_in",
    "noise_box",
    "noise_rate",
];

impl Dataset {
    /// Refuses keys that say something which this dataset has no use for.
    ///
    /// # Errors
    /// Names the key and those that there are.
    pub fn check_keys(&self, config: &DataConfig) -> Result<(), DataError> {
        if !self.keys.contains(&"targets") {
            whole_frames(config)?;
        }
        let table = |config: &DataConfig| match serde_json::to_value(config) {
            Ok(serde_json::Value::Object(table)) => table,
            _ => unreachable!("plain numbers and strings become JSON"),
        };
        let (given, mut usual) = (table(config), table(&(self.defaults)()));
        for (key, value) in given {
            if !self.has_use_for(&key, config.noise) && usual.remove(&key).as_ref() != Some(&value) {
                let remedy = match key.strip_prefix("noise_") {
                    Some(_) if self.takes(&key) => "leave it out, or set data.noise to what it belongs to".to_owned(),
                    _ => format!(
                        "leave it out; there is {}, {}",
                        COMMON_KEYS[1..].join(", "),
                        self.keys.join(", ")
                    ),
                };
                return Err(ConfigError::new(
                    format!("data.{key}"),
                    format!("is {value}, but `{}` has no use for it", self.name),
                    remedy,
                )
                .into());
            }
        }
        Ok(())
    }

    /// Whether `key` is one of this dataset's.
    fn takes(&self, key: &str) -> bool {
        COMMON_KEYS.contains(&key) || self.keys.contains(&key)
    }

    /// Whether `key` changes anything where the frames are disturbed by `noise`.
    fn has_use_for(&self, key: &str, noise: Noise) -> bool {
        self.takes(key)
            && match key {
                "noise_in" => noise != Noise::None,
                "noise_box" => noise == Noise::Box,
                "noise_rate" => matches!(noise, Noise::MissingFrames | Noise::MissingPixels),
                "noise_speed" => noise == Noise::Dynamic,
                _ => true,
            }
    }
}
