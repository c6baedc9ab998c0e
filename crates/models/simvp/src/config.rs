//! SimVP's hyper-parameters.

use foreframe_core::{ClipShape, ConfigError};
use foreframe_nn::{BlockConfig, BlockPlace, SpatialConfig, TranslatorConfig};
use serde::{Deserialize, Serialize};

use crate::TranslatorKind;
use crate::translators::BlockContext;

/// Beyond these a network would not fit any machine, and products of sizes would overflow.
const MAX_RATIO: usize = 1 << 10;
const MAX_HEADS: usize = 1 << 10;
const MAX_GROUPS: usize = 1 << 10;
const MAX_WINDOW: usize = 1 << 6;

/// Hyper-parameters of [`SimVp`](crate::SimVp); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct SimVpConfig {
    /// The translator between encoder and decoder (OpenSTL: `model_type`).
    pub translator: TranslatorKind,
    /// Channels of a frame's latent, an even number (`hid_S`).
    pub spatial_channels: usize,
    /// Blocks of the encoder and of the decoder, an even number; every second one resamples (`N_S`).
    pub spatial_depth: usize,
    /// Edge of the encoder's kernels, odd (`spatio_kernel_enc`).
    pub encoder_kernel: usize,
    /// Edge of the decoder's kernels, odd (`spatio_kernel_dec`).
    pub decoder_kernel: usize,
    /// Channels of the translator (`hid_T`).
    pub temporal_channels: usize,
    /// Blocks of the translator, 2 or more (`N_T`); IncepU has as many on the way down as on the way up.
    pub temporal_depth: usize,
    /// Hidden channels of a block's feed-forward branch per channel (`mlp_ratio`); ConvMixer and IncepU have no such
    /// branch.
    pub mlp_ratio: usize,
    /// Heads of the attention of ViT, Swin and Uniformer. OpenSTL has it fixed at 8.
    pub heads: usize,
    /// Edge of Swin's windows, in positions of the latent; 0 stands for OpenSTL's choice: 7 where it divides the latent's
    /// height, else a sixteenth of the height, but 4 to 8.
    pub window: usize,
    /// Groups of IncepU's convolutions and normalizations. OpenSTL has it fixed at 8.
    pub groups: usize,
    /// Probability of leaving a branch of the first block out in training. OpenSTL has it fixed at 0.01. ConvMixer and
    /// IncepU leave nothing out.
    pub first_drop_path: f64,
    /// The same for the last block; the ones in between are evenly spaced (`drop_path`).
    pub drop_path: f64,
}

impl Default for SimVpConfig {
    fn default() -> Self {
        Self {
            translator: TranslatorKind::Gsta,
            spatial_channels: 64,
            spatial_depth: 4,
            encoder_kernel: 3,
            decoder_kernel: 3,
            temporal_channels: 512,
            temporal_depth: 8,
            mlp_ratio: 8,
            heads: 8,
            window: 0,
            groups: 8,
            first_drop_path: 0.01,
            drop_path: 0.0,
        }
    }
}

impl SimVpConfig {
    pub(crate) const fn spatial(&self, clip: &ClipShape) -> SpatialConfig {
        SpatialConfig {
            frame_channels: clip.channels,
            channels: self.spatial_channels,
            depth: self.spatial_depth,
            encoder_kernel: self.encoder_kernel,
            decoder_kernel: self.decoder_kernel,
        }
    }

    pub(crate) const fn latent_size(&self, clip: &ClipShape) -> [usize; 2] {
        self.spatial(clip).latent_size([clip.height, clip.width])
    }

    /// Sizes of a translator that consists of blocks.
    pub(crate) const fn blocks(&self, clip: &ClipShape) -> TranslatorConfig {
        TranslatorConfig {
            latent_channels: clip.past * self.spatial_channels,
            channels: self.temporal_channels,
            depth: self.temporal_depth,
            first_drop_path: self.first_drop_path,
            drop_path: self.drop_path,
        }
    }

    /// Where the block at `place` will work.
    pub(crate) fn context(&self, place: &BlockPlace, clip: &ClipShape) -> BlockContext {
        BlockContext {
            block: BlockConfig {
                channels: place.channels,
                mlp_ratio: self.mlp_ratio,
                drop_path: place.drop_path,
                steps: 1,
            },
            index: place.index,
            changes_width: place.channels != place.output,
            latent: self.latent_size(clip),
            heads: self.heads,
            window: self.window,
        }
    }

