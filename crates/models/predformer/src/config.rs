//! PredFormer's hyper-parameters.

use foreframe_core::{ClipShape, ConfigError};
use foreframe_nn::FramePatches;
use serde::{Deserialize, Serialize};

use crate::Arrangement;

const MOST_CHANNELS: usize = 1 << 14;
const MOST_LAYERS: usize = 1 << 8;
const MOST_HEADS: usize = 1 << 8;
const LARGEST_PATCH: usize = 1 << 8;
const LARGEST_RATIO: usize = 1 << 6;

/// Hyper-parameters of [`PredFormer`](crate::PredFormer); the default is the one for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PredFormerConfig {
    /// The order of transformers over space and time.
    pub arrangement: Arrangement,
    /// Edge of a patch; it divides height and width (published: `patch_size`).
    pub patch: usize,
    /// Channels of a token (`dim`).
    pub width: usize,
    /// Heads of attention (`heads`).
    pub heads: usize,
    /// Channels of a head (`dim_head`).
    pub head_width: usize,
    /// Hidden channels of the feed-forward branch per channel (`scale_dim`).
    pub mlp_ratio: usize,
    /// Blocks, or layers where there is one block (`Ndepth`).
    pub depth: usize,
    /// Layers of each transformer of a block (`depth`); one block has `depth` of them.
    pub block_depth: usize,
    /// Probability of dropping a value of the feed-forward branch in training (`dropout`).
    pub dropout: f64,
    /// The same for values of the branch of attention (`attn_dropout`).
    pub attention_dropout: f64,
    /// Probability of leaving a branch out in training (`drop_path`).
    pub drop_path: f64,
}

impl Default for PredFormerConfig {
    fn default() -> Self {
        Self {
            arrangement: Arrangement::default(),
            patch: 8,
            width: 256,
            heads: 8,
            head_width: 32,
            mlp_ratio: 4,
            depth: 6,
            block_depth: 1,
            dropout: 0.0,
            attention_dropout: 0.0,
            drop_path: 0.0,
        }
    }
}

impl PredFormerConfig {
    pub(crate) const fn blocks(&self) -> usize {
        if self.arrangement.is_one_block() { 1 } else { self.depth }
    }

    /// Layers of a transformer.
    pub(crate) const fn layers(&self) -> usize {
        if self.arrangement.is_one_block() {
            self.depth
        } else {
            self.block_depth
        }
    }

    /// Channels of all heads together.
    pub(crate) const fn inner(&self) -> usize {
        self.heads * self.head_width
    }

    pub(crate) const fn hidden(&self) -> usize {
        self.mlp_ratio * self.width
    }

    pub(crate) const fn patch_channels(&self, clip: &ClipShape) -> usize {
        self.patch * self.patch * clip.channels
    }

    pub(crate) const fn frames(&self, clip: &ClipShape) -> FramePatches {
        FramePatches::new(self.patch, clip.channels)
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub(crate) fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        ConfigError::within("network.patch", self.patch, 1..=LARGEST_PATCH)?;
        ConfigError::within("network.width", self.width, 1..=MOST_CHANNELS)?;
        ConfigError::within("network.heads", self.heads, 1..=MOST_HEADS)?;
        ConfigError::within("network.head_width", self.head_width, 1..=MOST_CHANNELS)?;
        ConfigError::within("network.mlp_ratio", self.mlp_ratio, 1..=LARGEST_RATIO)?;
        ConfigError::within("network.depth", self.depth, 1..=MOST_LAYERS)?;
        ConfigError::within("network.block_depth", self.block_depth, 1..=MOST_LAYERS)?;
        if self.arrangement.is_one_block() && self.block_depth != 1 {
            return Err(ConfigError::new(
                "network.block_depth",
                format!("is {}, and this arrangement has one block", self.block_depth),
                "leave it out: network.depth says how many layers there are",
            ));
        }
        for (field, probability) in [
            ("dropout", self.dropout),
            ("attention_dropout", self.attention_dropout),
            ("drop_path", self.drop_path),
        ] {
            if !(0.0..1.0).contains(&probability) {
                return Err(ConfigError::new(
                    format!("network.{field}"),
                    format!("is {probability}"),
                    "use a probability below 1, e.g. 0.1",
                ));
            }
        }
        self.frames(clip)
            .check("clip", [clip.channels, clip.height, clip.width])
    }
}
