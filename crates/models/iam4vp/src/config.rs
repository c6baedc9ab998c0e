//! IAM4VP's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use serde::{Deserialize, Serialize};

use crate::predictor::PredictorConfig;
use crate::spatial::SpatialConfig;

/// Beyond these a network would not fit any machine, and products of sizes would overflow.
const MAX_CHANNELS: usize = 1 << 12;
const MAX_FRAMES: usize = 1 << 12;
const MAX_SPATIAL_DEPTH: usize = 32;
const MAX_DEPTH: usize = 1 << 10;

/// Hyper-parameters of [`Iam4Vp`](crate::Iam4Vp); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Iam4VpConfig {
    /// Channels of a frame's latent (the public code: `hid_S`).
    pub spatial_channels: usize,
    /// Units of the encoders and of the decoder; every second one resamples (`N_S`).
    pub spatial_depth: usize,
    /// Blocks of the predictor (`N_T`). The public code makes one more and never uses it.
    pub temporal_depth: usize,
    /// Values that say which future frame is asked for, an even number. The public code has it fixed at 64.
    pub time_channels: usize,
}

impl Default for Iam4VpConfig {
    fn default() -> Self {
        Self {
            spatial_channels: 64,
            spatial_depth: 4,
            temporal_depth: 8,
            time_channels: 64,
        }
    }
}

impl Iam4VpConfig {
    pub(crate) const fn spatial(&self, clip: &ClipShape) -> SpatialConfig {
        SpatialConfig {
            frame_channels: clip.channels,
            channels: self.spatial_channels,
            depth: self.spatial_depth,
        }
    }

    pub(crate) const fn predictor(&self, clip: &ClipShape) -> PredictorConfig {
        PredictorConfig {
            channels: self.spatial_channels * clip.past,
            time_channels: self.time_channels,
            depth: self.temporal_depth,
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        ConfigError::within("clip.past", clip.past, 1..=MAX_FRAMES)?;
        ConfigError::within("network.spatial_channels", self.spatial_channels, 1..=MAX_CHANNELS)?;
        ConfigError::within("network.spatial_depth", self.spatial_depth, 1..=MAX_SPATIAL_DEPTH)?;
        ConfigError::within("network.temporal_depth", self.temporal_depth, 1..=MAX_DEPTH)?;
        // One sine and one cosine would have no range of speeds to span.
        ConfigError::within("network.time_channels", self.time_channels, 4..=MAX_CHANNELS)?;
        ConfigError::divides("network.time_channels", self.time_channels, 2, "sines and cosines")?;
        let halvings = self.spatial(clip).halvings();
        let why = format!(
            "network.spatial_depth {} halves it {halvings} times",
            self.spatial_depth
        );
        ConfigError::divides("clip.height", clip.height, 1 << halvings, &why)?;
        ConfigError::divides("clip.width", clip.width, 1 << halvings, &why)
    }
}

/// The configurations of the paper's tables, and a small one.
pub(crate) fn presets() -> Vec<Preset<Iam4VpConfig>> {
    let config = |spatial_channels| Iam4VpConfig {
        spatial_channels,
        ..Iam4VpConfig::default()
    };
    vec![
        Benchmark::MOVING_MNIST.preset(config(64)),
        Benchmark::HUMAN.preset(config(256)),
        Benchmark::WEATHERBENCH.preset(config(32)),
        Benchmark::MOVING_DIGITS.preset(Iam4VpConfig {
            spatial_channels: 8,
            spatial_depth: 4,
            temporal_depth: 3,
            time_channels: 16,
        }),
    ]
}
