//! The temporal attention unit.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig, fan_out_std, normal};
use foreframe_ops::{gelu, leaky_relu, sigmoid};

/// How many channels the dynamical attention is meant to squeeze into one.
const REDUCTION: usize = 16;
const INITIAL_STD: f64 = 0.02;

/// A 1x1 convolution from `channels` to `channels`.
fn pointwise(channels: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new([channels, channels], 1).init_normal(fan_out_std(channels, 1, 1), device)
}

const fn depthwise(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 5)
}

const fn dilated(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 7).with_dilation(3)
}

/// Values between squeeze and excitation. OpenSTL divides by the reduction twice, so there are about 16 at any width.
fn squeezed(channels: usize) -> usize {
    channels / (channels / REDUCTION).max(4)
}

/// Attention within frames: a field of 21x21 built from two depthwise convolutions and a 1x1 one.
#[derive(Module, Debug)]
struct StaticalAttention {
    depthwise: DepthwiseConv2d,
    dilated: DepthwiseConv2d,
    pointwise: Conv2d,
}

impl StaticalAttention {
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.pointwise
            .forward(self.dilated.forward(self.depthwise.forward(input)))
    }
}

/// Attention across frames: one weight per channel, that is per frame and feature, from their spatial means.
#[derive(Module, Debug)]
struct DynamicalAttention {
    /// `[squeezed, channels]`
    squeeze: Param<Tensor<2>>,
    /// `[channels, squeezed]`
    excite: Param<Tensor<2>>,
}

impl DynamicalAttention {
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: `[batch, channels, 1, 1]`
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = input.dims();
        let means = input
            .reshape([batch, channels, height * width])
            .mean_dim(2)
            .reshape([batch, channels]);
        let squeezed = leaky_relu(means.matmul(self.squeeze.val().transpose()), 0.0);
        sigmoid(squeezed.matmul(self.excite.val().transpose())).reshape([batch, channels, 1, 1])
    }
}

/// Statical and dynamical attention between two 1x1 convolutions, with a shortcut around all of it (figure 3 of the
/// paper).
#[derive(Module, Debug)]
pub(crate) struct TemporalAttention {
    project_in: Conv2d,
    statical: StaticalAttention,
    dynamical: DynamicalAttention,
    project_out: Conv2d,
}

impl TemporalAttention {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        let hidden = squeezed(channels);
        Self {
            project_in: pointwise(channels, device),
            statical: StaticalAttention {
                depthwise: depthwise(channels).init(device),
                dilated: dilated(channels).init(device),
                pointwise: pointwise(channels, device),
            },
            dynamical: DynamicalAttention {
                squeeze: normal(INITIAL_STD).init([hidden, channels], device),
                excite: normal(INITIAL_STD).init([channels, hidden], device),
            },
            project_out: pointwise(channels, device),
        }
    }

    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let features = gelu(self.project_in.forward(input.clone()));
        let attention = self.statical.forward(features.clone()) * self.dynamical.forward(features.clone());
        input + self.project_out.forward(attention * features)
    }

    pub(crate) fn cost(channels: usize, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        Cost::linear(channels * positions, channels) * 3
            + depthwise(channels).cost(size)
            + dilated(channels).cost(size)
            + Cost::linear(channels, squeezed(channels)) * 2
    }
}
