//! The spatio-temporal LSTM.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{StLstmExtras, StLstmState, StLstmStep, StLstmWeights, st_lstm, st_lstm_of_gates};

use crate::{Conv2d, Conv2dConfig, GateConv, GateConvConfig};

const FORGET_BIAS: f32 = 1.0;

/// Sizes of an [`StLstm`].
#[derive(Clone, Debug, PartialEq)]
pub struct StLstmConfig {
    /// Channels of the input.
    pub input: usize,
    /// Channels of hidden state and memories.
    pub width: usize,
    /// Edge of the kernels, odd.
    pub kernel: usize,
    /// Height and width, where the gates are to be normalized.
    pub normalized: Option<[usize; 2]>,
}

impl StLstmConfig {
    const fn gates(&self, input: usize, blocks: usize) -> GateConvConfig {
        GateConvConfig {
            input,
            output: blocks * self.width,
            kernel: self.kernel,
            normalized: self.normalized,
        }
    }

    /// In the order of the cell's fields.
    const fn gate_convolutions(&self) -> [GateConvConfig; 4] {
        let width = self.width;
        [
            self.gates(self.input, 7),
            self.gates(width, 4),
            self.gates(width, 3),
            self.gates(2 * width, 1),
        ]
    }

    const fn mix(&self) -> Conv2dConfig {
        Conv2dConfig::new([2 * self.width, self.width], 1).without_bias()
    }

    /// The cell with fresh weights.
    pub fn init(&self, device: &Device) -> StLstm {
        let [input, hidden, memory, output] = self.gate_convolutions();
        StLstm {
            input_gates: input.init(device),
            hidden_gates: hidden.init(device),
            memory_gates: memory.init(device),
            output_gate: output.init(device),
            mix: self.mix().init(device),
        }
    }

    /// Cost of one step.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        let gates: Cost = self.gate_convolutions().iter().map(|gates| gates.cost(size)).sum();
        gates + self.mix().cost(size)
    }
}

/// An LSTM with two memories: `c` goes from step to step, `m` from layer to layer and then to the next step (Wang et al.,
/// PredRNN, NeurIPS 2017, equation 3). Forget gates have a bias of 1.
#[derive(Module, Debug)]
pub struct StLstm {
    input_gates: GateConv,
    hidden_gates: GateConv,
    memory_gates: GateConv,
    output_gate: GateConv,
    mix: Conv2d,
}

impl StLstm {
    /// One step.
    ///
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - `state` and outputs: `[batch, width, height, width]`
    pub fn forward(&self, input: Tensor<4>, state: StLstmState, extras: StLstmExtras) -> StLstmStep {
        if let Some(weights) = self.bare() {
            return st_lstm(input, state, weights, FORGET_BIAS, extras);
        }
        let gates = [
            self.input_gates.forward(input),
            self.hidden_gates.forward(state.hidden),
            self.memory_gates.forward(state.memory.clone()),
        ];
        st_lstm_of_gates(gates, state.cell, state.memory, FORGET_BIAS, extras, |both| {
            [self.output_gate.forward(both.clone()), self.mix.forward(both)]
        })
    }

    /// All weights, if no gate is normalized.
    fn bare(&self) -> Option<StLstmWeights> {
        Some(StLstmWeights {
            input: self.input_gates.bare()?,
            hidden: self.hidden_gates.bare()?,
            memory: self.memory_gates.bare()?,
            output: self.output_gate.bare()?,
            mix: self.mix.weight.val(),
        })
    }

    /// Our names of the tensors and OpenSTL's, for a cell at the path `ours` here and `theirs` there.
    pub fn openstl_keys(ours: &str, theirs: &str) -> Vec<(String, String)> {
        [
            ("input_gates", "conv_x"),
            ("hidden_gates", "conv_h"),
            ("memory_gates", "conv_m"),
            ("output_gate", "conv_o"),
        ]
        .iter()
        .flat_map(|(our, their)| GateConv::openstl_keys(&format!("{ours}.{our}"), &format!("{theirs}.{their}")))
        .chain([(format!("{ours}.mix"), format!("{theirs}.conv_last"))])
        .collect()
    }
}
