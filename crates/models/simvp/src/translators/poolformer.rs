//! PoolFormer: averages of neighbors in place of attention (Yu et al., arXiv:2111.11418).

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::module::avg_pool2d;
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Block, BlockConfig, DropPath, FeedForward, GroupNorm, SizedBlock};
use foreframe_ops::{Then, scaled_add};

use crate::linear::PointwiseFeedForward;
use crate::translators::owned;

/// Edge of the neighborhood.
const POOL: usize = 3;
const INITIAL_SCALE: f64 = 1e-5;
const INITIAL_STD: f64 = 0.02;

/// How neighborhoods differ from their centers and a feed-forward branch, each normalized, scaled and added to its input.
#[derive(Module, Debug)]
pub(crate) struct PoolFormerBlock {
    pooling_norm: GroupNorm,
    pooling_scale: Param<Tensor<1>>,
    mlp_norm: GroupNorm,
    mlp: PointwiseFeedForward,
    mlp_scale: Param<Tensor<1>>,
    drop_path: DropPath,
}

/// The mean of each neighborhood less its center; at the borders of what is inside.
fn pooled(features: Tensor<4>) -> Tensor<4> {
    let options = AvgPoolOptions {
        stride: [1; 2],
        padding: [(POOL / 2, POOL / 2); 2],
        count_include_pad: false,
        ..AvgPoolOptions::new([POOL; 2])
    };
    avg_pool2d(features.clone(), options) - features
}

impl Block for PoolFormerBlock {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let pooled = pooled(self.pooling_norm.forward(features.clone(), Then::Nothing));
        let features = scaled_add(features, self.drop_path.forward(pooled), self.pooling_scale.val());
        let mixed = self.mlp.forward(self.mlp_norm.forward(features.clone(), Then::Nothing));
        scaled_add(features, self.drop_path.forward(mixed), self.mlp_scale.val())
    }
}

impl SizedBlock for PoolFormerBlock {
    fn new(config: &BlockConfig, device: &Device) -> Self {
        let channels = config.channels;
        let scale = || Initializer::Constant { value: INITIAL_SCALE }.init([channels], device);
        Self {
            pooling_norm: GroupNorm::new(1, channels, device),
            pooling_scale: scale(),
            mlp_norm: GroupNorm::new(1, channels, device),
            mlp: PointwiseFeedForward::new(channels, config.hidden(), |_| INITIAL_STD, device),
            mlp_scale: scale(),
            drop_path: DropPath::new(config.drop_path),
        }
    }

    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        Cost::group_norm(config.channels * positions) * 2
            + FeedForward::cost(config.channels, config.hidden(), positions)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        owned([
            ("pooling_norm", "norm1"),
            ("pooling_scale", "layer_scale_1"),
            ("mlp_norm", "norm2"),
            ("mlp.expand", "mlp.fc1"),
            ("mlp.contract", "mlp.fc2"),
            ("mlp_scale", "layer_scale_2"),
        ])
    }
}
