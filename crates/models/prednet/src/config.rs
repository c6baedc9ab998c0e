//! PredNet's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{FramePatches, openstl_presets};
use serde::{Deserialize, Serialize};

const MOST_CHANNELS: usize = 1 << 14;
const MOST_LAYERS: usize = 16;

/// Which errors the loss counts.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorWeights {
    /// Those of the frames (the paper: L_0).
    #[default]
    Frames,
    /// Those of all layers, the upper ones a tenth each (L_all).
    AllLayers,
}

/// Hyper-parameters of [`PredNet`](crate::PredNet); the default is the one of all datasets.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PredNetConfig {
    /// Channels of the layers above the frame, which is the first (OpenSTL: `stack_sizes` without its first).
    pub widths: Vec<usize>,
    /// The largest value of a forecast (`pixel_max`).
    pub maximum: f64,
    /// Which errors the loss counts (`weight_mode`).
    pub error_weights: ErrorWeights,
}

impl Default for PredNetConfig {
    fn default() -> Self {
        Self {
            widths: vec![32, 64, 128, 256],
            maximum: 1.0,
            error_weights: ErrorWeights::Frames,
        }
    }
}

impl PredNetConfig {
    /// Channels of every layer.
    pub(crate) fn layers(&self, channels: usize) -> Vec<usize> {
        std::iter::once(channels).chain(self.widths.iter().copied()).collect()
    }

    /// The frames that fit: every layer halves height and width.
    pub(crate) fn frames(&self, clip: &ClipShape) -> FramePatches {
        FramePatches::new(1, clip.channels).in_multiples_of(1 << self.widths.len())
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub(crate) fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        ConfigError::within("network.widths", self.widths.len(), 1..=MOST_LAYERS).map_err(|error| ConfigError {
            problem: format!("has {} layers", self.widths.len()),
            ..error
        })?;
        for (layer, &width) in self.widths.iter().enumerate() {
            ConfigError::within(&format!("network.widths[{layer}]"), width, 1..=MOST_CHANNELS)?;
        }
        if !(self.maximum > 0.0 && self.maximum.is_finite()) {
            return Err(ConfigError::new(
                "network.maximum",
                format!("is {}", self.maximum),
                "use the largest value of the data, e.g. 1",
            ));
        }
        self.frames(clip)
            .check("clip", [clip.channels, clip.height, clip.width])
    }
}

/// OpenSTL's configuration (`configs/<dataset>/PredNet.py`), which is the same for all datasets, and a small one.
pub(crate) fn presets() -> Vec<Preset<PredNetConfig>> {
    let mut presets = openstl_presets(&[], |_| PredNetConfig::default());
    presets.push(Benchmark::MOVING_DIGITS.preset(PredNetConfig {
        widths: vec![16, 32, 64],
        ..PredNetConfig::default()
    }));
    presets
}
