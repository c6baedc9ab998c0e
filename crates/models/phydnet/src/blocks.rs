//! Convolutions with group normalization.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, GroupNorm};
use foreframe_ops::{Then, leaky_relu};

/// Of every normalization but the one between derivatives.
pub(crate) const GROUPS: usize = 16;
const SLOPE: f32 = 0.2;

/// A convolution of 3x3, normalized in 16 groups, and a leaky ReLU.
#[derive(Module, Debug)]
pub(crate) struct NormConv {
    convolution: Conv2d,
    norm: GroupNorm,
}

impl NormConv {
    const fn convolution(channels: [usize; 2], stride: usize) -> Conv2dConfig {
        Conv2dConfig::new(channels, 3).with_stride(stride).with_padding(1)
    }

    pub(crate) fn new(channels: [usize; 2], stride: usize, device: &Device) -> Self {
        Self {
            convolution: Self::convolution(channels, stride).init(device),
            norm: GroupNorm::new(GROUPS, channels[1], device),
        }
    }

    /// Cost for an output of this size.
    pub(crate) fn cost(channels: [usize; 2], size: [usize; 2]) -> Cost {
        Self::convolution(channels, 1).cost(size) + Cost::group_norm(channels[1] * size[0] * size[1])
    }

    pub(crate) fn forward(&self, image: Tensor<4>) -> Tensor<4> {
        leaky_relu(self.norm.forward(self.convolution.forward(image), Then::Nothing), SLOPE)
    }
}

/// The same with a transposed convolution.
#[derive(Module, Debug)]
pub(crate) struct NormTransposed {
    convolution: ConvTranspose2d,
    norm: GroupNorm,
}

/// A transposed convolution of 3x3.
pub(crate) const fn transposed([input, output]: [usize; 2], stride: usize) -> ConvTranspose2dConfig {
    ConvTranspose2dConfig {
        input,
        output,
        kernel: 3,
        stride,
    }
}

impl NormTransposed {
    pub(crate) fn new(channels: [usize; 2], stride: usize, device: &Device) -> Self {
        Self {
            convolution: transposed(channels, stride).init(device),
            norm: GroupNorm::new(GROUPS, channels[1], device),
        }
    }

    /// Cost for an input of this size.
    pub(crate) fn cost(channels: [usize; 2], stride: usize, size: [usize; 2]) -> Cost {
        let values = channels[1] * size[0] * size[1] * stride * stride;
        transposed(channels, stride).cost(size) + Cost::group_norm(values)
    }

    pub(crate) fn forward(&self, image: Tensor<4>) -> Tensor<4> {
        leaky_relu(self.norm.forward(self.convolution.forward(image), Then::Nothing), SLOPE)
    }
}