    /// Checks that `divisor` divides the channels of every block.
    pub(crate) fn divides_channels(&self, divisor: usize, clip: &ClipShape, why: &str) -> Result<(), ConfigError> {
        ConfigError::divides("network.temporal_channels", self.temporal_channels, divisor, why)?;
        self.divides_latents(divisor, clip, why)
    }

    /// Checks that `divisor` divides the channels of all past latents together.
    pub(crate) fn divides_latents(&self, divisor: usize, clip: &ClipShape, why: &str) -> Result<(), ConfigError> {
        let needed = divisor / common_divisor(divisor, clip.past);
        let why = format!("{why}, and the first block sees {} frames together", clip.past);
        ConfigError::divides("network.spatial_channels", self.spatial_channels, needed, &why)
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        self.spatial(clip).validate(clip)?;
        self.blocks(clip).validate()?;
        ConfigError::within("network.mlp_ratio", self.mlp_ratio, 1..=MAX_RATIO)?;
        ConfigError::within("network.heads", self.heads, 1..=MAX_HEADS)?;
        ConfigError::within("network.window", self.window, 0..=MAX_WINDOW)?;
        ConfigError::within("network.groups", self.groups, 1..=MAX_GROUPS)?;
        self.translator.validate(self, clip)
    }
}

/// The largest number that divides both.
pub(crate) const fn common_divisor(left: usize, right: usize) -> usize {
    match right {
        0 => left,
        _ => common_divisor(right, left % right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The field and the remedy that a change of the default leads to, for latents of 4 x 6.
    fn refusal(translator: TranslatorKind, change: fn(&mut SimVpConfig)) -> (String, String) {
        let mut config = SimVpConfig {
            translator,
            spatial_channels: 8,
            spatial_depth: 2,
            temporal_channels: 16,
            ..SimVpConfig::default()
        };
        change(&mut config);
        let error = config.validate(&ClipShape::new([3, 4, 1, 8, 12])).unwrap_err();
        (error.field, error.remedy)
    }

    #[test]
    fn impossible_sizes_are_named() {
        let field = |translator, change| refusal(translator, change).0;
        let gsta = TranslatorKind::Gsta;
        assert_eq!(
            field(gsta, |config| config.temporal_depth = 1),
            "network.temporal_depth"
        );
        assert_eq!(field(gsta, |config| config.mlp_ratio = 0), "network.mlp_ratio");
        assert_eq!(field(gsta, |config| config.spatial_depth = 10), "clip.height");
        assert_eq!(
            field(gsta, |config| config.first_drop_path = 1.0),
            "network.first_drop_path"
        );
        for (translator, change) in [
            (
                TranslatorKind::HorNet,
                (|config| config.temporal_channels = 20) as fn(&mut SimVpConfig),
            ),
            (TranslatorKind::MogaNet, |config| config.temporal_channels = 20),
            (TranslatorKind::ViT, |config| config.temporal_channels = 20),
            (TranslatorKind::Uniformer, |config| config.temporal_channels = 20),
            (TranslatorKind::IncepU, |config| config.temporal_channels = 24),
            (TranslatorKind::MlpMixer, |config| config.temporal_channels = 1),
        ] {
            assert_eq!(field(translator, change), "network.temporal_channels", "{translator:?}");
        }
        for translator in [
            TranslatorKind::HorNet,
            TranslatorKind::MogaNet,
            TranslatorKind::ViT,
            TranslatorKind::IncepU,
        ] {
            let (field, remedy) = refusal(translator, |config| config.spatial_channels = 6);
            assert_eq!(field, "network.spatial_channels", "{translator:?}");
            assert!(remedy.contains('8'), "{translator:?}: {remedy}");
        }
        assert_eq!(field(TranslatorKind::ViT, |config| config.heads = 0), "network.heads");
        assert_eq!(
            field(TranslatorKind::IncepU, |config| config.groups = 0),
            "network.groups"
        );
    }

    #[test]
    fn windows_that_do_not_fit_are_refused_with_one_that_does() {
        let (field, remedy) = refusal(TranslatorKind::Swin, |_| {});
        assert_eq!(field, "network.window");
        assert!(remedy.contains("use 2"), "{remedy}");
        let fitting = SimVpConfig {
            translator: TranslatorKind::Swin,
            window: 2,
            ..SimVpConfig::default()
        };
        assert!(fitting.validate(&ClipShape::new([3, 4, 1, 16, 24])).is_ok());
    }
}
