//! The spatio-temporal LSTM cell, whole.

mod kernel;

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};

use self::kernel::StLstm;
use crate::convolution::sizes;
use crate::gates::{check_blocks, narrowed, parts};
use crate::implementation::has_kernel;
use crate::kernel::{Operands, run};
use crate::{conv2d, same};

/// Hidden state and memories of an ST-LSTM, `[batch, channels, height, width]` each.
#[derive(Clone, Debug)]
pub struct StLstmState {
    /// The hidden state, `h`.
    pub hidden: Tensor<4>,
    /// The temporal memory, `c`.
    pub cell: Tensor<4>,
    /// The spatio-temporal memory, `m`.
    pub memory: Tensor<4>,
}

/// The convolutions of an ST-LSTM, without biases; kernels are square and odd.
#[derive(Clone, Debug)]
pub struct StLstmWeights {
    /// Of the input: i, f, g, i', f', g', o, `[7 * channels, in_channels, kernel, kernel]`.
    pub input: Tensor<4>,
    /// Of the hidden state: i, f, g, o, `[4 * channels, channels, kernel, kernel]`.
    pub hidden: Tensor<4>,
    /// Of the spatio-temporal memory: i', f', g', `[3 * channels, channels, kernel, kernel]`.
    pub memory: Tensor<4>,
    /// Of both new memories, for the output gate, `[channels, 2 * channels, kernel, kernel]`.
    pub output: Tensor<4>,
    /// Of both new memories, for what the output gate lets pass, `[channels, 2 * channels, 1, 1]`.
    pub mix: Tensor<4>,
}

/// Options of an ST-LSTM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StLstmExtras {
    /// The increments of `c` and of `m`, before they are added.
    pub increments: bool,
    /// The output gate.
    pub gate: bool,
}

/// Result of [`st_lstm`].
#[derive(Clone, Debug)]
pub struct StLstmStep {
    /// The new state.
    pub state: StLstmState,
    /// The increments of `c` and of `m`, if they were asked for.
    pub increments: Option<[Tensor<4>; 2]>,
    /// The output gate, if it was asked for.
    pub gate: Option<Tensor<4>>,
}

/// One step of an ST-LSTM (Wang et al., PredRNN, NeurIPS 2017, equation 3, and arXiv:2103.09504). Gates are sums of
/// convolutions: `i = sigmoid(x_i + h_i)`, `f = sigmoid(x_f + h_f + forget_bias)`, `g = tanh(x_g + h_g)`,
/// `c' = f * c + i * g`, and the same for `m` from the second three blocks of `x` and those of `m`;
/// `o = sigmoid(x_o + h_o + W_output * [c', m'])` and `h' = o * tanh(W_mix * [c', m'])`.
///
/// For the derivative the gates are kept before their nonlinearities, eight images of `channels` for a step beside the state
/// itself.
///
/// # Shapes
/// - `input`: `[batch, in_channels, height, width]`
/// - `state`: `[batch, channels, height, width]`
///
/// # Panics
/// When the shapes do not fit each other; the message names the axis and the numbers.
pub fn st_lstm(
    input: Tensor<4>,
    state: StLstmState,
    weights: StLstmWeights,
    forget_bias: f32,
    extras: StLstmExtras,
) -> StLstmStep {
    if !has_kernel(&input) {
        let convolved = |input: Tensor<4>, weight: Tensor<4>| {
            let [_, _, height, width] = weight.dims();
            conv2d(input, weight, None, same([height, width], 1, 1))
        };
        let gates = [
            convolved(input, weights.input),
            convolved(state.hidden, weights.hidden),
            convolved(state.memory.clone(), weights.memory),
        ];
        return st_lstm_of_gates(gates, state.cell, state.memory, forget_bias, extras, |both| {
            [convolved(both.clone(), weights.output), convolved(both, weights.mix)]
        });
    }
    let doubled = |[batch, channels, height, width]: [usize; 4]| [batch, 2 * channels, height, width];
    let shape = |input: [usize; 4], weight: &Tensor<4>| {
        let [_, _, height, width] = weight.dims();
        sizes("st_lstm", input, weight.dims(), &same([height, width], 1, 1))
    };
    let image = state.cell.dims();
    let kernel = StLstm {
        from_input: shape(input.dims(), &weights.input),
        from_hidden: shape(state.hidden.dims(), &weights.hidden),
        from_memory: shape(state.memory.dims(), &weights.memory),
        to_output: shape(doubled(image), &weights.output),
        mix: shape(doubled(image), &weights.mix),
        forget_bias,
        extras,
    };
    kernel.check(image);
    let stacked = run(
        kernel,
        Operands::Nine(
            input.into_dispatch(),
            state.hidden.into_dispatch(),
            state.cell.into_dispatch(),
            state.memory.into_dispatch(),
            weights.input.into_dispatch(),
            weights.hidden.into_dispatch(),
            weights.memory.into_dispatch(),
            weights.output.into_dispatch(),
            weights.mix.into_dispatch(),
        ),
    );
    unstacked(stacked, extras)
}

