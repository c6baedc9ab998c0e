//! USTEP's hyper-parameters.

use foreframe_core::{ClipShape, ConfigError};
use foreframe_nn::{SpatialConfig, Statistics, drop_path_schedule};
use serde::{Deserialize, Serialize};

use crate::layer::SegmentLayerConfig;
use crate::{SegmentNetConfig, Segmentation};

/// Edge of the kernels of encoder and decoder.
const SPATIAL_KERNEL: usize = 3;
/// Beyond these a network would not fit any machine, and products of sizes would overflow.
const MAX_WIDTH: usize = 1 << 16;
const MAX_DEPTH: usize = 1 << 10;
const MAX_RATIO: usize = 1 << 10;
const MAX_KERNEL: usize = 255;
const MAX_GROUPS: usize = 1 << 10;

/// Where the gates are.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum RecurrenceLayout {
    /// One recurrence around deep networks, which is the literal reading of the paper's equations.
    #[default]
    Single,
    /// A recurrence around every block: closer to the published numbers of parameters.
    Layerwise,
}

/// Hyper-parameters of [`UStep`](crate::UStep); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct UStepConfig {
    /// Channels of a frame's latent, an even number.
    pub spatial_channels: usize,
    /// Blocks of the encoder and of the decoder, an even number; every second one resamples.
    pub spatial_depth: usize,
    /// Channels of segments, C'.
    pub width: usize,
    /// Frames in a micro segment, Δt; 0 stands for all observed ones.
    pub micro_segment: usize,
    /// Frames in a macro segment, ΔT; 0 stands for all observed ones.
    pub macro_segment: usize,
    /// Blocks of the network for micro segments.
    pub micro_depth: usize,
    /// Blocks of the network for macro segments.
    pub macro_depth: usize,
    /// Hidden channels of a block's feed-forward branch per channel.
    pub mlp_ratio: usize,
    /// Groups of the convolutions and normalizations of SimVP's inception layers (`ustep_simvp`); other blocks have none.
    /// OpenSTL has it fixed at 8, and silently takes 1 where 8 do not divide half the width.
    pub groups: usize,
    /// Edge of the gates' kernels, odd.
    pub gate_kernel: usize,
    /// Whether states pass from segment to segment and from the macro to the micro scale; without them the features of
    /// both scales are just added.
    pub cross: bool,
    /// Where the gates are.
    pub layout: RecurrenceLayout,
    /// Whether training shows the network the true frames in place of its own latents.
    pub teacher_forcing: bool,
    /// Whether batch normalization has running statistics for each step of the recurrence. With teacher forcing training
    /// has all steps in one batch, and there is one set in any case.
    pub statistics: Statistics,
    /// Probability of leaving a branch of the last block out in training; from 0 at the first block on it grows evenly.
    pub drop_path: f64,
    /// Weight of TAU's differential divergence in the loss; 0 in the presets of networks other than TAU.
    pub divergence_weight: f64,
}

impl Default for UStepConfig {
    fn default() -> Self {
        Self {
            spatial_channels: 64,
            spatial_depth: 4,
            width: 256,
            micro_segment: 5,
            macro_segment: 0,
            micro_depth: 6,
            macro_depth: 6,
            mlp_ratio: 8,
            groups: 8,
            gate_kernel: 3,
            cross: true,
            layout: RecurrenceLayout::Single,
            teacher_forcing: false,
            statistics: Statistics::PerStep,
            drop_path: 0.0,
            divergence_weight: 0.1,
        }
    }
}

impl UStepConfig {
    pub(crate) const fn spatial(&self, clip: &ClipShape) -> SpatialConfig {
        SpatialConfig {
            frame_channels: clip.channels,
            channels: self.spatial_channels,
            depth: self.spatial_depth,
            encoder_kernel: SPATIAL_KERNEL,
            decoder_kernel: SPATIAL_KERNEL,
        }
    }

    /// Frames in a micro segment.
    pub(crate) const fn micro_frames(&self, clip: &ClipShape) -> usize {
        frames_or_all(self.micro_segment, clip)
    }

    /// Micro segments in a macro segment.
    pub(crate) const fn window(&self, clip: &ClipShape) -> usize {
        frames_or_all(self.macro_segment, clip).div_ceil(self.micro_frames(clip))
    }

    pub(crate) const fn segmentation(&self, clip: &ClipShape) -> Segmentation {
        Segmentation::new(clip.past, clip.future, self.micro_frames(clip), self.window(clip))
    }

