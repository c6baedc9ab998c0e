//! Channel mixing with a depthwise convolution in the middle.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::gelu;

use crate::{Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig, fan_out_std};

/// Sizes of a [`ConvMlp`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConvMlpConfig {
    /// Channels in and out.
    pub channels: usize,
    /// Channels in between.
    pub hidden: usize,
}

impl ConvMlpConfig {
    const fn depthwise(&self) -> DepthwiseConv2dConfig {
        DepthwiseConv2dConfig::new(self.hidden, 3)
    }

    /// The layers with weights drawn by [`fan_out_std`] and biases of 0.
    pub fn init(&self, device: &Device) -> ConvMlp {
        let pointwise =
            |input, output| Conv2dConfig::new([input, output], 1).init_normal(fan_out_std(output, 1, 1), device);
        ConvMlp {
            expand: pointwise(self.channels, self.hidden),
            depthwise: self.depthwise().init(device),
            contract: pointwise(self.hidden, self.channels),
        }
    }

    /// Cost for one image of this size.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        Cost::linear(self.hidden * positions, self.channels) * 2 + self.depthwise().cost(size)
    }
}

/// 1x1 convolution up, depthwise 3x3, GELU, 1x1 convolution down: the feed-forward part of van-like blocks (Guo et al.,
/// arXiv:2202.09741).
#[derive(Module, Debug)]
pub struct ConvMlp {
    expand: Conv2d,
    depthwise: DepthwiseConv2d,
    contract: Conv2d,
}

impl ConvMlp {
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let hidden = self.depthwise.forward(self.expand.forward(input));
        self.contract.forward(gelu(hidden))
    }
}
