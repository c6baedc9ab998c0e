//! Two matrices with GELU between them.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::gelu;

use crate::{Linear, LinearConfig};

/// A matrix up, GELU, a matrix down.
#[derive(Module, Debug)]
pub struct FeedForward {
    expand: Linear,
    contract: Linear,
}

impl FeedForward {
    /// Weights as [`LinearConfig::init_std`] draws them.
    pub fn new(channels: usize, hidden: usize, initial_std: Option<f64>, device: &Device) -> Self {
        let linear = |sizes| LinearConfig::new(sizes).init_std(initial_std, device);
        Self {
            expand: linear([channels, hidden]),
            contract: linear([hidden, channels]),
        }
    }

    /// Applies both to the channels of every pixel.
    ///
    /// # Shapes
    /// - `image`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn on_channels(&self, image: Tensor<4>) -> Tensor<4> {
        self.contract
            .forward_channels(gelu(self.expand.forward_channels(image)))
    }

    /// Applies both to the last axis.
    ///
    /// # Shapes
    /// - `rows`: `[batch, rows, channels]`
    /// - output: the same
    pub fn on_columns(&self, rows: Tensor<3>) -> Tensor<3> {
        self.contract.forward(gelu(self.expand.forward(rows)))
    }

    /// Cost for `rows` of channels.
    pub const fn cost(channels: usize, hidden: usize, rows: usize) -> Cost {
        Cost::linear(2 * rows * hidden, channels)
    }
}
