//! Matrices applied to one axis.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, normal};
use foreframe_ops::{conv2d, gelu};

const INITIAL_STD: f64 = 0.02;

/// A matrix and a bias, stored as PyTorch's `Linear` stores them.
#[derive(Module, Debug)]
pub(crate) struct Linear {
    /// `[output, input]`
    weight: Param<Tensor<2>>,
    /// `[output]`
    bias: Param<Tensor<1>>,
}

impl Linear {
    pub(crate) fn new([input, output]: [usize; 2], device: &Device) -> Self {
        Self {
            weight: normal(INITIAL_STD).init([output, input], device),
            bias: Initializer::Zeros.init([output], device),
        }
    }

    /// Applies it to the channels of every position, so that images need not be turned into lists of positions.
    ///
    /// # Shapes
    /// - `image`: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`
    pub(crate) fn on_channels(&self, image: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        let [output, input] = weight.dims();
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        conv2d(
            image,
            weight.reshape([output, input, 1, 1]),
            Some(self.bias.val()),
            options,
        )
    }

    /// Applies it to the last axis.
    ///
    /// # Shapes
    /// - `rows`: `[batch, rows, input]`
    /// - output: `[batch, rows, output]`
    pub(crate) fn on_columns(&self, rows: Tensor<3>) -> Tensor<3> {
        rows.matmul(self.weight.val().transpose().unsqueeze()) + self.bias.val().unsqueeze()
    }
}

/// Cost of two matrices `channels -> hidden -> channels` for `rows` of channels.
pub(crate) const fn feed_forward_cost(channels: usize, hidden: usize, rows: usize) -> Cost {
    Cost::linear(2 * rows * hidden, channels)
}

/// A matrix up, GELU, a matrix down.
#[derive(Module, Debug)]
pub(crate) struct FeedForward {
    expand: Linear,
    contract: Linear,
}

impl FeedForward {
    pub(crate) fn new(channels: usize, hidden: usize, device: &Device) -> Self {
        Self {
            expand: Linear::new([channels, hidden], device),
            contract: Linear::new([hidden, channels], device),
        }
    }

    /// As [`Linear::on_channels`].
    pub(crate) fn on_channels(&self, image: Tensor<4>) -> Tensor<4> {
        self.contract.on_channels(gelu(self.expand.on_channels(image)))
    }

    /// As [`Linear::on_columns`].
    pub(crate) fn on_columns(&self, rows: Tensor<3>) -> Tensor<3> {
        self.contract.on_columns(gelu(self.expand.on_columns(rows)))
    }
}

/// A 1x1 convolution up, GELU, a 1x1 convolution down: a [`FeedForward`] whose weights the reference stores as those of
/// convolutions.
#[derive(Module, Debug)]
pub(crate) struct PointwiseFeedForward {
    expand: Conv2d,
    contract: Conv2d,
}

impl PointwiseFeedForward {
    /// Weights are drawn with the standard deviation that `std` names for a number of channels out.
    pub(crate) fn new(channels: usize, hidden: usize, std: impl Fn(usize) -> f64, device: &Device) -> Self {
        let layer = |input, output| Conv2dConfig::new([input, output], 1).init_normal(std(output), device);
        Self {
            expand: layer(channels, hidden),
            contract: layer(hidden, channels),
        }
    }

    pub(crate) fn forward(&self, image: Tensor<4>) -> Tensor<4> {
        self.contract.forward(gelu(self.expand.forward(image)))
    }
}
