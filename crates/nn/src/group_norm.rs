//! Group normalization with learned scale and shift.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_ops::{Then, group_norm};

/// Normalizes groups of channels, then scales and shifts every channel (Wu and He, arXiv:1803.08494).
#[derive(Module, Debug)]
pub struct GroupNorm {
    /// `[channels]`
    pub weight: Param<Tensor<1>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
    groups: usize,
}

/// PyTorch's default.
const EPSILON: f64 = 1e-5;

impl GroupNorm {
    /// A layer that begins as the identity on normalized input.
    ///
    /// # Panics
    /// If `groups` does not divide `channels`.
    pub fn new(groups: usize, channels: usize, device: &Device) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "{groups} normalization groups do not divide {channels} channels"
        );
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            groups,
        }
    }

    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same, after `then`
    pub fn forward(&self, input: Tensor<4>, then: Then) -> Tensor<4> {
        group_norm(input, self.groups, self.weight.val(), self.bias.val(), EPSILON, then)
    }
}
