//! MIM's hyper-parameters and the published sets of them.

use foreframe_core::{ClipShape, ConfigError, Preset};
use foreframe_nn::{FramePatches, Stack, moving_digits, openstl_presets};
use serde::{Deserialize, Serialize};

/// Hyper-parameters of [`Mim`](crate::Mim); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct MimConfig {
    /// Edge of a patch; it divides height and width (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of every layer, two or more layers, all the same (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the kernels, odd (`filter_size`).
    pub kernel: usize,
    /// Whether gates are normalized over whole images (`layer_norm`).
    pub layer_norm: bool,
}

impl Default for MimConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            widths: vec![128; 4],
            kernel: 5,
            layer_norm: false,
        }
    }
}

impl MimConfig {
    pub(crate) fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.patch,
            widths: &self.widths,
            kernel: self.kernel,
            layer_norm: self.layer_norm,
        }
    }

    /// The memories look at themselves through weights for every pixel, so the size of frames is fixed.
    pub(crate) fn patches(&self, clip: &ClipShape) -> FramePatches {
        self.stack().patches(clip).of_size([clip.height, clip.width])
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        self.stack().validate(clip, || self.patches(clip))?;
        if self.widths.len() < 2 {
            let remedy = "differences are taken between the first two: give two or more";
            return Err(ConfigError::new("network.widths", "has 1 layer", remedy));
        }
        self.stack().equal_widths()
    }
}

/// OpenSTL's configurations (`configs/<dataset>/MIM.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<MimConfig>> {
    let patches = [
        ("kth", 4),
        ("weatherbench", 4),
        ("weatherbench-fine", 4),
        ("weatherbench-wind", 4),
        ("weatherbench-multi", 4),
    ];
    let mut presets = openstl_presets(&patches, |patch| MimConfig {
        patch,
        ..MimConfig::default()
    });
    presets.push(moving_digits(MimConfig {
        widths: vec![24; 2],
        ..MimConfig::default()
    }));
    presets
}
