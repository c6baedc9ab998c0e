//! Layer normalization.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_ops::{channel_norm, layer_norm};

/// Normalizes every position over its channels, then scales and shifts every channel (Ba et al., arXiv:1607.06450; for
/// images as in ConvNeXt, Liu et al., arXiv:2201.03545).
#[derive(Module, Debug)]
pub struct LayerNorm2d {
    /// `[channels]`
    pub weight: Param<Tensor<1>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
    epsilon: f64,
}

impl LayerNorm2d {
    /// A layer that begins as the identity on normalized input; `epsilon` is added to the variance.
    pub fn new(channels: usize, epsilon: f64, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            epsilon,
        }
    }

    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        channel_norm(input, self.weight.val(), self.bias.val(), self.epsilon)
    }
}

/// Normalizes over the last axis, then scales and shifts every channel (Ba et al., arXiv:1607.06450).
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[channels]`
    pub weight: Param<Tensor<1>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
    epsilon: f64,
}

impl LayerNorm {
    /// A layer that begins as the identity on normalized input; `epsilon` is added to the variance.
    pub fn new(channels: usize, epsilon: f64, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            epsilon,
        }
    }

    /// # Shapes
    /// - `input`: `[..., channels]`
    /// - output: the same
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        layer_norm(input, self.weight.val(), self.bias.val(), self.epsilon)
    }
}
