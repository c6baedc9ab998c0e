//! ConvLSTM's hyper-parameters and the published sets of them.

use foreframe_core::{ClipShape, ConfigError, Preset};
use foreframe_nn::{Stack, moving_digits, openstl_presets};
use serde::{Deserialize, Serialize};

use crate::cell::ConvLstmCellConfig;

/// Hyper-parameters of [`ConvLstm`](crate::ConvLstm); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ConvLstmConfig {
    /// Edge of a patch; it divides height and width (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of every layer (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the kernels, odd (`filter_size`).
    pub kernel: usize,
    /// Whether gates are normalized over whole images, which fixes the size of frames (`layer_norm`).
    pub layer_norm: bool,
}

impl Default for ConvLstmConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            widths: vec![128; 4],
            kernel: 5,
            layer_norm: false,
        }
    }
}

impl ConvLstmConfig {
    pub(crate) fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.patch,
            widths: &self.widths,
            kernel: self.kernel,
            layer_norm: self.layer_norm,
        }
    }

    pub(crate) fn cells(&self, clip: &ClipShape) -> impl Iterator<Item = ConvLstmCellConfig> + '_ {
        let normalized = self.stack().normalized(clip);
        self.stack()
            .layers(clip)
            .map(move |[input, width]| ConvLstmCellConfig {
                input,
                width,
                kernel: self.kernel,
                normalized,
            })
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        self.stack().validate(clip, || self.stack().patches(clip))
    }
}

/// OpenSTL's configurations (`configs/<dataset>/ConvLSTM.py`, `ConvLSTM-L.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<ConvLstmConfig>> {
    let config = |patch| ConvLstmConfig {
        patch,
        ..ConvLstmConfig::default()
    };
    let mut presets = openstl_presets(&[("weatherbench-fine", 4)], config);
    let large: Vec<_> = presets
        .iter()
        .filter_map(|preset| {
            let name = match preset.name {
                "moving-mnist" => "moving-mnist-l",
                "moving-mnist-cifar" => "moving-mnist-cifar-l",
                _ => return None,
            };
            let config = ConvLstmConfig {
                widths: vec![192; 4],
                ..preset.config.clone()
            };
            Some(Preset {
                name,
                config,
                ..preset.clone()
            })
        })
        .collect();
    presets.extend(large);
    presets.push(moving_digits(ConvLstmConfig {
        widths: vec![32; 2],
        ..ConvLstmConfig::default()
    }));
    presets
}
