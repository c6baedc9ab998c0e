//! The gradient highway unit.

use burn::module::Module;
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{sigmoid, tanh};

use super::causal_lstm::blocks;
use crate::{Conv2d, Conv2dConfig};

/// OpenSTL begins the weights uniformly within this bound.
const INITIAL_BOUND: f64 = 1e-3;

/// Sizes of a [`GradientHighway`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientHighwayConfig {
    /// Channels in and out.
    pub width: usize,
    /// Edge of the kernels, odd.
    pub kernel: usize,
}

impl GradientHighwayConfig {
    const fn convolution(&self) -> Conv2dConfig {
        Conv2dConfig::new([self.width, 2 * self.width], self.kernel)
            .with_padding(self.kernel / 2)
            .without_bias()
    }

    /// The unit with fresh weights.
    pub fn init(&self, device: &Device) -> GradientHighway {
        let bound = Initializer::Uniform {
            min: -INITIAL_BOUND,
            max: INITIAL_BOUND,
        };
        let convolution = || {
            let mut convolution = self.convolution().init(device);
            convolution.weight = bound.init(convolution.weight.lazy_shape(), device);
            convolution
        };
        GradientHighway {
            from_input: convolution(),
            from_highway: convolution(),
        }
    }

    /// Cost of one step.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        self.convolution().cost(size) * 2
    }
}

/// A gated shortcut through time, `z' = s * p + (1 - s) * z` with `p = tanh(W_px x + W_pz z)` and
/// `s = sigmoid(W_sx x + W_sz z)` (Wang et al., PredRNN++, ICML 2018, equation 2).
#[derive(Module, Debug)]
pub struct GradientHighway {
    from_input: Conv2d,
    from_highway: Conv2d,
}

impl GradientHighway {
    /// # Shapes
    /// - `input`, `highway` and output: `[batch, width, height, width]`
    pub fn forward(&self, input: Tensor<4>, highway: Tensor<4>) -> Tensor<4> {
        let gates = self.from_input.forward(input) + self.from_highway.forward(highway.clone());
        let [transformed, switch] = blocks(gates);
        let switch = sigmoid(switch);
        highway.clone() + switch * (tanh(transformed) - highway)
    }
}
