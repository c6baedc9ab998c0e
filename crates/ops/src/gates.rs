//! The arithmetic of recurrent cells once their convolutions are done.

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};
use foreframe_kernels::gates;

use crate::implementation::has_kernel;
use crate::kernel::{Floats, Kernel, Known, Operands, run};

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

/// What [`st_lstm_memories`] yields, each of the shape of the cell.
#[derive(Clone, Debug)]
pub struct Memories {
    /// The new temporal memory, `c'`.
    pub cell: Tensor<4>,
    /// The new spatio-temporal memory, `m'`.
    pub memory: Tensor<4>,
    /// What was added to the temporal memory.
    pub cell_increment: Tensor<4>,
    /// What was added to the spatio-temporal memory.
    pub memory_increment: Tensor<4>,
}

/// Both memories of an ST-LSTM's step (Wang et al., PredRNN, NeurIPS 2017, equation 3, and arXiv:2103.09504), with gates
/// that are sums: `i = sigmoid(x_i + h_i)`, `f = sigmoid(x_f + h_f + forget_bias)`, `g = tanh(x_g + h_g)`,
/// `c' = f * c + i * g`, and the same for `m` from the second three blocks of `x` and those of `memory_gates`.
///
/// # Shapes
/// - `x`: `[batch, 7 * channels, height, width]`: i, f, g, i', f', g', o
/// - `h`: `[batch, 4 * channels, height, width]`: i, f, g, o
/// - `memory_gates`: `[batch, 3 * channels, height, width]`: i', f', g'
/// - `cell`, `memory`: `[batch, channels, height, width]`
///
/// # Panics
/// When the shapes do not fit each other.
pub fn st_lstm_memories(
    x: Tensor<4>,
    h: Tensor<4>,
    memory_gates: Tensor<4>,
    cell: Tensor<4>,
    memory: Tensor<4>,
    forget_bias: f32,
) -> Memories {
    let op = "st_lstm_memories";
    let shape = cell.dims();
    check_blocks(op, "x", x.dims(), 7, shape);
    check_blocks(op, "h", h.dims(), 4, shape);
    check_blocks(op, "memory_gates", memory_gates.dims(), 3, shape);
    check_blocks(op, "memory", memory.dims(), 1, shape);
    let [cell, memory, cell_increment, memory_increment] = if has_kernel(&cell) {
        parts(run(
            StLstmMemories { forget_bias },
            Operands::Five(
                x.into_dispatch(),
                h.into_dispatch(),
                memory_gates.into_dispatch(),
                cell.into_dispatch(),
                memory.into_dispatch(),
            ),
        ))
    } else {
        let block = |tensor: &Tensor<4>, block| narrowed(tensor, block, shape[1]);
        let update = |first: usize, others: &Tensor<4>, old: Tensor<4>| {
            let [i, f, g] = [0, 1, 2].map(|gate| block(&x, first + gate) + block(others, gate));
            let increment = sigmoid(i) * tanh(g);
            (sigmoid(f + forget_bias) * old + increment.clone(), increment)
        };
        let (cell, cell_increment) = update(0, &h, cell);
        let (memory, memory_increment) = update(3, &memory_gates, memory);
        [cell, memory, cell_increment, memory_increment]
    };
    Memories {
        cell,
        memory,
        cell_increment,
        memory_increment,
    }
}

/// The hidden state of an ST-LSTM's step: `sigmoid(x_o + h_o + memory_o) * tanh(mixed)`.
///
/// # Shapes
/// - `x`: `[batch, 7 * channels, height, width]`, of which the last block is read
/// - `h`: `[batch, 4 * channels, height, width]`, of which the last block is read
/// - `memory_o`, `mixed`: `[batch, channels, height, width]`
/// - output: the shape of `mixed`
///
/// # Panics
/// When the shapes do not fit each other.
pub fn st_lstm_output(x: Tensor<4>, h: Tensor<4>, memory_o: Tensor<4>, mixed: Tensor<4>) -> Tensor<4> {
    let op = "st_lstm_output";
    let shape = mixed.dims();
    check_blocks(op, "x", x.dims(), 7, shape);
    check_blocks(op, "h", h.dims(), 4, shape);
    check_blocks(op, "memory_o", memory_o.dims(), 1, shape);
    if has_kernel(&mixed) {
        return run(
            StLstmOutput,
            Operands::Four(
                x.into_dispatch(),
                h.into_dispatch(),
                memory_o.into_dispatch(),
                mixed.into_dispatch(),
            ),
        );
    }
    sigmoid(narrowed(&x, 6, shape[1]) + narrowed(&h, 3, shape[1]) + memory_o) * tanh(mixed)
}

