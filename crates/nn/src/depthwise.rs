//! Depthwise convolution that keeps height and width.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::depthwise_conv2d;

use crate::{fan_in_uniform, fan_out_std, normal};

/// Sizes of a [`DepthwiseConv2d`].
#[derive(Clone, Debug, PartialEq)]
pub struct DepthwiseConv2dConfig {
    /// Channels in and out.
    pub channels: usize,
    /// Edge of the kernel, odd.
    pub kernel: usize,
    /// Distance between taps.
    pub dilation: usize,
}

impl DepthwiseConv2dConfig {
    /// Without dilation.
    pub const fn new(channels: usize, kernel: usize) -> Self {
        Self {
            channels,
            kernel,
            dilation: 1,
        }
    }

    /// With taps `dilation` apart.
    #[must_use]
    pub const fn with_dilation(mut self, dilation: usize) -> Self {
        self.dilation = dilation;
        self
    }

    /// The layer with weights drawn by [`fan_out_std`] and a bias of 0.
    pub fn init(&self, device: &Device) -> DepthwiseConv2d {
        let std = fan_out_std(self.channels, self.kernel, self.channels);
        DepthwiseConv2d {
            weight: normal(std).init([self.channels, 1, self.kernel, self.kernel], device),
            bias: Initializer::Zeros.init([self.channels], device),
            dilation: self.dilation,
        }
    }

    /// The layer as PyTorch begins it: uniform up to `1 / sqrt(fan_in)`, weights and biases.
    pub fn init_uniform(&self, device: &Device) -> DepthwiseConv2d {
        let fan_in = Some(self.kernel * self.kernel);
        DepthwiseConv2d {
            weight: fan_in_uniform().init_with([self.channels, 1, self.kernel, self.kernel], fan_in, None, device),
            bias: fan_in_uniform().init_with([self.channels], fan_in, None, device),
            dilation: self.dilation,
        }
    }

    /// Cost for one image of this size.
    pub const fn cost(&self, [height, width]: [usize; 2]) -> Cost {
        Cost::convolution(self.channels * height * width, 1, [self.kernel, self.kernel])
    }
}

/// Convolves every channel with a kernel of its own; zeros around the image keep its size.
#[derive(Module, Debug)]
pub struct DepthwiseConv2d {
    /// `[channels, 1, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[channels]`
    pub bias: Param<Tensor<1>>,
    dilation: usize,
}

impl DepthwiseConv2d {
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        depthwise_conv2d(input, self.weight.val(), Some(self.bias.val()), self.dilation)
    }
}
