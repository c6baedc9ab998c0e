//! Attention by a large kernel.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig};
use foreframe_ops::gelu;

const fn depthwise(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 5)
}

const fn dilated(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 7).with_dilation(3)
}

fn pointwise(channels: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new([channels, channels], 1).init(device)
}

/// Weighs an image by what lies within 21x21 pixels, built from two depthwise convolutions and a 1x1 one (Guo et al.,
/// arXiv:2202.09741).
#[derive(Module, Debug)]
pub(crate) struct LargeKernelAttention {
    depthwise: DepthwiseConv2d,
    dilated: DepthwiseConv2d,
    pointwise: Conv2d,
}

impl LargeKernelAttention {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self {
            depthwise: depthwise(channels).init_uniform(device),
            dilated: dilated(channels).init_uniform(device),
            pointwise: pointwise(channels, device),
        }
    }

    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let surroundings = self.dilated.forward(self.depthwise.forward(input.clone()));
        input * self.pointwise.forward(surroundings)
    }

    pub(crate) fn cost(channels: usize, size: [usize; 2]) -> Cost {
        depthwise(channels).cost(size)
            + dilated(channels).cost(size)
            + Cost::linear(channels * size[0] * size[1], channels)
    }
}

/// Attention between two 1x1 convolutions, with a shortcut: the spatio-temporal refinement of the paper.
#[derive(Module, Debug)]
pub(crate) struct Refinement {
    project_in: Conv2d,
    attention: LargeKernelAttention,
    project_out: Conv2d,
}

impl Refinement {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self {
            project_in: pointwise(channels, device),
            attention: LargeKernelAttention::new(channels, device),
            project_out: pointwise(channels, device),
        }
    }

    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let features = gelu(self.project_in.forward(input.clone()));
        input + self.project_out.forward(self.attention.forward(features))
    }

    pub(crate) fn cost(channels: usize, size: [usize; 2]) -> Cost {
        Cost::linear(channels * size[0] * size[1], channels) * 2 + LargeKernelAttention::cost(channels, size)
    }
}
