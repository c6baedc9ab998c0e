//! GMG's hyper-parameters.

use foreframe_core::{ClipShape, ConfigError};
use foreframe_motionrnn::validate_motion;
use foreframe_nn::{GrowthDecay, Stack};
use serde::{Deserialize, Serialize};

/// Beyond this a network would not fit any machine.
const MAX_ATTENTION: usize = 1 << 14;

/// Hyper-parameters of [`Gmg`](crate::Gmg); the default is GMG-L for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct GmgConfig {
    /// Edge of a patch; twice the patch divides height and width (published code: `patch_size`).
    pub patch: usize,
    /// Channels of every layer, two or more layers, all the same, a multiple of 4 (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the kernels, odd (`filter_size`).
    pub kernel: usize,
    /// Whether gates are normalized over whole images, which fixes the size of frames (`layer_norm`).
    pub layer_norm: bool,
    /// The global focus of the cells: `full`, `convolution` (GMG-s) or `none`.
    pub focus: Focus,
    /// Channels of queries and keys of the self-attention memory; 0 for none (GMG-m) (`att_hidden`).
    pub attention: usize,
    /// Whether the trend of a motion grows and decays; otherwise motion is tracked as in MotionRNN.
    pub growing: bool,
    /// The time by which a trend decays: `recurrence-step`, `batch-index` (as the published code computes, so that a
    /// forecast depends on its place in the batch) or `constant`.
    pub decay: Decay,
    /// The training loss: `l1+l2` (the paper) or `mse` (the published code).
    pub loss: Loss,
    /// Whether the first states are drawn anew for every clip, as the published code does, which makes forecasts differ
    /// from call to call; otherwise they are 0.
    pub random_start: bool,
}

/// The global focus of a cell.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Focus {
    /// A gate from the whole image's features, and several scales of the input (GMG-L, GMG-m).
    #[default]
    Full,
    /// One convolution of the input (GMG-s).
    Convolution,
    /// None.
    None,
}

/// The time by which the trend of a motion decays.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// Frames read before this one.
    #[default]
    RecurrenceStep,
    /// The sample's place in the batch.
    BatchIndex,
    /// Always 1.
    Constant,
}

impl From<Decay> for GrowthDecay {
    fn from(decay: Decay) -> Self {
        match decay {
            Decay::RecurrenceStep => Self::RecurrenceStep,
            Decay::BatchIndex => Self::BatchIndex,
            Decay::Constant => Self::Constant,
        }
    }
}

/// The training loss.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Mean absolute plus mean squared error.
    #[default]
    #[serde(rename = "l1+l2")]
    L1L2,
    /// Mean squared error.
    #[serde(rename = "mse")]
    Mse,
}

impl Default for GmgConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            widths: vec![128; 4],
            kernel: 5,
            layer_norm: false,
            focus: Focus::Full,
            attention: 32,
            growing: true,
            decay: Decay::RecurrenceStep,
            loss: Loss::L1L2,
            random_start: false,
        }
    }
}

impl GmgConfig {
    pub(crate) fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.patch,
            widths: &self.widths,
            kernel: self.kernel,
            layer_norm: self.layer_norm,
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        validate_motion(self.stack(), clip)?;
        ConfigError::within("network.attention", self.attention, 0..=MAX_ATTENTION)
    }
}
