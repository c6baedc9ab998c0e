//! Matrices of learned weights.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_nn::fan_in_uniform;
use foreframe_ops::{conv2d, same};

/// A matrix and a bias, for vectors and for the pixels of images.
#[derive(Module, Debug)]
pub(crate) struct Linear {
    /// `[output, input]`
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Linear {
    pub(crate) fn new([input, output]: [usize; 2], device: &Device) -> Self {
        let fan_in = Some(input);
        Self {
            weight: fan_in_uniform().init_with([output, input], fan_in, None, device),
            bias: fan_in_uniform().init_with([output], fan_in, None, device),
        }
    }

    /// # Shapes
    /// - `vectors`: `[batch, input]`
    /// - output: `[batch, output]`
    pub(crate) fn vectors(&self, vectors: Tensor<2>) -> Tensor<2> {
        vectors.matmul(self.weight.val().transpose()) + self.bias.val().unsqueeze()
    }

    /// # Shapes
    /// - `images`: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`
    pub(crate) fn pixels(&self, images: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        let [output, input] = weight.dims();
        conv2d(
            images,
            weight.reshape([output, input, 1, 1]),
            Some(self.bias.val()),
            same([1, 1], 1, 1),
        )
    }
}
