//! Feed-forward branches of 1x1 convolutions.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_nn::{Conv2d, Conv2dConfig};
use foreframe_ops::gelu;

/// Standard deviation of weights as timm draws them.
pub(crate) const INITIAL_STD: Option<f64> = Some(0.02);

/// A 1x1 convolution up, GELU, a 1x1 convolution down: a [`FeedForward`](foreframe_nn::FeedForward) whose weights the reference stores as those of
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
