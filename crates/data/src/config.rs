//! The section `[data]` of a configuration.

mod checks;
mod choices;
mod missing;

use std::path::PathBuf;
use std::sync::Arc;

use foreframe_core::ClipShape;
use serde::{Deserialize, Serialize};

pub use checks::{at_least, check_positive_shares, check_shares, no_published_protocol, whole_frames};
pub use choices::{Links, Motion, Noise, NoisySplits, Protocol, Scaling, SplitBy};
pub use missing::Missing;

use crate::{DataError, Pick, TimeEncoding, Trained};
use foreframe_formats::fields::Damaged;

/// Which data, how they are cut into clips and split. The section `[data]` of every configuration.
///
/// One flat section serves every dataset; a key that a dataset has no use for is refused ([`Dataset::check_keys`](crate::Dataset)).
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// The dataset, e.g. `moving-digits`, `kth` or `files`.
    pub name: String,
    /// Where the files lie. `files` needs it; every other dataset looks in `datasets/<name>` without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Observed frames of a clip, T.
    pub past: usize,
    /// Frames to forecast, T'.
    pub future: usize,
    /// Generated sets: rows and columns of a frame.
    pub size: usize,
    /// Generated sets: digits in a clip.
    pub digits: usize,
    /// `moving-digits`: rows and columns of the square that a digit is drawn in; without it 5/8 of `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digit_size: Option<usize>,
    /// `moving-digits`: where digits can be.
    pub motion: Motion,
    /// Generated sets: training clips per epoch, new ones in every epoch.
    pub train_clips: usize,
    /// Generated sets: validation clips, the same in every epoch.
    pub validation_clips: usize,
    /// Generated sets: test clips, always the same.
    pub test_clips: usize,
    /// Seed of generated clips and of `split = "random-clip"`.
    pub seed: u64,
    /// `files`, `ucf-sports` and `sevir`: frames between the starts of two neighboring clips.
    pub stride: usize,
    /// `files`: frames from one frame of a clip to its next; 2 takes every other frame.
    pub step: usize,
    /// `files`: how recordings are split into train, validation and test.
    pub split: SplitBy,
    /// `files`: share of the data kept for validation; 0 for none.
    pub validation_share: f64,
    /// `files`: share of the data kept for the test; 0 for none.
    pub test_share: f64,
    /// `files` and `sevir`: how values are normalized.
    pub normalize: Scaling,
    /// `files`: `[rows, columns]` to which frames are resampled (triangle filter, low-pass when shrinking). Without it
    /// frames keep their size, and frames of different sizes are refused.
    /// Published datasets have a size of their own, which this replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize: Option<[usize; 2]>,
    /// Published datasets: which clips validate.
    pub protocol: Protocol,
    /// Noise on the observed frames; the frames to forecast stay clean.
    pub noise: Noise,
    /// Which splits are disturbed.
    pub noise_in: NoisySplits,
    /// `noise = "box"`: rows and columns of the black box.
    pub noise_box: usize,
    /// `noise = "missing-frames"` or `"missing-pixels"`: the chance of each to be missing.
    pub noise_rate: f64,
    /// `noise = "dynamic"`: standard deviation of the velocity, in units of the undisturbed speed.
    pub noise_speed: f64,
    /// `cikm2017`: which of the four heights (0: 0.5 km, 1: 1.5 km, 2: 2.5 km, 3: 3.5 km).
    pub level: usize,
    /// `shanghai2020`: the value that becomes 1.
    pub maximum: f64,
    /// `files`: HDF5, NetCDF and `.npz`: the array to read, by its name or its path in the file. KNMI radar: the image, ODIM
    /// radar: the quantity or the group. Without it the only array that can be frames is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// `files`: HDF5 and NetCDF: several arrays in place of one, whose channels come in this order. Files of a folder may
    /// hold one of them each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// `files` and `weatherbench`: which channels are used, by name or number; all without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Pick>,
    /// `files` and `weatherbench`: which of the channels are forecast, learned and scored, by name or number; all without it.
    /// The others are only read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Pick>,
    /// `files` and `weatherbench`: fields that do not change in time, as further channels that are only read: `.npy`, images,
    /// or `file:variable` of HDF5 and NetCDF. They have the size of the frames, before or after `crop`, `pool` and `resize`.
    #[serde(rename = "static", skip_serializing_if = "Vec::is_empty")]
    pub static_fields: Vec<String>,
    /// `files` and `weatherbench`: times as further channels that are only read, a sine and a cosine each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub time_encodings: Vec<TimeEncoding>,
    /// `files`: when the first frame was taken (UTC), e.g. `2019-03-01T00:00`, where the files do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// `files`: seconds from one frame of the files to the next, where `start` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_step: Option<u32>,
    /// `files`: HDF5 and NetCDF: which axis is which, one letter each: `n` recordings, `t` time, `c` channels, `y` rows,
    /// `x` columns, e.g. `nyxt`. Without it the names of the dimensions say, else the order `ntcyx`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axes: Option<String>,
    /// `files`: HDF5 and NetCDF: the unit to which values are converted, e.g. `mm/h`. Without it that of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// `files`: what missing values (NaN) become: a number, or `mask`. Without it they are refused in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// `files` and `sevir`: `[top, left, rows, columns]` of the part of every frame that is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<[usize; 4]>,
    /// `files` and `sevir`: rows and columns of the blocks whose mean becomes one pixel, after `crop` and before `resize`. Missing
    /// values do not count; rows and columns that fill no block are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<usize>,
    /// `files`: HDF5 and NetCDF: what becomes of a file of a folder that cannot be read. `sevir`: what becomes of the events
    /// of such a file, or of one that is not there.
    pub damaged: Damaged,
    /// `files` and `sevir`: what becomes of a link that leads out of the folder of data.
    pub links: Links,
    /// The network that the data are read for, where it is trained already: frames are then read, converted, scaled and checked
    /// as those that it was trained on. It is no key.
    #[serde(skip)]
    pub trained: Option<Arc<Trained>>,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            name: "moving-digits".to_owned(),
            path: None,
            past: 10,
            future: 10,
            size: 32,
            digits: 2,
            digit_size: None,
            motion: Motion::Smooth,
            train_clips: 1000,
            validation_clips: 100,
            test_clips: 200,
            seed: 0,
            stride: 1,
            step: 1,
            split: SplitBy::Auto,
            validation_share: 0.1,
            test_share: 0.1,
            normalize: Scaling::Auto,
            resize: None,
            protocol: Protocol::Own,
            noise: Noise::None,
            noise_in: NoisySplits::Train,
            noise_box: 24,
            noise_rate: 0.2,
            noise_speed: 0.2,
            level: 0,
            maximum: 255.0,
            variable: None,
            variables: Vec::new(),
            channels: Vec::new(),
            targets: Vec::new(),
            static_fields: Vec::new(),
            time_encodings: Vec::new(),
            start: None,
            time_step: None,
            axes: None,
            unit: None,
            missing: None,
            crop: None,
            pool: None,
            damaged: Damaged::Refuse,
            links: Links::Refuse,
            trained: None,
        }
    }
}

