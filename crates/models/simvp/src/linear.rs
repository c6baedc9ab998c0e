//! Matrices applied to one axis.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, Linear, LinearConfig};
use foreframe_ops::gelu;

const INITIAL_STD: f64 = 0.02;

/// A matrix and a bias as timm begins them.
pub(crate) fn linear(sizes: [usize; 2], device: &Device) -> Linear {
    LinearConfig::new(sizes).init_normal(INITIAL_STD, device)
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
            expand: linear([channels, hidden], device),
            contract: linear([hidden, channels], device),
        }
    }

    /// Applies both to the channels of every pixel.
    pub(crate) fn on_channels(&self, image: Tensor<4>) -> Tensor<4> {
        self.contract
            .forward_channels(gelu(self.expand.forward_channels(image)))
    }

    /// Applies both to the last axis.
    pub(crate) fn on_columns(&self, rows: Tensor<3>) -> Tensor<3> {
        self.contract.forward(gelu(self.expand.forward(rows)))
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
