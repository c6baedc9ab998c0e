//! The spatio-temporal LSTM.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{Memories, sigmoid, st_lstm_memories, st_lstm_output, tanh};

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

    /// What one step costs.
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

/// The memories of an [`StLstm`] after a step, and what its hidden state is made of.
#[derive(Clone, Debug)]
pub struct SpatioTemporal {
    /// Both new memories and what was added to each.
    pub memories: Memories,
    /// Both memories mixed by a 1x1 convolution, `[batch, width, height, width]`.
    mixed: Tensor<4>,
    from_input: Tensor<4>,
    from_hidden: Tensor<4>,
    from_memories: Tensor<4>,
}

impl SpatioTemporal {
    /// The hidden state, `o * tanh(mixed)`.
    pub fn hidden(&self) -> Tensor<4> {
        st_lstm_output(
            self.from_input.clone(),
            self.from_hidden.clone(),
            self.from_memories.clone(),
            self.mixed.clone(),
        )
    }

    /// The hidden state and the output gate, for cells that use the gate once more.
    pub fn hidden_and_gate(&self) -> (Tensor<4>, Tensor<4>) {
        let width = self.mixed.dims()[1];
        let from_input = self.from_input.clone().narrow(1, 6 * width, width);
        let from_hidden = self.from_hidden.clone().narrow(1, 3 * width, width);
        let gate = sigmoid(from_input + from_hidden + self.from_memories.clone());
        (gate.clone() * tanh(self.mixed.clone()), gate)
    }
}

impl StLstm {
    /// One step.
    ///
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - `hidden`, `cell`, `memory`: `[batch, width, height, width]`
    pub fn forward(&self, input: Tensor<4>, hidden: Tensor<4>, cell: Tensor<4>, memory: Tensor<4>) -> SpatioTemporal {
        let from_input = self.input_gates.forward(input);
        let from_hidden = self.hidden_gates.forward(hidden);
        let from_memory = self.memory_gates.forward(memory.clone());
        let memories = st_lstm_memories(
            from_input.clone(),
            from_hidden.clone(),
            from_memory,
            cell,
            memory,
            FORGET_BIAS,
        );
        let both = Tensor::cat(vec![memories.cell.clone(), memories.memory.clone()], 1);
        SpatioTemporal {
            memories,
            from_input,
            from_hidden,
            from_memories: self.output_gate.forward(both.clone()),
            mixed: self.mix.forward(both),
        }
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
