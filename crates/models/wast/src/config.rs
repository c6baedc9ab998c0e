//! WaST's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{Statistics, drop_path_schedule};
use serde::{Deserialize, Serialize};

use crate::block::BlockConfig;
use crate::wavelet::{WaveletEmbeddingConfig, WaveletReconstructionConfig};

/// Beyond these a network would not fit any machine, and products of sizes would overflow.
const MAX_CHANNELS: usize = 1 << 12;
const MAX_FRAMES: usize = 1 << 12;
const MAX_DEPTH: usize = 1 << 10;
const MAX_KERNEL: usize = 255;
const MAX_RATIO: f64 = 1024.0;

/// Hyper-parameters of [`Wast`](crate::Wast); the default is the one for TaxiBJ.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct WastConfig {
    /// Channels of a frame at full size; the bottleneck has twice as many (OpenSTL: `encoder_dim`).
    pub encoder_channels: usize,
    /// Blocks of the first translator, the bottleneck's and the last one (`block_list`).
    pub depths: [usize; 3],
    /// Hidden channels of a block's mixer per channel (`mlp_ratio`).
    pub mlp_ratio: f64,
    /// Long side of the large kernels of the first and the last translator, odd. OpenSTL has it fixed at 51.
    pub kernel: usize,
    /// The same in the bottleneck. OpenSTL has it fixed at 21.
    pub bottleneck_kernel: usize,
    /// Probability of leaving a branch of the last block out in training; that of the first is 0, the ones in between
    /// are evenly spaced (`drop_path`).
    pub drop_path: f64,
    /// Epochs before anything is left out (`cutoff`, with `cutmode = "late"`).
    pub drop_path_start: u64,
    /// Weight of the high focal frequency loss (`loss_weight`).
    pub frequency_weight: f64,
    /// Levels of the wavelet transform in that loss. OpenSTL has it fixed at 1.
    pub frequency_levels: usize,
    /// Whether batch normalization has running statistics for each step, where more frames are forecast than observed and the
    /// network observes its own answer.
    pub statistics: Statistics,
}

impl Default for WastConfig {
    fn default() -> Self {
        Self {
            encoder_channels: 20,
            depths: [2, 8, 2],
            mlp_ratio: 4.0,
            kernel: 51,
            bottleneck_kernel: 21,
            drop_path: 0.25,
            drop_path_start: 20,
            frequency_weight: 0.001,
            frequency_levels: 1,
            statistics: Statistics::PerStep,
        }
    }
}

impl WastConfig {
    /// Channels of all frames at full size.
    pub(crate) const fn channels(&self, clip: &ClipShape) -> usize {
        self.encoder_channels * clip.past
    }

    /// Steps of a forecast of `clip` with running statistics of their own.
    pub(crate) const fn steps(&self, clip: &ClipShape) -> usize {
        self.statistics.sets(clip.future.div_ceil(clip.past))
    }

    /// The blocks of the three translators.
    pub(crate) fn blocks(&self, clip: &ClipShape) -> [Vec<BlockConfig>; 3] {
        let mut rates = drop_path_schedule(0.0, self.drop_path, self.depths.iter().sum()).into_iter();
        [0, 1, 2].map(|stage| {
            let (widening, kernel) = match stage {
                1 => (2, self.bottleneck_kernel),
                _ => (1, self.kernel),
            };
            let block = |drop_path| BlockConfig {
                channels: widening * self.channels(clip),
                kernel,
                mlp_ratio: self.mlp_ratio,
                drop_path,
                steps: self.steps(clip),
            };
            rates.by_ref().take(self.depths[stage]).map(block).collect()
        })
    }

    pub(crate) const fn embedding(&self, clip: &ClipShape) -> WaveletEmbeddingConfig {
        WaveletEmbeddingConfig {
            frame_channels: clip.channels,
            channels: self.encoder_channels,
            steps: self.steps(clip),
        }
    }

    pub(crate) const fn reconstruction(&self, clip: &ClipShape) -> WaveletReconstructionConfig {
        WaveletReconstructionConfig {
            channels: self.encoder_channels,
            steps: self.steps(clip),
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        ConfigError::within("clip.past", clip.past, 1..=MAX_FRAMES)?;
        for (field, size, axis) in [
            ("clip.past", clip.past, "the number of observed frames"),
            ("clip.height", clip.height, "the height"),
            ("clip.width", clip.width, "the width"),
        ] {
            ConfigError::divides(field, size, 2, &format!("the wavelet transform halves {axis}"))?;
        }
        ConfigError::within("network.encoder_channels", self.encoder_channels, 1..=MAX_CHANNELS)?;
        for depth in self.depths {
            ConfigError::within("network.depths", depth, 1..=MAX_DEPTH)?;
        }
        if !(self.mlp_ratio > 0.0 && self.mlp_ratio <= MAX_RATIO) {
            let remedy = format!("use a number above 0 and up to {MAX_RATIO}");
            return Err(ConfigError::new(
                "network.mlp_ratio",
                format!("is {}", self.mlp_ratio),
                remedy,
            ));
        }
        for (field, kernel) in [
            ("network.kernel", self.kernel),
            ("network.bottleneck_kernel", self.bottleneck_kernel),
        ] {
            ConfigError::within(field, kernel, 1..=MAX_KERNEL)?;
            ConfigError::odd(field, kernel)?;
        }
        ConfigError::probability("network.drop_path", self.drop_path)?;
        ConfigError::weight("network.frequency_weight", self.frequency_weight)?;
        self.validate_levels(clip)
    }

    /// A frame can be halved as often as 2 divides its height and its width.
    fn validate_levels(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        let fitting = clip.height.trailing_zeros().min(clip.width.trailing_zeros());
        if (1..=fitting as usize).contains(&self.frequency_levels) {
            return Ok(());
        }
        let problem = format!(
            "is {}: frames of {}x{} can be halved {fitting} times",
            self.frequency_levels, clip.height, clip.width
        );
        let remedy = match fitting {
            1 => "use 1".to_owned(),
            _ => format!("use 1 to {fitting}"),
        };
        Err(ConfigError::new("network.frequency_levels", problem, remedy))
    }
}

/// OpenSTL's configuration (`configs/taxibj/WaST.py`), its sizes on other clips, and a small one.
pub(crate) fn presets() -> Vec<Preset<WastConfig>> {
    vec![
        Benchmark::TAXIBJ.preset(WastConfig::default()),
        Benchmark::MOVING_MNIST.variant(
            "moving-mnist",
            "two moving digits, 10 -> 10 frames, with the sizes for TaxiBJ",
            WastConfig::default(),
        ),
        Preset {
            clip: ClipShape {
                past: 10,
                future: 5,
                ..Benchmark::CIKM.clip
            },
            ..Benchmark::CIKM.variant(
                "cikm",
                "rain seen by radar, CIKM 2017, 10 -> 5 frames, with the sizes for TaxiBJ",
                WastConfig::default(),
            )
        },
        Benchmark::MOVING_DIGITS.preset(WastConfig {
            encoder_channels: 6,
            depths: [1, 2, 1],
            mlp_ratio: 2.0,
            kernel: 15,
            bottleneck_kernel: 7,
            drop_path: 0.0,
            drop_path_start: 0,
            ..WastConfig::default()
        }),
    ]
}
