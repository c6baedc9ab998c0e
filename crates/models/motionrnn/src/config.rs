//! MotionRNN's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{Stack, openstl_presets};
use serde::{Deserialize, Serialize};

/// Hyper-parameters of [`MotionRnn`](crate::MotionRnn); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct MotionRnnConfig {
    /// Edge of a patch; twice the patch divides height and width (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of every layer, two or more layers, all the same, a multiple of 4 (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the kernels, odd (`filter_size`).
    pub kernel: usize,
    /// Whether gates are normalized over whole images, which fixes the size of frames (`layer_norm`).
    pub layer_norm: bool,
    /// Whether the first states are drawn anew for every clip, as the published code does, which makes forecasts differ
    /// from call to call; otherwise they are 0.
    pub random_start: bool,
}

impl Default for MotionRnnConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            widths: vec![128; 4],
            kernel: 5,
            layer_norm: false,
            random_start: false,
        }
    }
}

impl MotionRnnConfig {
    pub(crate) fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.patch,
            widths: &self.widths,
            kernel: self.kernel,
            layer_norm: self.layer_norm,
        }
    }
}

/// Checks the sizes of a stack with motion between its layers, alone and for `clip`.
///
/// # Errors
/// Names the field at fault.
pub fn validate_motion(stack: Stack, clip: &ClipShape) -> Result<(), ConfigError> {
    stack.validate(clip, || stack.patches(clip).halved())?;
    if stack.widths.len() < 2 {
        let remedy = "motion is tracked between layers: give two or more";
        return Err(ConfigError::new("network.widths", "has 1 layer", remedy));
    }
    stack.equal_widths()?;
    ConfigError::divides(
        "network.widths[0]",
        stack.widths[0],
        4,
        "motion is tracked with a quarter of it",
    )
}

/// The configurations of GMG's repository (`configs/<dataset>/MotionRNN.py`), OpenSTL's other datasets with the same
/// sizes, those of MotionRNN's own repository, and a small one.
pub(crate) fn presets() -> Vec<Preset<MotionRnnConfig>> {
    let mut presets = openstl_presets(&[], |patch| MotionRnnConfig {
        patch,
        ..MotionRnnConfig::default()
    });
    presets.push(Preset {
        name: "human-original",
        about: "Human3.6M as MotionRNN's authors trained on it, 4 -> 4 frames of 128x128",
        clip: ClipShape::new([4, 4, 3, 128, 128]),
        config: MotionRnnConfig {
            widths: vec![64; 4],
            ..MotionRnnConfig::default()
        },
    });
    presets.push(Benchmark::MOVING_DIGITS.preset(MotionRnnConfig {
        widths: vec![32; 2],
        ..MotionRnnConfig::default()
    }));
    presets
}
