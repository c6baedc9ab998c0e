//! The arithmetic of recurrent cells once their convolutions are done.

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};
use foreframe_kernels::gates;

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

/// Which block of channels holds which gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateOrder {
    /// The input gate.
    pub input: usize,
    /// The forget gate.
    pub forget: usize,
    /// The candidate.
    pub candidate: usize,
    /// The output gate.
    pub output: usize,
}

impl GateOrder {
    const fn blocks(self) -> [usize; 4] {
        [self.input, self.forget, self.candidate, self.output]
    }

    fn check(self) {
        let mut blocks = self.blocks();
        blocks.sort_unstable();
        assert!(
            blocks == [0, 1, 2, 3],
            "lstm_gates: {self:?} does not name each of the blocks 0 to 3 once"
        );
    }
}

/// A convolutional LSTM's step (Shi et al., NeurIPS 2015, arXiv:1506.04214, without peepholes):
/// `c' = sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(g)` and `h' = sigmoid(o) * tanh(c')`.
///
/// # Shapes
/// - `gates`: `[batch, 4 * channels, height, width]`, blocks in the given order
/// - `cell`: `[batch, channels, height, width]`
/// - output: the new cell and the new hidden state, each of the shape of `cell`
///
/// # Panics
/// When the shapes do not fit each other, or `order` names a block twice.
pub fn lstm_gates(gates: Tensor<4>, cell: Tensor<4>, order: GateOrder, forget_bias: f32) -> [Tensor<4>; 2] {
    let shape = cell.dims();
    order.check();
    check_blocks("lstm_gates", "gates", gates.dims(), 4, shape);
    if has_kernel(&cell) {
        let kernel = Lstm { order, forget_bias };
        return parts(run(kernel, Operands::Two(gates.into_dispatch(), cell.into_dispatch())));
    }
    let [input, forget, candidate, output] = order.blocks().map(|block| narrowed(&gates, block, shape[1]));
    let cell = sigmoid(forget + forget_bias) * cell + sigmoid(input) * tanh(candidate);
    let hidden = sigmoid(output) * tanh(cell.clone());
    [cell, hidden]
}

pub(crate) fn narrowed(tensor: &Tensor<4>, block: usize, channels: usize) -> Tensor<4> {
    tensor.clone().narrow(1, block * channels, channels)
}

pub(crate) fn check_blocks(op: &str, name: &str, found: [usize; 4], blocks: usize, cell: [usize; 4]) {
    let expected = [cell[0], blocks * cell[1], cell[2], cell[3]];
    assert!(
        found == expected,
        "{op}: `{name}` has shape {found:?} and should have {expected:?} ({blocks} blocks of {} channels)",
        cell[1]
    );
}

/// The outputs of one operation, which lie behind each other.
pub(crate) fn parts<const N: usize>(together: Tensor<5>) -> [Tensor<4>; N] {
    std::array::from_fn(|part| together.clone().narrow(0, part, 1).squeeze_dim(0))
}

/// Inputs: gates, cell. Output: cell and hidden state.
#[derive(Debug)]
struct Lstm {
    order: GateOrder,
    forget_bias: f32,
}

impl DifferentiableKernel for Lstm {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [batch, channels, pixels] = inputs[1].image();
        let [b, c, h, w] = inputs[1].dims();
        let (gates, cell) = (inputs[0].values(), inputs[1].values());
        let output = Floats::filled([2, b, c, h, w], |out| {
            gates::lstm(
                batch,
                channels,
                pixels,
                gates,
                self.order.blocks(),
                cell,
                self.forget_bias,
                out,
            );
        });
        (output, Vec::new())
    }

    fn keeps(&self, _input: usize) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [_, b, c, h, w] = gradient.dims();
        let (gates, cell) = (known.input(0), known.input(1));
        let [d_gates, d_cell] = Floats::filled_together([gates.len(), cell.len()], |[d_gates, d_cell]| {
            let (blocks, bias, g) = (self.order.blocks(), self.forget_bias, gradient.values());
            gates::lstm_backward(b, c, h * w, gates, blocks, cell, bias, g, d_gates, d_cell);
        });
        vec![
            Some(d_gates.reshaped([b, 4 * c, h, w])),
            Some(d_cell.reshaped([b, c, h, w])),
        ]
    }
}
