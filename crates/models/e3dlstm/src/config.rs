//! E3D-LSTM's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{Stack, openstl_presets};
use serde::{Deserialize, Serialize};

use crate::cell::E3dCellConfig;
use crate::volume::KERNEL;

/// Hyper-parameters of [`E3dLstm`](crate::E3dLstm); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct E3dLstmConfig {
    /// Edge of a patch; it divides height and width (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of every layer (`num_hidden`).
    pub widths: Vec<usize>,
    /// Whether gates are normalized over whole volumes, besides the cells, which always are (`layer_norm`).
    pub layer_norm: bool,
    /// How many of its newest states a cell recalls; 0 for all of them, as in OpenSTL, whose memory grows with the horizon.
    pub recalled: usize,
}

impl Default for E3dLstmConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            widths: vec![128; 4],
            layer_norm: false,
            recalled: 0,
        }
    }
}

impl E3dLstmConfig {
    pub(crate) fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.patch,
            widths: &self.widths,
            kernel: KERNEL,
            // Cells are normalized in any case, which fixes the size of frames.
            layer_norm: true,
        }
    }

    pub(crate) fn cells(&self, clip: &ClipShape) -> Vec<E3dCellConfig> {
        let image = self.stack().image(clip);
        let cell = |[input, width]: [usize; 2]| E3dCellConfig {
            input,
            width,
            image,
            layer_norm: self.layer_norm,
        };
        self.stack().layers(clip).map(cell).collect()
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub(crate) fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        self.stack().validate(clip, || self.stack().patches(clip))
    }
}

/// OpenSTL's configurations (`configs/<dataset>/E3DLSTM.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<E3dLstmConfig>> {
    const PATCHES: [(&str, usize); 9] = [
        ("moving-mnist", 4),
        ("moving-mnist-cifar", 4),
        ("taxibj", 2),
        ("kth", 8),
        ("human", 8),
        ("kinetics", 8),
        ("caltech", 4),
        ("bair", 2),
        ("weatherbench", 4),
    ];
    let config = |patch| E3dLstmConfig {
        patch,
        ..E3dLstmConfig::default()
    };
    let mut presets = openstl_presets(&PATCHES, config);
    presets.retain(|preset| PATCHES.iter().any(|(name, _)| *name == preset.name));
    presets.push(Benchmark::MOVING_DIGITS.preset(E3dLstmConfig {
        widths: vec![24; 2],
        ..E3dLstmConfig::default()
    }));
    presets
}