/// One step of an ST-LSTM whose convolutions are done elsewhere, e.g. with a normalization after each: from `gates` of input,
/// hidden state and memory (blocks as in [`StLstmWeights`]), and `mixed`, which makes of both new memories, behind each
/// other on the channel axis, what they add to the output gate and what it lets pass.
///
/// # Shapes
/// - `gates`: `[batch, 7 * channels, height, width]`, and `4 * channels` and `3 * channels`
/// - `cell`, `memory`: `[batch, channels, height, width]`
///
/// # Panics
/// When the shapes do not fit each other.
pub fn st_lstm_of_gates(
    [x, h, m]: [Tensor<4>; 3],
    cell: Tensor<4>,
    memory: Tensor<4>,
    forget_bias: f32,
    extras: StLstmExtras,
    mixed: impl FnOnce(Tensor<4>) -> [Tensor<4>; 2],
) -> StLstmStep {
    let op = "st_lstm_of_gates";
    let shape = cell.dims();
    check_blocks(op, "x", x.dims(), 7, shape);
    check_blocks(op, "h", h.dims(), 4, shape);
    check_blocks(op, "m", m.dims(), 3, shape);
    check_blocks(op, "memory", memory.dims(), 1, shape);
    let block = |tensor: &Tensor<4>, block| narrowed(tensor, block, shape[1]);
    let update = |first: usize, others: &Tensor<4>, old: Tensor<4>| {
        let [i, f, g] = [0, 1, 2].map(|gate| block(&x, first + gate) + block(others, gate));
        let increment = sigmoid(i) * tanh(g);
        (sigmoid(f + forget_bias) * old + increment.clone(), increment)
    };
    let (cell, cell_increment) = update(0, &h, cell);
    let (memory, memory_increment) = update(3, &m, memory);
    let [to_output, passing] = mixed(Tensor::cat(vec![cell.clone(), memory.clone()], 1));
    let gate = sigmoid(block(&x, 6) + block(&h, 3) + to_output);
    StLstmStep {
        state: StLstmState {
            hidden: gate.clone() * tanh(passing),
            cell,
            memory,
        },
        increments: extras.increments.then_some([cell_increment, memory_increment]),
        gate: extras.gate.then_some(gate),
    }
}

/// Hidden state, both memories, then what else was asked for.
fn unstacked(stacked: Tensor<5>, extras: StLstmExtras) -> StLstmStep {
    let count = stacked.dims()[0];
    let at = |index: usize| stacked.clone().narrow(0, index, 1).squeeze_dim(0);
    let [hidden, cell, memory] = parts(stacked.clone());
    StLstmStep {
        state: StLstmState { hidden, cell, memory },
        increments: extras.increments.then(|| [at(3), at(4)]),
        gate: extras.gate.then(|| at(count - 1)),
    }
}
