//! From the latents of all known frames to those of the next.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, LayerNorm2d, Linear, LinearConfig, fan_in_uniform};
use foreframe_ops::{depthwise_conv2d, gelu, scaled_add};

use crate::large_kernel::LargeKernelAttention;

const KERNEL: usize = 7;
const RATIO: usize = 4;
const EPSILON: f64 = 1e-6;
/// First value of a branch's scale: a fresh block is nearly the identity.
const INITIAL_SCALE: f64 = 1e-6;

/// Sizes of a [`Predictor`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PredictorConfig {
    /// Channels of the latents of all observed frames together.
    pub(crate) channels: usize,
    /// Values of the time embedding.
    pub(crate) time_channels: usize,
    /// Blocks, the first one included.
    pub(crate) depth: usize,
}

impl PredictorConfig {
    pub(crate) fn init(&self, device: &Device) -> Predictor {
        let channels = self.channels;
        let time = || LinearConfig::new([self.time_channels, channels]).init(device);
        Predictor {
            first: FirstBlock {
                time: time(),
                pairs: PairedConv::new(channels, device),
                mixing: Mixing::new(channels, device),
                shortcut: Conv2dConfig::new([2 * channels, channels], 1).init(device),
            },
            blocks: (1..self.depth)
                .map(|_| Block {
                    time: time(),
                    attention: LargeKernelAttention::new(channels, device),
                    mixing: Mixing::new(channels, device),
                })
                .collect(),
        }
    }

    /// Cost of one future frame.
    pub(crate) fn cost(&self, size: [usize; 2]) -> Cost {
        let values = self.channels * size[0] * size[1];
        let shared = Cost::linear(2 * RATIO * values, self.channels)
            + Cost::group_norm(values)
            + Cost::linear(self.channels, self.time_channels);
        let first = Cost::convolution(values, 2, [KERNEL, KERNEL]) + Cost::linear(values, 2 * self.channels);
        shared * self.depth + first + LargeKernelAttention::cost(self.channels, size) * (self.depth - 1)
    }
}

/// Normalization and two layers on every pixel, scaled and added to a shortcut (ConvNeXt, Liu et al., arXiv:2201.03545).
#[derive(Module, Debug)]
struct Mixing {
    norm: LayerNorm2d,
    expand: Linear,
    contract: Linear,
    scale: Param<Tensor<1>>,
}

impl Mixing {
    fn new(channels: usize, device: &Device) -> Self {
        Self {
            norm: LayerNorm2d::new(channels, EPSILON, device),
            expand: LinearConfig::new([channels, RATIO * channels]).init(device),
            contract: LinearConfig::new([RATIO * channels, channels]).init(device),
            scale: Initializer::Constant { value: INITIAL_SCALE }.init([channels], device),
        }
    }

    fn forward(&self, shortcut: Tensor<4>, features: Tensor<4>) -> Tensor<4> {
        let hidden = gelu(self.expand.forward_channels(self.norm.forward(features)));
        scaled_add(shortcut, self.contract.forward_channels(hidden), self.scale.val())
    }
}

/// Adds the embedding of a lead time to every pixel.
fn at_time(features: Tensor<4>, time: &Linear, embedding: Tensor<2>) -> Tensor<4> {
    let shift = time.forward(embedding);
    let channels = shift.dims()[1];
    features + shift.reshape([1, channels, 1, 1])
}

/// A convolution whose output `c` sees the inputs `2 * c` and `2 * c + 1`: two depthwise convolutions, which are faster
/// than a convolution of as many groups of two.
#[derive(Module, Debug)]
struct PairedConv {
    /// `[channels, 2, kernel, kernel]`
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

impl PairedConv {
    fn new(channels: usize, device: &Device) -> Self {
        let fan_in = Some(2 * KERNEL * KERNEL);
        Self {
            weight: fan_in_uniform().init_with([channels, 2, KERNEL, KERNEL], fan_in, None, device),
            bias: fan_in_uniform().init_with([channels], fan_in, None, device),
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = input.dims();
        let pairs: Tensor<5> = input.reshape([batch, channels / 2, 2, height, width]);
        let of_each = |side: usize, bias| {
            let images = pairs.clone().narrow(2, side, 1);
            let images = images.reshape([batch, channels / 2, height, width]);
            depthwise_conv2d(images, self.weight.val().narrow(1, side, 1), bias, 1)
        };
        of_each(0, Some(self.bias.val())) + of_each(1, None)
    }
}

/// The block that takes the latents of past and future together and leaves half as many.
#[derive(Module, Debug)]
struct FirstBlock {
    time: Linear,
    pairs: PairedConv,
    mixing: Mixing,
    shortcut: Conv2d,
}

/// The others.
#[derive(Module, Debug)]
struct Block {
    time: Linear,
    attention: LargeKernelAttention,
    mixing: Mixing,
}

/// Blocks that know which frame is asked for.
#[derive(Module, Debug)]
pub(crate) struct Predictor {
    first: FirstBlock,
    blocks: Vec<Block>,
}

impl Predictor {
    /// # Shapes
    /// - `latents`: `[batch, 2 * channels, height, width]`, those of the past before those of the future
    /// - `time`: `[1, time_channels]`
    /// - output: `[batch, channels, height, width]`
    pub(crate) fn forward(&self, latents: Tensor<4>, time: Tensor<2>) -> Tensor<4> {
        let time = gelu(time);
        let first = &self.first;
        let features = at_time(first.pairs.forward(latents.clone()), &first.time, time.clone());
        let latents = first.mixing.forward(first.shortcut.forward(latents), features);
        self.blocks.iter().fold(latents, |latents, block| {
            let features = at_time(block.attention.forward(latents.clone()), &block.time, time.clone());
            block.mixing.forward(latents, features)
        })
    }
}
