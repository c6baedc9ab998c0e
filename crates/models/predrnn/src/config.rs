//! Hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{Stack, StackConfig, openstl_presets};
use serde::{Deserialize, Serialize};

/// Hyper-parameters of [`PredRnn`](crate::PredRnn): all layers of one width.
pub type PredRnnConfig = StackConfig;

/// Checks the sizes, alone and for `clip`.
///
/// # Errors
/// Names the field at fault.
pub(crate) fn validate(config: &PredRnnConfig, clip: &ClipShape) -> Result<(), ConfigError> {
    config.stack().validate(clip, || config.stack().patches(clip))?;
    config.stack().equal_widths()
}

/// Hyper-parameters of [`PredRnnPlusPlus`](crate::PredRnnPlusPlus); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PredRnnPlusPlusConfig {
    /// Edge of a patch; it divides height and width (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of every layer, two or more layers, all the same (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the kernels, odd (`filter_size`).
    pub kernel: usize,
}

impl Default for PredRnnPlusPlusConfig {
    fn default() -> Self {
        let PredRnnConfig {
            patch, widths, kernel, ..
        } = PredRnnConfig::default();
        Self { patch, widths, kernel }
    }
}

impl PredRnnPlusPlusConfig {
    pub(crate) fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.patch,
            widths: &self.widths,
            kernel: self.kernel,
            // The reference's own normalization does not run.
            layer_norm: false,
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        self.stack().validate(clip, || self.stack().patches(clip))?;
        if self.widths.len() < 2 {
            let remedy = "the highway lies between the first two: give two or more";
            return Err(ConfigError::new("network.widths", "has 1 layer", remedy));
        }
        self.stack().equal_widths()
    }
}

/// Hyper-parameters of [`PredRnnV2`](crate::PredRnnV2); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PredRnnV2Config {
    /// Edge of a patch; it divides height and width (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of every layer, all the same (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the kernels, odd (`filter_size`).
    pub kernel: usize,
    /// Whether gates are normalized over whole images, which fixes the size of frames (`layer_norm`).
    pub layer_norm: bool,
    /// Weight of the penalty that keeps the memories apart (`decouple_beta`).
    pub decoupling_weight: f64,
}

impl Default for PredRnnV2Config {
    fn default() -> Self {
        Self::of(PredRnnConfig::default())
    }
}

impl PredRnnV2Config {
    fn of(config: PredRnnConfig) -> Self {
        Self {
            patch: config.patch,
            widths: config.widths,
            kernel: config.kernel,
            layer_norm: config.layer_norm,
            decoupling_weight: 0.1,
        }
    }

    /// The part that PredRNN has too.
    pub(crate) fn base(&self) -> PredRnnConfig {
        PredRnnConfig {
            patch: self.patch,
            widths: self.widths.clone(),
            kernel: self.kernel,
            layer_norm: self.layer_norm,
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        validate(&self.base(), clip)?;
        ConfigError::weight("network.decoupling_weight", self.decoupling_weight)
    }
}

/// OpenSTL's configurations (`configs/<dataset>/PredRNN.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<PredRnnConfig>> {
    let mut presets = openstl_presets(&[], |patch| PredRnnConfig {
        patch,
        ..PredRnnConfig::default()
    });
    presets.push(Benchmark::MOVING_DIGITS.preset(PredRnnConfig {
        widths: vec![32; 2],
        ..PredRnnConfig::default()
    }));
    presets
}

/// OpenSTL's configurations (`configs/<dataset>/PredRNNpp.py`), and a small one.
pub(crate) fn plus_plus_presets() -> Vec<Preset<PredRnnPlusPlusConfig>> {
    presets()
        .into_iter()
        .map(|preset| Preset {
            name: preset.name,
            about: preset.about,
            clip: preset.clip,
            config: PredRnnPlusPlusConfig {
                patch: preset.config.patch,
                widths: preset.config.widths,
                kernel: preset.config.kernel,
            },
        })
        .collect()
}

/// OpenSTL's configurations (`configs/<dataset>/PredRNNv2.py`), and a small one.
pub(crate) fn v2_presets() -> Vec<Preset<PredRnnV2Config>> {
    presets()
        .into_iter()
        .map(|preset| Preset {
            name: preset.name,
            about: preset.about,
            clip: preset.clip,
            config: PredRnnV2Config {
                decoupling_weight: if preset.name == "kth" { 0.01 } else { 0.1 },
                ..PredRnnV2Config::of(preset.config)
            },
        })
        .collect()
}
