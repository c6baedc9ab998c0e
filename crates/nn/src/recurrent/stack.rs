//! The sizes that all stacks of recurrent cells have.

use foreframe_core::{ClipShape, ConfigError};
use serde::{Deserialize, Serialize};

use crate::Conv2dConfig;

use super::{FramePatches, StLstmConfig};

/// Beyond these a network would not fit any machine, and products of sizes would overflow.
const MAX_WIDTH: usize = 1 << 14;
const MAX_LAYERS: usize = 1 << 8;
const MAX_PATCH: usize = 1 << 8;
const MAX_KERNEL: usize = 1 << 6;

/// Hyper-parameters of a stack of recurrent layers; the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct StackConfig {
    /// Edge of a patch; it divides height and width (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of every layer (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the kernels, odd (`filter_size`).
    pub kernel: usize,
    /// Whether gates are normalized over whole images, which fixes the size of frames (`layer_norm`).
    pub layer_norm: bool,
}

impl Default for StackConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            widths: vec![128; 4],
            kernel: 5,
            layer_norm: false,
        }
    }
}

impl StackConfig {
    /// The sizes, without their storage.
    pub fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.patch,
            widths: &self.widths,
            kernel: self.kernel,
            layer_norm: self.layer_norm,
        }
    }
}

/// Layers of recurrent cells above an image of patches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stack<'a> {
    /// Edge of a patch.
    pub patch: usize,
    /// Channels of every layer.
    pub widths: &'a [usize],
    /// Edge of the kernels.
    pub kernel: usize,
    /// Whether gates are normalized.
    pub layer_norm: bool,
}

impl Stack<'_> {
    /// OpenSTL's names of the keys of [`StackConfig`], and ours.
    pub const OPENSTL_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("patch_size", "patch"),
        ("num_hidden", "widths"),
        ("filter_size", "kernel"),
        ("layer_norm", "layer_norm"),
    ];

    /// Checks the sizes, alone and for `clip`, whose frames `patches` cuts.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape, patches: impl Fn() -> FramePatches) -> Result<(), ConfigError> {
        clip.validate()?;
        ConfigError::within("network.patch", self.patch, 1..=MAX_PATCH)?;
        ConfigError::within("network.widths", self.widths.len(), 1..=MAX_LAYERS).map_err(|error| ConfigError {
            problem: format!("has {} layers", self.widths.len()),
            ..error
        })?;
        for (layer, &width) in self.widths.iter().enumerate() {
            ConfigError::within(&format!("network.widths[{layer}]"), width, 1..=MAX_WIDTH)?;
        }
        ConfigError::within("network.kernel", self.kernel, 1..=MAX_KERNEL)?;
        ConfigError::odd("network.kernel", self.kernel)?;
        patches().check("clip", [clip.channels, clip.height, clip.width])
    }

    /// Checks that all layers are of one width, as they must be where they share a memory.
    ///
    /// # Errors
    /// Names the first layer that differs.
    pub fn equal_widths(&self) -> Result<(), ConfigError> {
        let first = self.widths.first().copied().unwrap_or(0);
        match self.widths.iter().position(|&width| width != first) {
            None => Ok(()),
            Some(layer) => Err(ConfigError::new(
                format!("network.widths[{layer}]"),
                format!("is {}, and the first layer's is {first}", self.widths[layer]),
                format!("the layers share a memory: use {first} for all"),
            )),
        }
    }

    /// Channels of the image of patches.
    pub const fn patch_channels(&self, clip: &ClipShape) -> usize {
        self.patch * self.patch * clip.channels
    }

    /// Height and width of the image of patches.
    pub const fn image(&self, clip: &ClipShape) -> [usize; 2] {
        [clip.height / self.patch, clip.width / self.patch]
    }

    /// The image's size where gates are normalized.
    pub fn normalized(&self, clip: &ClipShape) -> Option<[usize; 2]> {
        self.layer_norm.then(|| self.image(clip))
    }

    /// Channels of input and state of every layer.
    pub fn layers(&self, clip: &ClipShape) -> impl Iterator<Item = [usize; 2]> + '_ {
        let inputs = std::iter::once(self.patch_channels(clip)).chain(self.widths.iter().copied());
        inputs
            .zip(self.widths.iter().copied())
            .map(|(input, width)| [input, width])
    }

    /// The convolution from the last layer's state to an image of patches.
    pub fn head(&self, clip: &ClipShape) -> Conv2dConfig {
        let last = self.widths.last().copied().unwrap_or_default();
        Conv2dConfig::new([last, self.patch_channels(clip)], 1).without_bias()
    }

    /// A spatio-temporal LSTM for every layer.
    pub fn st_lstms(&self, clip: &ClipShape) -> impl Iterator<Item = StLstmConfig> + '_ {
        let (kernel, normalized) = (self.kernel, self.normalized(clip));
        self.layers(clip).map(move |[input, width]| StLstmConfig {
            input,
            width,
            kernel,
            normalized,
        })
    }

    /// The cutting of frames: any size that the patch divides, unless normalization needs the clip's own.
    pub fn patches(&self, clip: &ClipShape) -> FramePatches {
        let patches = FramePatches::new(self.patch, clip.channels);
        match self.layer_norm {
            true => patches.of_size([clip.height, clip.width]),
            false => patches,
        }
    }
}
