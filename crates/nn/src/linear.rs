//! Matrix product with learned weights.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::fan_in_uniform;

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
        let fan_in = Some(self.input);
        Linear {
            weight: fan_in_uniform().init_with([self.output, self.input], fan_in, None, device),
            bias: self
                .bias
                .then(|| fan_in_uniform().init_with([self.output], fan_in, None, device)),
        }
    }
}

/// Multiplies rows by a learned matrix, stored as PyTorch stores it.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[output, input]`
    pub weight: Param<Tensor<2>>,
    /// `[output]`
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// # Shapes
    /// - `input`: `[rows, input]`
    /// - output: `[rows, output]`
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let output = input.matmul(self.weight.val().transpose());
        match &self.bias {
            Some(bias) => output + bias.val().unsqueeze(),
            None => output,
        }
    }
}
