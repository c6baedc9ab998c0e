//! The frames of a network, and how files that hold such frames are read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{DataConfig, Normalization};
use foreframe_formats::fields::Grid;

/// How the frames that a network was trained on were read from their files, and what they were. It goes with the weights, so
/// that later files are read by the same code in the same way.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Divisor of integers when they were read, 1 for none; `None` of weights that do not state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divisor: Option<f32>,
    /// Rows and columns of a frame in the files, before `crop`, `pool` and `resize`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// Rows and columns of a frame after that, which are those of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<[usize; 2]>,
    /// Seconds from one frame of a clip to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// The unit of every variable, empty where it is unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// The least value of every observed channel in training, in physical units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub least: Vec<f32>,
    /// The greatest value of every observed channel in training.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub greatest: Vec<f32>,
    /// Where the frames lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<Grid>,
    /// The section `[data]`, without `path`.
    pub data: DataConfig,
}

/// The network that data are read for, where it is trained already.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// How its frames were normalized: all channels, or one pair for all of them.
    pub normalization: Normalization,
    /// How its frames were read, where the weights state it.
    pub input: Option<InputSpec>,
}

impl InputSpec {
    /// Frames that are read as `data` says, of which nothing else is known.
    pub fn of(data: &DataConfig) -> Self {
        Self {
            divisor: None,
            size: None,
            frame: None,
            seconds: None,
            units: Vec::new(),
            least: Vec::new(),
            greatest: Vec::new(),
            grid: None,
            data: DataConfig {
                path: None,
                trained: None,
                ..data.clone()
            },
        }
    }

    /// The configuration by which further frames are read for the network.
    pub fn reading(&self) -> DataConfig {
        let trained = Trained {
            normalization: Normalization::identity(),
            input: Some(self.clone()),
        };
        DataConfig {
            // A statement on the first frame of the training data does not hold for others.
            start: None,
            time_step: None,
            trained: Some(Arc::new(trained)),
            ..self.data.clone()
        }
    }

    /// The unit of a variable, where it is known.
    pub fn unit_of(&self, variable: usize) -> Option<&str> {
        self.units
            .get(variable)
            .map(String::as_str)
            .filter(|unit| !unit.is_empty())
    }

    /// The unit of all variables, where they have one in common.
    pub fn unit(&self) -> Option<&str> {
        let first = self.unit_of(0)?;
        self.units.iter().all(|unit| unit == first).then_some(first)
    }

    /// The least and the greatest value in training of the first `channels` channels together, where that is known.
    pub fn range(&self, channels: usize) -> Option<[f32; 2]> {
        let of = |values: &[f32]| -> Vec<f32> {
            let count = if values.len() == 1 { 1 } else { channels };
            values.iter().take(count).copied().collect()
        };
        let least = of(&self.least).into_iter().reduce(f32::min)?;
        let greatest = of(&self.greatest).into_iter().reduce(f32::max)?;
        Some([least, greatest])
    }

    /// Of observed frames, what is far outside the range of training: by more than half of its width.
    ///
    /// # Shapes
    /// - `frames`: `[.., channels, plane]`, physical, NaN where a value is missing
    pub fn outside(&self, frames: &[f32], channels: usize, plane: usize) -> Option<String> {
        for channel in 0..channels {
            let of = |values: &[f32]| values.get(if values.len() == 1 { 0 } else { channel }).copied();
            let (least, greatest) = (of(&self.least)?, of(&self.greatest)?);
            let planes = frames.chunks_exact(plane).skip(channel).step_by(channels);
            let present = planes.flatten().filter(|value| !value.is_nan());
            let (low, high) = present.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
                (low.min(*value), high.max(*value))
            });
            let margin = (greatest - least) / 2.0;
            if low < least - margin || high > greatest + margin {
                let unit = self.unit_of(channel).or(self.unit()).unwrap_or_default();
                let of_channel = if channels > 1 {
                    format!(" of channel {channel}")
                } else {
                    String::new()
                };
                return Some(format!(
                    "values{of_channel} reach from {low} to {high}, those of training reached from {least} to {greatest} {unit}"
                ));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kelvin() -> InputSpec {
        InputSpec {
            least: vec![260.0],
            greatest: vec![300.0],
            units: vec!["K".to_owned()],
            ..InputSpec::of(&DataConfig::default())
        }
    }

    #[test]
    fn only_what_is_far_outside_is_told() {
        assert_eq!(kelvin().outside(&[241.0, 319.0, f32::NAN], 1, 3), None);
        let warning = kelvin().outside(&[-3.0, 21.0], 1, 2).unwrap();
        assert_eq!(
            warning,
            "values reach from -3 to 21, those of training reached from 260 to 300 K"
        );
        assert_eq!(InputSpec::of(&DataConfig::default()).outside(&[1e9], 1, 1), None);
        assert_eq!(kelvin().range(1), Some([260.0, 300.0]));
    }

    #[test]
    fn it_survives_a_file() {
        let spec = InputSpec {
            seconds: Some(300),
            ..kelvin()
        };
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<InputSpec>(&text).unwrap(), spec);
    }
}
