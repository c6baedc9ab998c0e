//! MAU's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{Conv2dConfig, ConvTranspose2dConfig, Stack, openstl_presets};
use serde::{Deserialize, Serialize};

use crate::cell::MauCellConfig;

/// More than any stack needs to see a motion.
const MOST_RECALLED: usize = 1 << 10;

/// Hyper-parameters of [`Mau`](crate::Mau); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct MauConfig {
    /// How much smaller than a frame its latent image is, a power of 2 (OpenSTL: `sr_size`).
    pub downsampling: usize,
    /// Channels of every layer, all alike (`num_hidden`).
    pub widths: Vec<usize>,
    /// Edge of the cells' kernels, odd (`filter_size`).
    pub kernel: usize,
    /// How many of its newest states a cell attends to (`tau`).
    pub recalled: usize,
    /// Whether a cell adds the spatial state that it reads to that which it passes on (`cell_mode = "residual"`).
    pub residual: bool,
    /// Whether decoders add what the encoder of their size yields (`model_mode = "recall"`).
    pub skip: bool,
}

impl Default for MauConfig {
    fn default() -> Self {
        Self {
            downsampling: 4,
            widths: vec![64; 4],
            kernel: 5,
            recalled: 5,
            residual: false,
            skip: false,
        }
    }
}

impl MauConfig {
    pub(crate) fn stack(&self) -> Stack<'_> {
        Stack {
            patch: self.downsampling,
            widths: &self.widths,
            kernel: self.kernel,
            // Cells are normalized in any case, which fixes the size of frames.
            layer_norm: true,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.widths.first().copied().unwrap_or_default()
    }

    /// Times that height and width are halved.
    pub(crate) fn halvings(&self) -> usize {
        self.downsampling.ilog2() as usize
    }

    /// From the channels of a frame to those of the latent image.
    pub(crate) fn first(&self, clip: &ClipShape) -> Conv2dConfig {
        Conv2dConfig::new([clip.channels, self.width()], 1)
    }

    pub(crate) fn halving(&self) -> Conv2dConfig {
        Conv2dConfig::new([self.width(); 2], 3).with_stride(2).with_padding(1)
    }

    pub(crate) fn doubling(&self) -> ConvTranspose2dConfig {
        ConvTranspose2dConfig {
            input: self.width(),
            output: self.width(),
            kernel: 3,
            stride: 2,
        }
    }

    /// From the channels of the latent image to those of a frame.
    pub(crate) fn last(&self, clip: &ClipShape) -> Conv2dConfig {
        Conv2dConfig::new([self.width(), clip.channels], 1)
    }

    pub(crate) fn cell(&self, clip: &ClipShape) -> MauCellConfig {
        MauCellConfig {
            width: self.width(),
            kernel: self.kernel,
            image: self.stack().image(clip),
            residual: self.residual,
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub(crate) fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        if !self.downsampling.is_power_of_two() {
            return Err(ConfigError::new(
                "network.downsampling",
                format!("is {}", self.downsampling),
                "use a power of 2: 1, 2, 4, 8, ...",
            ));
        }
        ConfigError::within("network.recalled", self.recalled, 1..=MOST_RECALLED)?;
        self.stack().validate(clip, || self.stack().patches(clip))?;
        self.stack().equal_widths()
    }
}

/// OpenSTL's configurations (`configs/<dataset>/MAU.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<MauConfig>> {
    const DOWNSAMPLING: [(&str, usize); 4] = [
        ("human", 4),
        ("kinetics", 4),
        ("weatherbench-fine", 4),
        ("weatherbench-multi", 4),
    ];
    let config = |downsampling| MauConfig {
        downsampling,
        ..MauConfig::default()
    };
    let mut presets = openstl_presets(&DOWNSAMPLING, config);
    presets.push(Benchmark::MOVING_DIGITS.preset(MauConfig {
        downsampling: 2,
        widths: vec![32; 2],
        ..MauConfig::default()
    }));
    presets
}
