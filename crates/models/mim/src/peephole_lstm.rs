//! A convolutional LSTM whose gates look at its memory.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{GateConv, GateConvConfig};
use foreframe_ops::{sigmoid, tanh};

const FORGET_BIAS: f32 = 1.0;

/// Sizes of a [`PeepholeLstm`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PeepholeLstmConfig {
    /// Channels of input and state.
    pub(crate) width: usize,
    /// Edge of the kernels, odd.
    pub(crate) kernel: usize,
    /// Height and width of the image.
    pub(crate) image: [usize; 2],
    /// Whether gates are normalized.
    pub(crate) layer_norm: bool,
}

impl PeepholeLstmConfig {
    fn gates(&self) -> GateConvConfig {
        GateConvConfig {
            input: self.width,
            output: 4 * self.width,
            kernel: self.kernel,
            normalized: self.layer_norm.then_some(self.image),
        }
    }

    pub(crate) fn init(&self, device: &Device) -> PeepholeLstm {
        let [height, width] = self.image;
        let zeros = |blocks: usize| Param::from_tensor(Tensor::zeros([blocks * self.width, height, width], device));
        PeepholeLstm {
            input_gates: self.gates().init(device),
            hidden_gates: self.gates().init(device),
            memory_weight: zeros(2),
            output_weight: zeros(1),
        }
    }

    /// Cost of one step.
    pub(crate) fn cost(&self) -> Cost {
        self.gates().cost(self.image) * 2
    }
}

/// An LSTM with peepholes: weights for every pixel through which input and forget gate see the old memory, and the output
/// gate the new one.
#[derive(Module, Debug)]
pub(crate) struct PeepholeLstm {
    input_gates: GateConv,
    hidden_gates: GateConv,
    /// `[2 * width, height, width]`, for the input and the forget gate.
    memory_weight: Param<Tensor<3>>,
    /// `[width, height, width]`
    output_weight: Param<Tensor<3>>,
}

impl PeepholeLstm {
    /// The new hidden state and the new cell.
    ///
    /// # Shapes
    /// - all: `[batch, width, height, width]`
    pub(crate) fn forward(&self, input: Tensor<4>, hidden: Tensor<4>, cell: Tensor<4>) -> [Tensor<4>; 2] {
        let width = cell.dims()[1];
        let gates = self.input_gates.forward(input) + self.hidden_gates.forward(hidden);
        // In the reference's order: input gate, candidate, forget gate, output gate.
        let gate = |block: usize| gates.clone().narrow(1, block * width, width);
        let seen = |weight: Tensor<3>, memory: &Tensor<4>| memory.clone() * weight.unsqueeze();
        let weight = self.memory_weight.val();
        let [input_weight, forget_weight] = [0, width].map(|from| weight.clone().narrow(0, from, width));
        let input_gate = sigmoid(gate(0) + seen(input_weight, &cell));
        let forget_gate = sigmoid(gate(2) + seen(forget_weight, &cell) + FORGET_BIAS);
        let cell = forget_gate * cell + input_gate * tanh(gate(1));
        let output_gate = sigmoid(gate(3) + seen(self.output_weight.val(), &cell));
        [output_gate * tanh(cell.clone()), cell]
    }

    /// Our names of the tensors and OpenSTL's, for a cell at the path `ours` here and `theirs` there.
    pub(crate) fn openstl_keys(ours: &str, theirs: &str) -> Vec<(String, String)> {
        let gates =
            |our: &str, their: &str| GateConv::openstl_keys(&format!("{ours}.{our}"), &format!("{theirs}.{their}"));
        let weights = [("memory_weight", "ct_weight"), ("output_weight", "oc_weight")]
            .map(|(our, their)| (format!("{ours}.{our}"), format!("{theirs}.{their}")));
        [
            gates("input_gates", "conv_x_concat"),
            gates("hidden_gates", "conv_h_concat"),
            weights,
        ]
        .concat()
    }
}