fn narrowed(tensor: &Tensor<4>, block: usize, channels: usize) -> Tensor<4> {
    tensor.clone().narrow(1, block * channels, channels)
}

fn check_blocks(op: &str, name: &str, found: [usize; 4], blocks: usize, cell: [usize; 4]) {
    let expected = [cell[0], blocks * cell[1], cell[2], cell[3]];
    assert!(
        found == expected,
        "{op}: `{name}` has shape {found:?} and should have {expected:?} ({blocks} blocks of {} channels)",
        cell[1]
    );
}

/// The outputs of one operation, which lie behind each other.
fn parts<const N: usize>(together: Tensor<5>) -> [Tensor<4>; N] {
    std::array::from_fn(|part| together.clone().narrow(0, part, 1).squeeze_dim(0))
}

/// Inputs: gates, cell. Output: cell and hidden state.
#[derive(Debug)]
struct Lstm {
    order: GateOrder,
    forget_bias: f32,
}

impl Kernel for Lstm {
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

/// Inputs: x, h, memory gates, cell, memory. Output: both memories and both increments.
#[derive(Debug)]
struct StLstmMemories {
    forget_bias: f32,
}

impl Kernel for StLstmMemories {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [batch, channels, pixels] = inputs[3].image();
        let [b, c, h, w] = inputs[3].dims();
        let [x, from_h, from_m, cell, memory] = [0, 1, 2, 3, 4].map(|index: usize| inputs[index].values());
        let bias = self.forget_bias;
        let output = Floats::filled([4, b, c, h, w], |out| {
            gates::st_lstm_memories(
                batch, channels, pixels, x, from_h, from_m, cell, memory, bias, true, out,
            );
        });
        (output, Vec::new())
    }

    fn keeps(&self, _input: usize) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [_, b, c, h, w] = gradient.dims();
        let values = [0, 1, 2, 3, 4].map(|index: usize| known.input(index));
        let found = Floats::filled_together(values.map(<[f32]>::len), |[dx, dh, d_gates, d_cell, d_memory]| {
            let [x, from_h, from_m, cell, memory] = values;
            let (bias, g) = (self.forget_bias, gradient.values());
            gates::st_lstm_memories_backward(
                b,
                c,
                h * w,
                x,
                from_h,
                from_m,
                cell,
                memory,
                bias,
                true,
                g,
                dx,
                dh,
                d_gates,
                d_cell,
                d_memory,
            );
        });
        let shaped = found.into_iter().zip([7, 4, 3, 1, 1]);
        shaped
            .map(|(found, blocks)| Some(found.reshaped([b, blocks * c, h, w])))
            .collect()
    }
}

/// Inputs: x, h, the memories' part of the gate, the mixed memories.
#[derive(Debug)]
struct StLstmOutput;

impl Kernel for StLstmOutput {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [batch, channels, pixels] = inputs[3].image();
        let [x, h, memory_o, mixed] = [0, 1, 2, 3].map(|index: usize| inputs[index].values());
        let output = inputs[3].same_shape(|out| {
            gates::st_lstm_output(batch, channels, pixels, x, h, memory_o, mixed, out);
        });
        (output, Vec::new())
    }

    fn keeps(&self, _input: usize) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [b, c, h, w] = gradient.dims();
        let [x, from_h, memory_o, mixed] = [0, 1, 2, 3].map(|index: usize| known.input(index));
        let len = mixed.len();
        let [d_sum, d_mixed] = Floats::filled_together([len, len], |[d_sum, d_mixed]| {
            gates::st_lstm_output_backward(
                b,
                c,
                h * w,
                x,
                from_h,
                memory_o,
                mixed,
                gradient.values(),
                d_sum,
                d_mixed,
            );
        });
        // Of the stacked gates only the last block was read.
        let last_block = |blocks: usize| {
            Floats::filled([b, blocks * c, h, w], |out| {
                let image = c * h * w;
                let images = out.chunks_exact_mut((blocks * image).max(1));
                for (out, sum) in images.zip(d_sum.values().chunks_exact(image.max(1))) {
                    let (others, last) = out.split_at_mut((blocks - 1) * image);
                    others.fill(0.0);
                    last.copy_from_slice(sum);
                }
            })
        };
        let shape = [b, c, h, w];
        vec![
            Some(last_block(7)),
            Some(last_block(4)),
            Some(d_sum.reshaped(shape)),
            Some(d_mixed.reshaped(shape)),
        ]
    }
}
