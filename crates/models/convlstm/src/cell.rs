//! The convolutional LSTM.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{GateConv, GateConvConfig};
use foreframe_ops::{GateOrder, lstm_gates};

/// OpenSTL's order of the gates; it adds nothing to the forget gate.
const ORDER: GateOrder = GateOrder {
    input: 0,
    forget: 1,
    candidate: 2,
    output: 3,
};

/// Sizes of a [`ConvLstmCell`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConvLstmCellConfig {
    /// Channels of the input.
    pub(crate) input: usize,
    /// Channels of hidden state and cell.
    pub(crate) width: usize,
    /// Edge of the kernels, odd.
    pub(crate) kernel: usize,
    /// Height and width, where gates are normalized.
    pub(crate) normalized: Option<[usize; 2]>,
}

impl ConvLstmCellConfig {
    const fn gates(&self, input: usize) -> GateConvConfig {
        GateConvConfig {
            input,
            output: 4 * self.width,
            kernel: self.kernel,
            normalized: self.normalized,
        }
    }

    pub(crate) fn init(&self, device: &Device) -> ConvLstmCell {
        ConvLstmCell {
            input_gates: self.gates(self.input).init(device),
            hidden_gates: self.gates(self.width).init(device),
        }
    }

    /// Cost of one step.
    pub(crate) fn cost(&self, size: [usize; 2]) -> Cost {
        self.gates(self.input).cost(size) + self.gates(self.width).cost(size)
    }
}

/// An LSTM whose matrix products are convolutions (equation 3 of the paper, without peepholes).
#[derive(Module, Debug)]
pub(crate) struct ConvLstmCell {
    input_gates: GateConv,
    hidden_gates: GateConv,
}

impl ConvLstmCell {
    /// The new cell and the new hidden state.
    ///
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - `hidden`, `cell` and outputs: `[batch, width, height, width]`
    pub(crate) fn forward(&self, input: Tensor<4>, hidden: Tensor<4>, cell: Tensor<4>) -> [Tensor<4>; 2] {
        let gates = self.input_gates.forward(input) + self.hidden_gates.forward(hidden);
        lstm_gates(gates, cell, ORDER, 0.0)
    }
}
