//! Transposed convolution with learned weights.

use burn::module::{Module, Param};
use burn::tensor::ops::ConvTransposeOptions;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::conv_transpose2d;

use crate::fan_in_uniform;

/// Sizes of a [`ConvTranspose2d`] that doubles height and width, or keeps them: padding 1, with a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvTranspose2dConfig {
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
    /// Edge of the kernel, 3 or, where sizes are doubled, 4.
    pub kernel: usize,
    /// 2 doubles height and width, 1 keeps them.
    pub stride: usize,
}

impl ConvTranspose2dConfig {
    /// The layer as PyTorch begins it, whose fan-in is that of the convolution that it transposes.
    pub fn init(&self, device: &Device) -> ConvTranspose2d {
        let fan_in = Some(self.output * self.kernel * self.kernel);
        let shape = [self.input, self.output, self.kernel, self.kernel];
        ConvTranspose2d {
            weight: fan_in_uniform().init_with(shape, fan_in, None, device),
            bias: fan_in_uniform().init_with([self.output], fan_in, None, device),
            stride: self.stride,
        }
    }

    /// Cost for one image of this size, as fvcore counts it: every input value times every tap.
    pub const fn cost(&self, [height, width]: [usize; 2]) -> Cost {
        Cost::convolution(self.input * height * width, self.output, [self.kernel, self.kernel])
    }
}

/// Doubles or keeps the size of an image with learned weights.
#[derive(Module, Debug)]
pub struct ConvTranspose2d {
    /// `[input, output, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[output]`
    pub bias: Param<Tensor<1>>,
    stride: usize,
}

impl ConvTranspose2d {
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - output: `[batch, output, stride * height, stride * width]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [.., kernel] = self.weight.dims();
        // A row and a column are added where the kernel does not fill the size.
        let padding_out = self.stride + 2 - kernel;
        let options = ConvTransposeOptions::new([self.stride; 2], [1, 1], [padding_out; 2], [1, 1], 1);
        conv_transpose2d(input, self.weight.val(), Some(self.bias.val()), options)
    }
}
