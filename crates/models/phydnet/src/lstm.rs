//! The residual branch.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig};
use foreframe_ops::{GateOrder, lstm_gates};

const ORDER: GateOrder = GateOrder {
    input: 0,
    forget: 1,
    output: 2,
    candidate: 3,
};

fn gates([input, width]: [usize; 2]) -> Conv2dConfig {
    Conv2dConfig::new([input + width, 4 * width], 3).with_padding(1)
}

/// An LSTM cell whose products are one convolution of input and hidden state together.
#[derive(Module, Debug)]
pub(crate) struct LstmCell {
    gates: Conv2d,
}

impl LstmCell {
    pub(crate) fn new(channels: [usize; 2], device: &Device) -> Self {
        Self {
            gates: gates(channels).init(device),
        }
    }

    pub(crate) fn cost(channels: [usize; 2], image: [usize; 2]) -> Cost {
        gates(channels).cost(image)
    }

    /// The new cell and the new hidden state.
    ///
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - `hidden`, `cell` and outputs: `[batch, width, height, width]`
    pub(crate) fn forward(&self, input: Tensor<4>, hidden: Tensor<4>, cell: Tensor<4>) -> [Tensor<4>; 2] {
        lstm_gates(
            self.gates.forward(Tensor::cat(vec![input, hidden], 1)),
            cell,
            ORDER,
            0.0,
        )
    }
}
