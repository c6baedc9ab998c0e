//! The causal LSTM.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{sigmoid, tanh};

use crate::{Conv2d, Conv2dConfig, GateConv, GateConvConfig};

const FORGET_BIAS: f32 = 1.0;

/// Sizes of a [`CausalLstm`].
#[derive(Clone, Debug, PartialEq)]
pub struct CausalLstmConfig {
    /// Channels of the input.
    pub input: usize,
    /// Channels of hidden state and memories.
    pub width: usize,
    /// Edge of the kernels, odd.
    pub kernel: usize,
}

impl CausalLstmConfig {
    const fn gates(&self, input: usize, blocks: usize) -> GateConvConfig {
        GateConvConfig {
            input,
            output: blocks * self.width,
            kernel: self.kernel,
            normalized: None,
        }
    }

    /// In the order of the cell's fields.
    const fn gate_convolutions(&self) -> [GateConvConfig; 6] {
        let width = self.width;
        [
            self.gates(self.input, 7),
            self.gates(width, 4),
            self.gates(width, 3),
            self.gates(width, 3),
            self.gates(width, 4),
            self.gates(width, 1),
        ]
    }

    const fn mix(&self) -> Conv2dConfig {
        Conv2dConfig::new([2 * self.width, self.width], 1).without_bias()
    }

    /// The cell with fresh weights.
    pub fn init(&self, device: &Device) -> CausalLstm {
        let [input, hidden, cell, memory, new_cell, new_memory] = self.gate_convolutions();
        CausalLstm {
            input_gates: input.init(device),
            hidden_gates: hidden.init(device),
            cell_gates: cell.init(device),
            memory_gates: memory.init(device),
            new_cell_gates: new_cell.init(device),
            new_memory_gate: new_memory.init(device),
            mix: self.mix().init(device),
        }
    }

    /// Cost of one step.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        let gates: Cost = self.gate_convolutions().iter().map(|gates| gates.cost(size)).sum();
        gates + self.mix().cost(size)
    }
}

/// An LSTM whose two memories are cascaded: the gates of the spatial memory see the new temporal one (Wang et al.,
/// PredRNN++, ICML 2018, equation 1). Forget gates have a bias of 1; the output gate is a `tanh`.
#[derive(Module, Debug)]
pub struct CausalLstm {
    input_gates: GateConv,
    hidden_gates: GateConv,
    cell_gates: GateConv,
    memory_gates: GateConv,
    new_cell_gates: GateConv,
    new_memory_gate: GateConv,
    mix: Conv2d,
}

impl CausalLstm {
    /// One step: the new hidden state, the new cell and the new memory.
    ///
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - `hidden`, `cell`, `memory` and outputs: `[batch, width, height, width]`
    pub fn forward(&self, input: Tensor<4>, hidden: Tensor<4>, cell: Tensor<4>, memory: Tensor<4>) -> [Tensor<4>; 3] {
        let [ix, fx, gx, im, fm, gm, ox] = blocks(self.input_gates.forward(input));
        let [ih, fh, gh, oh] = blocks(self.hidden_gates.forward(hidden));
        let [ic, fc, gc] = blocks(self.cell_gates.forward(cell.clone()));
        let cell = sigmoid(fx + fh + fc + FORGET_BIAS) * cell + sigmoid(ix + ih + ic) * tanh(gx + gh + gc);

        let [i_memory, f_memory, old_memory] = blocks(self.memory_gates.forward(memory));
        // In the reference's order: input gate, candidate, forget gate, output gate.
        let [i_cell, g_cell, f_cell, o_cell] = blocks(self.new_cell_gates.forward(cell.clone()));
        let kept = sigmoid(fm + f_memory + f_cell + FORGET_BIAS) * tanh(old_memory);
        let memory = kept + sigmoid(im + i_memory + i_cell) * tanh(gm + g_cell);

        let output = tanh(ox + oh + o_cell + self.new_memory_gate.forward(memory.clone()));
        let both = Tensor::cat(vec![cell.clone(), memory.clone()], 1);
        let hidden = output * tanh(self.mix.forward(both));
        [hidden, cell, memory]
    }

    /// Our names of the tensors and OpenSTL's, for a cell at the path `ours` here and `theirs` there.
    pub fn openstl_keys(ours: &str, theirs: &str) -> Vec<(String, String)> {
        [
            ("input_gates", "conv_x"),
            ("hidden_gates", "conv_h"),
            ("cell_gates", "conv_c"),
            ("memory_gates", "conv_m"),
            ("new_cell_gates", "conv_c2m"),
            ("new_memory_gate", "conv_om"),
        ]
        .iter()
        .flat_map(|(our, their)| GateConv::openstl_keys(&format!("{ours}.{our}"), &format!("{theirs}.{their}")))
        .chain([(format!("{ours}.mix"), format!("{theirs}.conv_last"))])
        .collect()
    }
}

/// `N` equal parts of the channels.
pub(super) fn blocks<const N: usize>(gates: Tensor<4>) -> [Tensor<4>; N] {
    let width = gates.dims()[1] / N;
    std::array::from_fn(|block| gates.clone().narrow(1, block * width, width))
}
