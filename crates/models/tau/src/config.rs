//! TAU's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{BlockConfig, BlockPlace, SpatialConfig, TranslatorConfig};
use serde::{Deserialize, Serialize};

/// Beyond this a network would not fit any machine, and products of sizes would overflow.
const MAX_RATIO: usize = 1 << 10;

/// Hyper-parameters of [`Tau`](crate::Tau); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct TauConfig {
    /// Channels of a frame's latent, an even number (OpenSTL: `hid_S`).
    pub spatial_channels: usize,
    /// Blocks of the encoder and of the decoder, an even number; every second one resamples (`N_S`).
    pub spatial_depth: usize,
    /// Edge of the encoder's kernels, odd (`spatio_kernel_enc`).
    pub encoder_kernel: usize,
    /// Edge of the decoder's kernels, odd (`spatio_kernel_dec`).
    pub decoder_kernel: usize,
    /// Channels of the translator (`hid_T`).
    pub temporal_channels: usize,
    /// Blocks of the translator, 2 or more (`N_T`).
    pub temporal_depth: usize,
    /// Hidden channels of a block's feed-forward branch per channel (`mlp_ratio`).
    pub mlp_ratio: usize,
    /// Probability of leaving a branch of the first block out in training. OpenSTL has it fixed at 0.01.
    pub first_drop_path: f64,
    /// The same for the last block; the ones in between are evenly spaced (`drop_path`).
    pub drop_path: f64,
    /// Weight of the differential divergence in the loss (`alpha`).
    pub divergence_weight: f64,
}

impl Default for TauConfig {
    fn default() -> Self {
        Self {
            spatial_channels: 64,
            spatial_depth: 4,
            encoder_kernel: 3,
            decoder_kernel: 3,
            temporal_channels: 512,
            temporal_depth: 8,
            mlp_ratio: 8,
            first_drop_path: 0.01,
            drop_path: 0.0,
            divergence_weight: 0.1,
        }
    }
}

impl TauConfig {
    /// A published configuration: `[spatial channels, spatial depth]` and `[temporal channels, temporal depth]`.
    fn published(spatial: [usize; 2], temporal: [usize; 2], drop_path: f64) -> Self {
        Self {
            spatial_channels: spatial[0],
            spatial_depth: spatial[1],
            temporal_channels: temporal[0],
            temporal_depth: temporal[1],
            drop_path,
            ..Self::default()
        }
    }

    pub(crate) const fn spatial(&self, clip: &ClipShape) -> SpatialConfig {
        SpatialConfig {
            frame_channels: clip.channels,
            channels: self.spatial_channels,
            depth: self.spatial_depth,
            encoder_kernel: self.encoder_kernel,
            decoder_kernel: self.decoder_kernel,
        }
    }

    pub(crate) const fn translator(&self, clip: &ClipShape) -> TranslatorConfig {
        TranslatorConfig {
            latent_channels: clip.past * self.spatial_channels,
            channels: self.temporal_channels,
            depth: self.temporal_depth,
            first_drop_path: self.first_drop_path,
            drop_path: self.drop_path,
        }
    }

    /// The translator's block at `place`.
    pub(crate) const fn block(&self, place: &BlockPlace) -> BlockConfig {
        BlockConfig {
            channels: place.channels,
            mlp_ratio: self.mlp_ratio,
            drop_path: place.drop_path,
            steps: 1,
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        self.spatial(clip).validate(clip)?;
        self.translator(clip).validate()?;
        ConfigError::within("network.mlp_ratio", self.mlp_ratio, 1..=MAX_RATIO)?;
        // A block squeezes four channels into one.
        if self.temporal_channels < 4 {
            let problem = format!("is {}", self.temporal_channels);
            return Err(ConfigError::new("network.temporal_channels", problem, "use 4 or more"));
        }
        if clip.past * self.spatial_channels < 4 {
            let problem = format!("is {}: all past frames together need 4", self.spatial_channels);
            return Err(ConfigError::new("network.spatial_channels", problem, "use 4 or more"));
        }
        ConfigError::weight("network.divergence_weight", self.divergence_weight)
    }
}

/// OpenSTL's configurations (`configs/<dataset>/TAU.py`), that of the SEVIR table of the USTEP paper, and a small one.
pub(crate) fn presets() -> Vec<Preset<TauConfig>> {
    vec![
        Benchmark::MOVING_MNIST.preset(TauConfig::default()),
        Benchmark::MOVING_MNIST_CIFAR.preset(TauConfig::default()),
        Benchmark::TAXIBJ.preset(TauConfig::published([32, 2], [256, 8], 0.1)),
        Benchmark::KTH.preset(TauConfig::published([64, 2], [256, 6], 0.1)),
        Benchmark::HUMAN.preset(TauConfig::published([64, 4], [512, 8], 0.1)),
        Benchmark::KINETICS.preset(TauConfig::published([64, 4], [512, 8], 0.1)),
        Benchmark::CALTECH.preset(TauConfig::published([64, 2], [256, 6], 0.1)),
        Benchmark::WEATHERBENCH.preset(TauConfig::published([32, 2], [256, 8], 0.1)),
        Benchmark::WEATHERBENCH_WIND.preset(TauConfig::published([32, 2], [256, 8], 0.1)),
        Benchmark::WEATHERBENCH_MULTI.preset(TauConfig::published([32, 2], [256, 8], 0.1)),
        Benchmark::WEATHERBENCH_FINE.preset(TauConfig::published([32, 4], [256, 8], 0.1)),
        Benchmark::BAIR.preset(TauConfig::published([64, 2], [256, 8], 0.1)),
        Benchmark::SEVIR.preset(TauConfig::published([64, 2], [256, 6], 0.1)),
        Benchmark::MOVING_DIGITS.preset(TauConfig {
            mlp_ratio: 4,
            first_drop_path: 0.0,
            ..TauConfig::published([8, 4], [64, 4], 0.0)
        }),
    ]
}
