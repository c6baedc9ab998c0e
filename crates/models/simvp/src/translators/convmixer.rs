//! ConvMixer: depthwise and 1x1 convolutions in turn (Trockman and Kolter, arXiv:2201.09792).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{
    BatchNorm2d, BatchNorm2dConfig, Block, BlockConfig, Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig,
    SizedBlock, fan_out_std,
};
use foreframe_ops::gelu;

use crate::translators::owned;

const fn depthwise(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 11)
}

/// A depthwise convolution that is added to its input, and a 1x1 convolution that is not, each activated and then
/// normalized. There is no branch to leave out in training.
#[derive(Module, Debug)]
pub(crate) struct ConvMixerBlock {
    depthwise: DepthwiseConv2d,
    depthwise_norm: BatchNorm2d,
    pointwise: Conv2d,
    pointwise_norm: BatchNorm2d,
}

impl Block for ConvMixerBlock {
    fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4> {
        let mixed = gelu(self.depthwise.forward(features.clone()));
        let features = features + self.depthwise_norm.forward(mixed, step);
        self.pointwise_norm
            .forward(gelu(self.pointwise.forward(features)), step)
    }
}

impl SizedBlock for ConvMixerBlock {
    fn new(config: &BlockConfig, device: &Device) -> Self {
        let channels = config.channels;
        let norm = BatchNorm2dConfig::new(channels).with_steps(config.steps);
        let pointwise = Conv2dConfig::new([channels, channels], 1);
        Self {
            depthwise: depthwise(channels).init(device),
            depthwise_norm: norm.init(device),
            pointwise: pointwise.init_normal(fan_out_std(channels, 1, 1), device),
            pointwise_norm: norm.init(device),
        }
    }

    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost {
        let values = config.channels * size[0] * size[1];
        depthwise(config.channels).cost(size) + Cost::batch_norm(values) * 2 + Cost::linear(values, config.channels)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        owned([
            ("depthwise", "conv_dw"),
            ("depthwise_norm", "norm_1"),
            ("pointwise", "conv_pw"),
            ("pointwise_norm", "norm_2"),
        ])
    }
}
