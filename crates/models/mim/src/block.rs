//! The cell with memories in its memory.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, GateConv, GateConvConfig};
use foreframe_ops::{sigmoid, tanh};

use crate::peephole_lstm::{PeepholeLstm, PeepholeLstmConfig};

const FORGET_BIAS: f32 = 1.0;

impl PeepholeLstmConfig {
    fn block_gates(&self, blocks: usize) -> GateConvConfig {
        GateConvConfig {
            input: self.width,
            output: blocks * self.width,
            kernel: self.kernel,
            normalized: self.layer_norm.then_some(self.image),
        }
    }

    const fn mix(&self) -> Conv2dConfig {
        Conv2dConfig::new([2 * self.width, self.width], 1).without_bias()
    }

    /// A [`MimBlock`] of the same sizes.
    pub(crate) fn init_block(&self, device: &Device) -> MimBlock {
        MimBlock {
            input_gates: self.block_gates(4).init(device),
            hidden_gates: self.block_gates(3).init(device),
            memory_gates: self.block_gates(4).init(device),
            stationary: self.init(device),
            mix: self.mix().init(device),
        }
    }

    /// Cost of one step of a [`MimBlock`].
    pub(crate) fn block_cost(&self) -> Cost {
        let gates: Cost = [4, 3, 4]
            .map(|blocks| self.block_gates(blocks).cost(self.image))
            .into_iter()
            .sum();
        gates + self.cost() + self.mix().cost(self.image)
    }
}

/// A spatio-temporal LSTM whose own memory is kept by a recurrent cell in place of a forget gate (equation 4 of the
/// paper).
#[derive(Module, Debug)]
pub(crate) struct MimBlock {
    input_gates: GateConv,
    hidden_gates: GateConv,
    memory_gates: GateConv,
    stationary: PeepholeLstm,
    mix: Conv2d,
}

/// Inputs and outputs of a [`MimBlock`], `[batch, width, height, width]` each.
#[derive(Clone, Debug)]
pub(crate) struct BlockState {
    pub(crate) hidden: Tensor<4>,
    pub(crate) cell: Tensor<4>,
    pub(crate) memory: Tensor<4>,
    /// The stationary cell's own memory.
    pub(crate) stationary: Tensor<4>,
}

impl MimBlock {
    /// # Shapes
    /// - `input`, `difference`: `[batch, width, height, width]`
    pub(crate) fn forward(&self, input: Tensor<4>, difference: Tensor<4>, state: BlockState) -> BlockState {
        let width = state.hidden.dims()[1];
        let block = |gates: &Tensor<4>, index: usize| gates.clone().narrow(1, index * width, width);
        let from_input = self.input_gates.forward(input);
        let from_hidden = self.hidden_gates.forward(state.hidden);
        let from_memory = self.memory_gates.forward(state.memory.clone());
        // Input: i, g, f, o. Hidden state: i, g, o. Memory: i, g, f, o. The input's gates serve both memories.
        let [ix, gx, fx, ox] = [0, 1, 2, 3].map(|index| block(&from_input, index));
        let [it, gt, ot] = [0, 1, 2].map(|index| block(&from_hidden, index));
        let [is, gs, fs, os] = [0, 1, 2, 3].map(|index| block(&from_memory, index));

        let kept = sigmoid(fx + fs + FORGET_BIAS) * state.memory;
        let memory = kept + sigmoid(ix.clone() + is) * tanh(gx.clone() + gs);
        // The reference stops the gradient here, so that it does not flow back through this memory's past.
        let [stays, stationary] = self
            .stationary
            .forward(difference, state.cell, state.stationary.detach());
        let cell = stays + sigmoid(ix + it) * tanh(gx + gt);
        let both = Tensor::cat(vec![cell.clone(), memory.clone()], 1);
        BlockState {
            hidden: sigmoid(ox + ot + os) * tanh(self.mix.forward(both)),
            cell,
            memory,
            stationary,
        }
    }

    /// Our names of the tensors and OpenSTL's, for a block at the path `ours` here and `theirs` there.
    pub(crate) fn openstl_keys(ours: &str, theirs: &str) -> Vec<(String, String)> {
        let gates = [
            ("input_gates", "conv_x_cc"),
            ("hidden_gates", "conv_t_cc"),
            ("memory_gates", "conv_s_cc"),
        ];
        gates
            .iter()
            .flat_map(|(our, their)| GateConv::openstl_keys(&format!("{ours}.{our}"), &format!("{theirs}.{their}")))
            .chain(PeepholeLstm::openstl_keys(&format!("{ours}.stationary"), theirs))
            .chain([(format!("{ours}.mix"), format!("{theirs}.conv_last"))])
            .collect()
    }
}
