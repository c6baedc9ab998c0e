//! Matrix product with learned weights.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_ops::{conv2d, same};

use crate::{fan_in_uniform, normal};

/// Sizes of a [`Linear`].
#[derive(Clone, Debug, PartialEq)]
pub struct LinearConfig {
    /// Values in.
    pub input: usize,
    /// Values out.
    pub output: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

impl LinearConfig {
    /// With a bias.
    pub const fn new([input, output]: [usize; 2]) -> Self {
        Self {
            input,
            output,
            bias: true,
        }
    }

    /// Without a bias.
    #[must_use]
    pub const fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// The layer as PyTorch begins it: uniform up to `1 / sqrt(input)`.
    pub fn init(&self, device: &Device) -> Linear {
        self.init_with(&fan_in_uniform(), &fan_in_uniform(), device)
    }

    /// The layer with weights from a normal distribution around 0 and a bias of 0.
    pub fn init_normal(&self, std: f64, device: &Device) -> Linear {
        self.init_with(&normal(std), &Initializer::Zeros, device)
    }

    /// [`init_normal`](Self::init_normal) with this standard deviation, or [`init`](Self::init) without one.
    pub fn init_std(&self, std: Option<f64>, device: &Device) -> Linear {
        match std {
            Some(std) => self.init_normal(std, device),
            None => self.init(device),
        }
    }

    fn init_with(&self, weight: &Initializer, bias: &Initializer, device: &Device) -> Linear {
        let fan_in = Some(self.input);
        Linear {
            weight: weight.init_with([self.output, self.input], fan_in, None, device),
            bias: self.bias.then(|| bias.init_with([self.output], fan_in, None, device)),
        }
    }
}

/// Multiplies by a learned matrix, stored as PyTorch stores it.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[output, input]`
    pub weight: Param<Tensor<2>>,
    /// `[output]`
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// Applies it to the last axis.
    ///
    /// # Shapes
    /// - `input`: `[..., input]`
    /// - output: `[..., output]`
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let output = input.matmul(self.weight.val().transpose().unsqueeze());
        match &self.bias {
            Some(bias) => output + bias.val().unsqueeze(),
            None => output,
        }
    }

    /// Applies it to the last axis, as one product of matrices.
    ///
    /// # Shapes
    /// - `rows`: `[groups, rows, input]`
    /// - output: `[groups, rows, output]`
    pub fn forward_rows(&self, rows: Tensor<3>) -> Tensor<3> {
        let [groups, count, input] = rows.dims();
        let output = self.forward(rows.reshape([groups * count, input]));
        let [_, channels] = output.dims();
        output.reshape([groups, count, channels])
    }

    /// Applies it to the channels of every pixel, so that images need not be turned into lists of pixels.
    ///
    /// # Shapes
    /// - `image`: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`
    pub fn forward_channels(&self, image: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        let [output, input] = weight.dims();
        let bias = self.bias.as_ref().map(Param::val);
        conv2d(image, weight.reshape([output, input, 1, 1]), bias, same([1, 1], 1, 1))
    }
}
