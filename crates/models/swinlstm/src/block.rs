//! A block of a cell.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{FeedForward, LayerNorm2d, Linear, LinearConfig, PathDraws, SelfAttention, Windows};

pub(crate) const EPSILON: f64 = 1e-5;
/// Hidden channels of the feed-forward branch per channel.
const RATIO: usize = 4;

/// Sizes of a [`SwinLstmBlock`].
pub(crate) struct SwinLstmBlockConfig {
    pub(crate) width: usize,
    pub(crate) heads: usize,
    /// Those of this block.
    pub(crate) windows: Windows,
    pub(crate) drop_path: f64,
    /// Whether it reads a second image.
    pub(crate) second: bool,
}

impl SwinLstmBlockConfig {
    const fn reduction(&self) -> LinearConfig {
        LinearConfig::new([2 * self.width, self.width])
    }

    pub(crate) fn init(self, device: &Device) -> SwinLstmBlock {
        let norm = || LayerNorm2d::new(self.width, EPSILON, device);
        SwinLstmBlock {
            attention_norm: norm(),
            reduction: self.second.then(|| self.reduction().init(device)),
            position_bias: self.windows.position_bias(self.heads, device),
            attention: SelfAttention::new(self.width, self.heads, None, device),
            mlp_norm: norm(),
            mlp: FeedForward::new(self.width, RATIO * self.width, None, device),
            drop_path: self.drop_path,
            windows: self.windows,
        }
    }

    /// Cost for an image of so many positions.
    pub(crate) fn cost(&self, positions: usize) -> Cost {
        let norm = Cost::group_norm(self.width * positions);
        let common = norm * 2
            + self.windows.cost(self.width, positions)
            + FeedForward::cost(self.width, RATIO * self.width, positions);
        match self.second {
            true => common + norm + Cost::linear(2 * self.width * positions, self.width),
            false => common,
        }
    }
}

/// Attention within windows and a feed-forward branch, as in a Swin transformer, that may read a second image: both are
/// normalized alike and brought to the channels of one.
#[derive(Module, Debug)]
pub(crate) struct SwinLstmBlock {
    attention_norm: LayerNorm2d,
    reduction: Option<Linear>,
    position_bias: Param<Tensor<2>>,
    attention: SelfAttention,
    mlp_norm: LayerNorm2d,
    mlp: FeedForward,
    drop_path: f64,
    windows: Windows,
}

impl SwinLstmBlock {
    /// With `draws` branches are left out at random.
    ///
    /// # Shapes
    /// - `features`, `second`, output: `[batch, width, height, width]`
    pub(crate) fn forward(&self, features: Tensor<4>, second: Tensor<4>, draws: &mut Option<PathDraws>) -> Tensor<4> {
        let mut kept = |branch: Tensor<4>| match draws {
            Some(draws) => draws.drop(branch, self.drop_path),
            None => branch,
        };
        let normalized = self.attention_norm.forward(features.clone());
        let normalized = match &self.reduction {
            None => normalized,
            Some(reduction) => {
                let second = self.attention_norm.forward(second);
                reduction.forward_channels(Tensor::cat(vec![normalized, second], 1))
            }
        };
        let attention = self
            .windows
            .attend(&self.attention, self.position_bias.val(), normalized);
        let features = features + kept(attention);
        let mixed = self.mlp.on_channels(self.mlp_norm.forward(features.clone()));
        features + kept(mixed)
    }
}
