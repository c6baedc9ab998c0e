//! From physical values to what a network sees, and back.

use foreframe_core::{ClipShape, ConfigError};
use serde::{Deserialize, Serialize};

/// `physical = value * std + mean`, with one pair per channel or one pair for all.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// Physical value of a normalized 0.
    pub mean: Vec<f32>,
    /// Physical difference of a normalized 1.
    pub std: Vec<f32>,
}

impl Normalization {
    /// Means and standard deviations in words, for messages.
    pub fn describe(&self) -> String {
        format!("mean {:?} and standard deviation {:?}", self.mean, self.std)
    }

    /// Values that stay as they are.
    pub fn identity() -> Self {
        Self {
            mean: vec![0.0],
            std: vec![1.0],
        }
    }

    /// That of the first `channels` channels.
    #[must_use]
    pub fn first(&self, channels: usize) -> Self {
        let first = |values: &[f32]| values[..channels.min(values.len())].to_vec();
        Self {
            mean: first(&self.mean),
            std: first(&self.std),
        }
    }

    /// That of `channels` channels, followed by others with a mean and a standard deviation each.
    #[must_use]
    pub(crate) fn followed_by(&self, channels: usize, others: impl Iterator<Item = (f32, f32)>) -> Self {
        let each = |values: &[f32]| match *values {
            [one] => vec![one; channels],
            _ => values.to_vec(),
        };
        let (mut mean, mut std) = (each(&self.mean), each(&self.std));
        for (other_mean, other_std) in others {
            mean.push(other_mean);
            std.push(other_std);
        }
        Self { mean, std }
    }

    /// Rejects what cannot be applied to frames of `channels` channels.
    ///
    /// # Errors
    /// Names `normalization.mean` or `normalization.std` where it has neither one value nor one per channel, or a value
    /// that is not finite, or (`std`) not above 0.
    pub fn validate(&self, channels: usize) -> Result<(), ConfigError> {
        for (field, values) in [("normalization.mean", &self.mean), ("normalization.std", &self.std)] {
            if values.len() != 1 && values.len() != channels {
                return Err(ConfigError::new(
                    field,
                    format!("has {} values for {channels} channels", values.len()),
                    "give one for all channels or one per channel",
                ));
            }
            let bad = |value: &&f32| !value.is_finite() || (field.ends_with("std") && **value <= 0.0);
            if let Some(value) = values.iter().find(bad) {
                return Err(ConfigError::new(
                    field,
                    format!("holds {value}"),
                    "compute it again from the data",
                ));
            }
        }
        Ok(())
    }

    /// Makes physical values normalized, in place.
    ///
    /// # Shapes
    /// - `frames`: `[.., channels, height, width]`, any number of frames of `shape`
    pub fn normalize(&self, frames: &mut [f32], shape: &ClipShape) {
        self.each_plane(frames, shape, |value, mean, std| (value - mean) / std);
    }

    /// Makes normalized values physical, in place.
    ///
    /// # Shapes
    /// - `frames`: `[.., channels, height, width]`, any number of frames of `shape`
    pub fn denormalize(&self, frames: &mut [f32], shape: &ClipShape) {
        self.each_plane(frames, shape, |value, mean, std| value * std + mean);
    }

    fn each_plane(&self, frames: &mut [f32], shape: &ClipShape, map: impl Fn(f32, f32, f32) -> f32) {
        if *self == Self::identity() {
            return;
        }
        let of_channel = |values: &[f32], channel: usize| values[if values.len() == 1 { 0 } else { channel }];
        for (plane, values) in frames.chunks_mut(shape.height * shape.width).enumerate() {
            let channel = plane % shape.channels;
            let (mean, std) = (of_channel(&self.mean, channel), of_channel(&self.std, channel));
            values.iter_mut().for_each(|value| *value = map(*value, mean, std));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_its_own_scale_and_the_way_back() {
        let normalization = Normalization {
            mean: vec![10.0, -1.0],
            std: vec![2.0, 4.0],
        };
        let shape = ClipShape::new([1, 1, 2, 1, 2]);
        let physical = [10.0, 12.0, -1.0, 3.0, 8.0, 10.0, -5.0, -1.0];
        let mut frames = physical;
        normalization.normalize(&mut frames, &shape);
        assert_eq!(frames, [0.0, 1.0, 0.0, 1.0, -1.0, 0.0, -1.0, 0.0]);
        normalization.denormalize(&mut frames, &shape);
        assert_eq!(frames, physical);
    }

    #[test]
    fn what_fits_no_frame_is_refused() {
        let mut normalization = Normalization::identity();
        assert!(normalization.validate(3).is_ok());
        normalization.std = vec![1.0, 0.0, 1.0];
        assert_eq!(normalization.validate(3).unwrap_err().field, "normalization.std");
        normalization.mean = vec![0.0; 2];
        assert_eq!(normalization.validate(3).unwrap_err().field, "normalization.mean");
    }
}