impl DataConfig {
    /// The clip that this configuration yields from frames of `channels` x `height` x `width`.
    ///
    /// # Errors
    /// Names `data.past` or `data.future` where it is 0.
    pub fn clip(&self, channels: usize, height: usize, width: usize) -> Result<ClipShape, DataError> {
        at_least("past", self.past, 1)?;
        at_least("future", self.future, 1)?;
        Ok(ClipShape::new([self.past, self.future, channels, height, width]))
    }

    /// Frames of a recording from the first to the last frame of one clip.
    ///
    /// # Errors
    /// Names the key that is 0 or far too large.
    pub fn window(&self) -> Result<usize, DataError> {
        let shape = self.clip(1, 1, 1)?;
        at_least("step", self.step, 1)?;
        at_least("stride", self.stride, 1)?;
        (shape.frames() - 1)
            .checked_mul(self.step)
            .and_then(|last| last.checked_add(1))
            .ok_or_else(|| DataError::config("step", "is far too large", "use a small number of frames, e.g. 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_round_trips_and_unknown_keys_are_refused() {
        let config = DataConfig {
            path: Some("radar.npy".into()),
            resize: Some([64, 96]),
            variable: Some("t2m".to_owned()),
            variables: vec!["t2m".to_owned(), "u10".to_owned()],
            channels: vec![Pick("2".to_owned()), Pick("u10".to_owned())],
            targets: vec![Pick("u10".to_owned())],
            static_fields: vec!["land.nc:z".to_owned()],
            time_encodings: vec![TimeEncoding::Hour, TimeEncoding::DayOfYear],
            start: Some("2019-03-01".to_owned()),
            time_step: Some(3600),
            axes: Some("tyx".to_owned()),
            unit: Some("C".to_owned()),
            missing: Some(Missing::Become(0.5)),
            crop: Some([1, 2, 30, 40]),
            pool: Some(3),
            damaged: Damaged::Skip,
            links: Links::Follow,
            split: SplitBy::RandomClip,
            normalize: Scaling::ZScore,
            ..DataConfig::default()
        };
        let masked = DataConfig {
            missing: Some(Missing::Mask),
            ..DataConfig::default()
        };
        let whole: DataConfig = toml::from_str("missing = -1").unwrap();
        assert_eq!(whole.missing, Some(Missing::Become(-1.0)));
        let error = toml::from_str::<DataConfig>("missing = 'masked'")
            .unwrap_err()
            .to_string();
        assert!(error.contains("a number, or \"mask\""), "{error}");
        for config in [config, masked, DataConfig::default()] {
            let text = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<DataConfig>(&text).unwrap(), config);
        }
        assert!(
            toml::from_str::<DataConfig>("pasts = 3")
                .unwrap_err()
                .to_string()
                .contains("pasts")
        );
        assert!(
            toml::from_str::<DataConfig>("split = \"by-time\"")
                .unwrap_err()
                .to_string()
                .contains("random-clip")
        );
    }

    #[test]
    fn a_window_spans_its_steps() {
        let mut config = DataConfig {
            past: 4,
            future: 2,
            step: 3,
            ..DataConfig::default()
        };
        assert_eq!(config.window().unwrap(), 16);
        config.step = 0;
        assert_eq!(
            config.window().unwrap_err().to_string(),
            "`data.step` is 0: use 1 or more"
        );
        config.future = usize::MAX;
        assert!(config.window().unwrap_err().to_string().contains("data.future"));
    }
}
