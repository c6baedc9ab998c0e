//! ConvNeXt: a depthwise convolution and a feed-forward branch (Liu et al., arXiv:2201.03545).

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{
    Block, BlockConfig, DepthwiseConv2d, DepthwiseConv2dConfig, DropPath, FeedForward, LayerNorm2d, SizedBlock,
    fan_out_std,
};
use foreframe_ops::scaled_add;

use crate::linear::PointwiseFeedForward;
use crate::translators::owned;

const EPSILON: f64 = 1e-6;
const INITIAL_SCALE: f64 = 1e-6;

const fn depthwise(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 7)
}

/// Depthwise convolution, normalization and feed-forward, all of it scaled and added to its input.
#[derive(Module, Debug)]
pub(crate) struct ConvNeXtBlock {
    depthwise: DepthwiseConv2d,
    norm: LayerNorm2d,
    mlp: PointwiseFeedForward,
    scale: Param<Tensor<1>>,
    drop_path: DropPath,
}

impl Block for ConvNeXtBlock {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let normalized = self.norm.forward(self.depthwise.forward(features.clone()));
        let mixed = self.mlp.forward(normalized);
        scaled_add(features, self.drop_path.forward(mixed), self.scale.val())
    }
}

impl SizedBlock for ConvNeXtBlock {
    fn new(config: &BlockConfig, device: &Device) -> Self {
        let channels = config.channels;
        let std = |output| fan_out_std(output, 1, 1);
        Self {
            depthwise: depthwise(channels).init(device),
            norm: LayerNorm2d::new(channels, EPSILON, device),
            mlp: PointwiseFeedForward::new(channels, config.hidden(), std, device),
            scale: Initializer::Constant { value: INITIAL_SCALE }.init([channels], device),
            drop_path: DropPath::new(config.drop_path),
        }
    }

    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        depthwise(config.channels).cost(size)
            + Cost::group_norm(config.channels * positions)
            + FeedForward::cost(config.channels, config.hidden(), positions)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        owned([
            ("depthwise", "conv_dw"),
            ("norm", "norm"),
            ("mlp.expand", "mlp.fc1"),
            ("mlp.contract", "mlp.fc2"),
            ("scale", "gamma"),
        ])
    }
}
