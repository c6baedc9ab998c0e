//! PhyDNet's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{FramePatches, openstl_presets};
use serde::{Deserialize, Serialize};

use crate::blocks::GROUPS;

const MOST_CHANNELS: usize = 1 << 14;
const MOST_LAYERS: usize = 1 << 8;

/// Hyper-parameters of [`PhyDNet`](crate::PhyDNet); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PhyDNetConfig {
    /// How much smaller than a frame its latent image is, 2 or 4 (OpenSTL: `patch_size`).
    pub patch: usize,
    /// Channels of the first encoder; the latent image has twice as many.
    pub width: usize,
    /// Channels of every layer of the residual branch; the last has as many as the latent image.
    pub widths: Vec<usize>,
    /// By how much the chance that a clip of training is read with its true future falls in every epoch, from 1 on.
    pub teacher_decay: f64,
}

impl Default for PhyDNetConfig {
    fn default() -> Self {
        Self {
            patch: 4,
            width: 32,
            widths: vec![128, 128, 64],
            teacher_decay: 0.003,
        }
    }
}

impl PhyDNetConfig {
    /// Channels of the latent image.
    pub(crate) const fn latent(&self) -> usize {
        2 * self.width
    }

    /// Height and width of the latent image.
    pub(crate) const fn image(&self, clip: &ClipShape) -> [usize; 2] {
        [clip.height / self.patch, clip.width / self.patch]
    }

    /// Of the last encoder and the last decoder.
    pub(crate) const fn last_stride(&self) -> usize {
        self.patch / 2
    }

    pub(crate) const fn frames(&self, clip: &ClipShape) -> FramePatches {
        FramePatches::new(self.patch, clip.channels)
    }

    /// Channels of input and state of every layer of the residual branch.
    pub(crate) fn layers(&self) -> impl Iterator<Item = [usize; 2]> + '_ {
        let inputs = std::iter::once(self.latent()).chain(self.widths.iter().copied());
        inputs.zip(&self.widths).map(|(input, &width)| [input, width])
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub(crate) fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        if ![2, 4].contains(&self.patch) {
            return Err(ConfigError::new(
                "network.patch",
                format!("is {}", self.patch),
                "use 2 or 4",
            ));
        }
        ConfigError::within("network.width", self.width, 1..=MOST_CHANNELS)?;
        if !self.width.is_multiple_of(GROUPS) {
            return Err(ConfigError::new(
                "network.width",
                format!("is {}, and channels are normalized in {GROUPS} groups", self.width),
                format!(
                    "use a multiple of {GROUPS}, e.g. {}",
                    self.width.next_multiple_of(GROUPS)
                ),
            ));
        }
        ConfigError::within("network.widths", self.widths.len(), 1..=MOST_LAYERS).map_err(|error| ConfigError {
            problem: format!("has {} layers", self.widths.len()),
            ..error
        })?;
        for (layer, &width) in self.widths.iter().enumerate() {
            ConfigError::within(&format!("network.widths[{layer}]"), width, 1..=MOST_CHANNELS)?;
        }
        let last = self.widths.len() - 1;
        if self.widths[last] != self.latent() {
            return Err(ConfigError::new(
                format!("network.widths[{last}]"),
                format!(
                    "is {}, the latent image has {} channels",
                    self.widths[last],
                    self.latent()
                ),
                format!("both branches are added: use {}", self.latent()),
            ));
        }
        if !(0.0..=1.0).contains(&self.teacher_decay) {
            return Err(ConfigError::new(
                "network.teacher_decay",
                format!("is {}", self.teacher_decay),
                "use a number from 0 (always the true future) to 1 (only in the first epoch)",
            ));
        }
        self.frames(clip)
            .check("clip", [clip.channels, clip.height, clip.width])
    }
}

/// OpenSTL's configurations (`configs/<dataset>/PhyDNet.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<PhyDNetConfig>> {
    const PATCHES: [(&str, usize); 3] = [("kth", 4), ("caltech", 4), ("weatherbench-fine", 4)];
    let config = |patch| PhyDNetConfig {
        patch,
        ..PhyDNetConfig::default()
    };
    let mut presets = openstl_presets(&PATCHES, config);
    presets.push(Benchmark::MOVING_DIGITS.preset(PhyDNetConfig {
        width: 16,
        widths: vec![32, 32],
        ..PhyDNetConfig::default()
    }));
    presets
}
