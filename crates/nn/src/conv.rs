//! Convolution with learned weights.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::conv2d;

use crate::{fan_in_uniform, normal};

/// Sizes of a [`Conv2d`] with a square kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv2dConfig {
    /// Channels in, a multiple of `groups`.
    pub input: usize,
    /// Channels out, a multiple of `groups`.
    pub output: usize,
    /// Edge of the kernel.
    pub kernel: usize,
    /// Distance between outputs.
    pub stride: usize,
    /// Zeros on every side.
    pub padding: usize,
    /// Distance between taps.
    pub dilation: usize,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

impl Conv2dConfig {
    /// Stride 1, no padding, one group, with a bias.
    pub const fn new([input, output]: [usize; 2], kernel: usize) -> Self {
        Self {
            input,
            output,
            kernel,
            stride: 1,
            padding: 0,
            dilation: 1,
            groups: 1,
            bias: true,
        }
    }

    /// With outputs `stride` apart.
    #[must_use]
    pub const fn with_stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// With `padding` zeros on every side.
    #[must_use]
    pub const fn with_padding(mut self, padding: usize) -> Self {
        self.padding = padding;
        self
    }

    /// In `groups` groups.
    #[must_use]
    pub const fn with_groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Without a bias.
    #[must_use]
    pub const fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// The layer as PyTorch begins it: uniform up to `1 / sqrt(fan_in)`, weights and biases.
    ///
    /// Weights are drawn when they are first used, from the device's generator.
    pub fn init(&self, device: &Device) -> Conv2d {
        self.init_with(&fan_in_uniform(), &fan_in_uniform(), device)
    }

    /// The layer with weights of 0, which the bias alone drives at first, and biases as [`init`](Self::init) draws them.
    pub fn init_zero_weights(&self, device: &Device) -> Conv2d {
        self.init_with(&Initializer::Zeros, &fan_in_uniform(), device)
    }

    /// The layer with weights from a normal distribution around 0 and a bias of 0, as OpenSTL begins it.
    pub fn init_normal(&self, std: f64, device: &Device) -> Conv2d {
        self.init_with(&normal(std), &Initializer::Zeros, device)
    }

    /// Cost for one image whose output has this size.
    pub const fn cost(&self, [height, width]: [usize; 2]) -> Cost {
        let kernel = [self.kernel, self.kernel];
        Cost::convolution(self.output * height * width, self.input / self.groups, kernel)
    }

    fn init_with(&self, weight: &Initializer, bias: &Initializer, device: &Device) -> Conv2d {
        let (per_group, kernel) = (self.input / self.groups, self.kernel);
        let fan_in = Some(per_group * kernel * kernel);
        Conv2d {
            weight: weight.init_with([self.output, per_group, kernel, kernel], fan_in, None, device),
            bias: self.bias.then(|| bias.init_with([self.output], fan_in, None, device)),
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
            groups: self.groups,
        }
    }
}

/// Convolves an image with learned weights.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[output, input / groups, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[output]`
    pub bias: Option<Param<Tensor<1>>>,
    stride: usize,
    padding: usize,
    dilation: usize,
    groups: usize,
}

impl Conv2d {
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - output: `[batch, output, out_height, out_width]` with
    ///   `out_height = (height + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let twice = |value| [value, value];
        let options = ConvOptions::new(
            twice(self.stride),
            twice(self.padding),
            twice(self.dilation),
            self.groups,
        );
        let bias = self.bias.as_ref().map(Param::val);
        conv2d(input, self.weight.val(), bias, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fan_out_std;

    #[test]
    fn normal_weights_have_the_asked_for_spread_and_are_drawn_lazily() {
        let device = Device::flex();
        let layer = Conv2dConfig::new([64, 64], 3).init_normal(fan_out_std(64, 3, 1), &device);
        assert!(!layer.weight.is_initialized());
        let weight = layer.weight.val();
        let std = weight.powi_scalar(2).mean().sqrt().into_scalar::<f32>();
        assert!((std / (2.0f32 / 576.0).sqrt() - 1.0).abs() < 0.02, "{std}");
        assert_eq!(layer.bias.unwrap().val().abs().max().into_scalar::<f32>(), 0.0);
    }

    #[test]
    fn begins_as_pytorch_begins() {
        let device = Device::flex();
        let layer = Conv2dConfig::new([8, 200], 2).with_groups(2).init(&device);
        let bound = 1.0 / (4.0f32 * 4.0).sqrt();
        for values in [layer.weight.val().flatten::<1>(0, 3), layer.bias.unwrap().val()] {
            let largest = values.abs().max().into_scalar::<f32>();
            assert!(largest <= bound && largest > 0.95 * bound, "{largest} of {bound}");
        }
    }

    #[test]
    fn settings_reach_the_convolution() {
        let device = Device::flex();
        let config = Conv2dConfig::new([4, 6], 3)
            .with_stride(2)
            .with_padding(1)
            .with_groups(2)
            .without_bias();
        let layer = config.init(&device);
        assert!(layer.bias.is_none());
        assert_eq!(layer.forward(Tensor::ones([2, 4, 7, 8], &device)).dims(), [2, 6, 4, 4]);
    }
}