    /// Steps with running statistics of their own.
    const fn steps(&self, clip: &ClipShape) -> usize {
        match self.teacher_forcing {
            true => 1,
            false => self.statistics.sets(self.segmentation(clip).steps()),
        }
    }

    /// The layers of the recurrence.
    pub(crate) fn layers(&self, clip: &ClipShape) -> Vec<SegmentLayerConfig> {
        let layer = |micro_rates: &[f64], macro_rates: &[f64]| {
            let net = |drop_path: &[f64]| SegmentNetConfig {
                width: self.width,
                mlp_ratio: self.mlp_ratio,
                groups: self.groups,
                drop_path: drop_path.to_vec(),
                steps: self.steps(clip),
            };
            SegmentLayerConfig {
                micro_net: net(micro_rates),
                macro_net: net(macro_rates),
                gate_kernel: self.gate_kernel,
                cross: self.cross,
                projections: self.layout == RecurrenceLayout::Layerwise,
            }
        };
        let micro_rates = drop_path_schedule(0.0, self.drop_path, self.micro_depth);
        let macro_rates = drop_path_schedule(0.0, self.drop_path, self.macro_depth);
        match self.layout {
            RecurrenceLayout::Single => vec![layer(&micro_rates, &macro_rates)],
            RecurrenceLayout::Layerwise => micro_rates
                .chunks(1)
                .zip(macro_rates.chunks(1))
                .map(|(micro_rate, macro_rate)| layer(micro_rate, macro_rate))
                .collect(),
        }
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        self.spatial(clip).validate(clip)?;
        // A block squeezes four channels into one.
        ConfigError::within("network.width", self.width, 4..=MAX_WIDTH)?;
        ConfigError::within("network.micro_segment", self.micro_segment, 0..=clip.frames())?;
        ConfigError::within("network.macro_segment", self.macro_segment, 0..=clip.past)?;
        ConfigError::within("network.micro_depth", self.micro_depth, 1..=MAX_DEPTH)?;
        ConfigError::within("network.macro_depth", self.macro_depth, 1..=MAX_DEPTH)?;
        ConfigError::within("network.mlp_ratio", self.mlp_ratio, 1..=MAX_RATIO)?;
        ConfigError::within("network.groups", self.groups, 1..=MAX_GROUPS)?;
        ConfigError::within("network.gate_kernel", self.gate_kernel, 1..=MAX_KERNEL)?;
        ConfigError::odd("network.gate_kernel", self.gate_kernel)?;
        ConfigError::probability("network.drop_path", self.drop_path)?;
        ConfigError::weight("network.divergence_weight", self.divergence_weight)?;
        if self.layout == RecurrenceLayout::Layerwise && self.micro_depth != self.macro_depth {
            let problem = format!(
                "is {}, but network.micro_depth is {}",
                self.macro_depth, self.micro_depth
            );
            let remedy = "with network.layout = \"layerwise\" every layer has one block of both: make them equal";
            return Err(ConfigError::new("network.macro_depth", problem, remedy));
        }
        Ok(())
    }
}

/// 0 stands for all observed frames.
const fn frames_or_all(frames: usize, clip: &ClipShape) -> usize {
    if frames == 0 { clip.past } else { frames }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([10, 10, 1, 16, 16]);
        assert!(UStepConfig::default().validate(&clip).is_ok());
        let field = |change: fn(&mut UStepConfig)| {
            let mut config = UStepConfig::default();
            change(&mut config);
            config.validate(&clip).unwrap_err().field
        };
        assert_eq!(field(|config| config.spatial_channels = 3), "network.spatial_channels");
        assert_eq!(field(|config| config.spatial_depth = 10), "clip.height");
        assert_eq!(field(|config| config.width = 0), "network.width");
        assert_eq!(field(|config| config.micro_segment = 21), "network.micro_segment");
        assert_eq!(field(|config| config.macro_segment = 11), "network.macro_segment");
        assert_eq!(field(|config| config.micro_depth = 0), "network.micro_depth");
        assert_eq!(field(|config| config.groups = 0), "network.groups");
        assert_eq!(field(|config| config.gate_kernel = 2), "network.gate_kernel");
        assert_eq!(
            field(|config| config.divergence_weight = -1.0),
            "network.divergence_weight"
        );
        let unequal = |config: &mut UStepConfig| {
            config.layout = RecurrenceLayout::Layerwise;
            config.macro_depth = 5;
        };
        assert_eq!(field(unequal), "network.macro_depth");
    }
}
