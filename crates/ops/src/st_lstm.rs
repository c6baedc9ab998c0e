//! The spatio-temporal LSTM cell, whole.

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, tanh};
use foreframe_kernels::conv::Conv2d;
use foreframe_kernels::gates;
use foreframe_kernels::winograd::Tile;

use crate::convolution::{convolve, input_gradient, sizes, weight_gradient, weight_shape};
use crate::gates::{check_blocks, narrowed, parts};
use crate::implementation::has_kernel;
use crate::kernel::{Floats, Kernel, Known, Operands, run};
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

/// What an ST-LSTM is asked for besides its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StLstmExtras {
    /// What is added to each memory.
    pub increments: bool,
    /// The output gate.
    pub gate: bool,
}

/// What [`st_lstm`] yields.
#[derive(Clone, Debug)]
pub struct StLstmStep {
    /// The new state.
    pub state: StLstmState,
    /// What was added to `c` and to `m`, if it was asked for.
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

/// Inputs: x, h, c, m and the weights of input, hidden state, memory, output gate and mix. Output, stacked: h', c', m', with
/// increments also those, with the gate also that.
#[derive(Debug)]
struct StLstm {
    from_input: Conv2d,
    from_hidden: Conv2d,
    from_memory: Conv2d,
    to_output: Conv2d,
    mix: Conv2d,
    forget_bias: f32,
    extras: StLstmExtras,
}

/// Where the blocks of the hidden state's and the memory's gates go among the seven.
const OF_HIDDEN: [usize; 4] = [0, 1, 2, 6];
const OF_MEMORY: [usize; 3] = [3, 4, 5];

impl StLstm {
    fn check(&self, [batch, channels, height, width]: [usize; 4]) {
        let expected = [
            ("input", &self.from_input, 7),
            ("hidden", &self.from_hidden, 4),
            ("memory", &self.from_memory, 3),
            ("output", &self.to_output, 1),
            ("mix", &self.mix, 1),
        ];
        for (name, shape, blocks) in expected {
            assert!(
                shape.out_channels == blocks * channels,
                "st_lstm: the weight of `{name}` has {} output channels (axis 0) and should have {} ({blocks} blocks of \
                 {channels})",
                shape.out_channels,
                blocks * channels
            );
            assert!(
                (shape.batch, shape.input) == (batch, [height, width]),
                "st_lstm: what `{name}` convolves is {} images of {:?}, the cell is {batch} of {:?}",
                shape.batch,
                shape.input,
                [height, width]
            );
        }
    }

    /// Batch, channels and pixels of a state.
    fn sizes(&self) -> [usize; 3] {
        let [height, width] = self.mix.input;
        [self.mix.batch, self.mix.out_channels, height * width]
    }

    fn image(&self) -> [usize; 4] {
        let [height, width] = self.mix.input;
        [self.mix.batch, self.mix.out_channels, height, width]
    }

    /// Arrays that are stacked in the output.
    const fn outputs(&self) -> usize {
        3 + 2 * self.extras.increments as usize + self.extras.gate as usize
    }

    /// The output, the gates before their nonlinearities and the mixed memories.
    fn compute(&self, inputs: &[Floats], tile: Tile) -> (Floats, [Floats; 2]) {
        let [x, h, c, m, wx, wh, wm, wo, wl] = std::array::from_fn(|index| inputs[index].values());
        let [batch, channels, pixels] = self.sizes();
        let len = batch * channels * pixels;
        let convolved = |shape: &Conv2d, x: &[f32], w: &[f32]| {
            let [height, width] = shape.output();
            Floats::filled([batch, shape.out_channels, height, width], |out| {
                convolve(shape, x, w, None, tile, out);
            })
        };
        let mut gates = convolved(&self.from_input, x, wx);
        let summed = gates.values_mut();
        add_blocks(
            summed,
            7,
            convolved(&self.from_hidden, h, wh).values(),
            &OF_HIDDEN,
            batch,
        );
        add_blocks(
            summed,
            7,
            convolved(&self.from_memory, m, wm).values(),
            &OF_MEMORY,
            batch,
        );

        let [b, c_, height, width] = self.image();
        let mut mixed = None;
        let output = Floats::filled([self.outputs(), b, c_, height, width], |out| {
            let (hidden, rest) = out.split_at_mut(len);
            let memories = if self.extras.increments { 4 } else { 2 };
            let (memories, gate) = rest.split_at_mut(memories * len);
            let (bias, deltas) = (self.forget_bias, self.extras.increments);
            gates::st_lstm_memories(batch, channels, pixels, gates.values(), c, m, bias, deltas, memories);
            let both = self.joined(&memories[..len], &memories[len..2 * len]);
            let to_output = convolved(&self.to_output, both.values(), wo);
            add_blocks(gates.values_mut(), 7, to_output.values(), &[6], batch);
            let passing = convolved(&self.mix, both.values(), wl);
            let gate = self.extras.gate.then_some(gate);
            gates::st_lstm_output(batch, channels, pixels, gates.values(), passing.values(), hidden, gate);
            mixed = Some(passing);
        });
        let mixed = mixed.expect("the output was filled");
        (output, [gates, mixed])
    }

    /// Both memories behind each other on the channel axis.
    fn joined(&self, cell: &[f32], memory: &[f32]) -> Floats {
        let [batch, channels, height, width] = self.image();
        let image = channels * height * width;
        Floats::filled([batch, 2 * channels, height, width], |out| {
            let images = out.chunks_exact_mut((2 * image).max(1));
            let states = cell.chunks_exact(image.max(1)).zip(memory.chunks_exact(image.max(1)));
            for (out, (cell, memory)) in images.zip(states) {
                let (first, second) = out.split_at_mut(image);
                first.copy_from_slice(cell);
                second.copy_from_slice(memory);
            }
        })
    }
}

impl Kernel for StLstm {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let (output, [gates, mixed]) = self.compute(inputs, Tile::Large);
        // The output's memory is shared, not copied.
        (output.clone(), vec![gates, mixed, output])
    }

    /// Forecasts are compared digit by digit, so they round less.
    fn infer(&self, inputs: &[Floats]) -> Floats {
        self.compute(inputs, Tile::Small).0
    }

    fn keeps(&self, _input: usize) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [x, h, c, m, wx, wh, wm, wo, wl] = std::array::from_fn(|index| known.input(index));
        let [gates, mixed, output] = [0, 1, 2].map(|index: usize| known.saved[index].values());
        let [batch, channels, pixels] = self.sizes();
        let (len, image) = (batch * channels * pixels, self.image());
        let states = if self.extras.increments { 4 } else { 2 };
        let g = gradient.values();
        let grad_gate = self.extras.gate.then(|| &g[(1 + states) * len..]);

        let mut d_gates = Floats::filled([batch, 7 * channels, image[2], image[3]], |out| out.fill(0.0));
        let d_mixed = Floats::filled(image, |d_mixed| {
            let d_gates = d_gates.values_mut();
            gates::st_lstm_output_backward(
                batch,
                channels,
                pixels,
                gates,
                mixed,
                &g[..len],
                grad_gate,
                d_gates,
                d_mixed,
            );
        });
        let d_output = taken_blocks(d_gates.values(), 7, &[6], image);
        let both = self.joined(&output[len..2 * len], &output[2 * len..3 * len]);
        let d_wo = known.gradient(7, weight_shape(&self.to_output), |dw| {
            weight_gradient(&self.to_output, both.values(), d_output.values(), dw);
        });
        let d_wl = known.gradient(8, weight_shape(&self.mix), |dw| {
            weight_gradient(&self.mix, both.values(), d_mixed.values(), dw);
        });
        drop(both);
        // What arrives at the memories from outside, and through the output.
        let mut d_memories = Floats::filled([states * len], |out| out.copy_from_slice(&g[len..(1 + states) * len]));
        for (shape, d, w) in [(&self.to_output, &d_output, wo), (&self.mix, &d_mixed, wl)] {
            let d_both = Floats::filled([2 * len], |dx| input_gradient(shape, d.values(), w, dx));
            add_halves(d_memories.values_mut(), d_both.values(), batch);
        }
        drop((d_output, d_mixed));

        let [d_cell, mut d_memory] = Floats::filled_together([len, len], |[d_cell, d_memory]| {
            let (bias, deltas) = (self.forget_bias, self.extras.increments);
            let (grad, d_gates) = (d_memories.values(), d_gates.values_mut());
            gates::st_lstm_memories_backward(
                batch, channels, pixels, gates, c, m, bias, deltas, grad, d_gates, d_cell, d_memory,
            );
        });
        drop(d_memories);

        let of = |index: usize, shape: &Conv2d, d: &[f32], weight: &[f32]| {
            let [height, width] = shape.input;
            let dims = [batch, shape.in_channels, height, width];
            known.gradient(index, dims, |dx| input_gradient(shape, d, weight, dx))
        };
        let weights_of = |index: usize, shape: &Conv2d, input: &[f32], d: &[f32]| {
            known.gradient(index, weight_shape(shape), |dw| weight_gradient(shape, input, d, dw))
        };
        let d_x = of(0, &self.from_input, d_gates.values(), wx);
        let d_wx = weights_of(4, &self.from_input, x, d_gates.values());
        let of_hidden = taken_blocks(d_gates.values(), 7, &OF_HIDDEN, image);
        let d_h = of(1, &self.from_hidden, of_hidden.values(), wh);
        let d_wh = weights_of(5, &self.from_hidden, h, of_hidden.values());
        drop(of_hidden);
        let of_memory = taken_blocks(d_gates.values(), 7, &OF_MEMORY, image);
        if let Some(through_gates) = of(3, &self.from_memory, of_memory.values(), wm) {
            add(d_memory.values_mut(), through_gates.values());
        }
        let d_wm = weights_of(6, &self.from_memory, m, of_memory.values());
        let (d_c, d_m) = (Some(d_cell.reshaped(image)), Some(d_memory.reshaped(image)));
        vec![d_x, d_h, d_c, d_m, d_wx, d_wh, d_wm, d_wo, d_wl]
    }
}

fn add(target: &mut [f32], values: &[f32]) {
    for (target, value) in target.iter_mut().zip(values) {
        *target += value;
    }
}

/// Adds the blocks of `values` to those blocks of `target` (`of` to an image) that `places` names.
fn add_blocks(target: &mut [f32], of: usize, values: &[f32], places: &[usize], batch: usize) {
    let block = target.len() / (batch * of).max(1);
    let images = values.chunks_exact((places.len() * block).max(1));
    for (target, values) in target.chunks_exact_mut((of * block).max(1)).zip(images) {
        for (values, &place) in values.chunks_exact(block).zip(places) {
            add(&mut target[place * block..][..block], values);
        }
    }
}

/// Those blocks of `values` (`of` to an image) that `places` names, behind each other.
fn taken_blocks(values: &[f32], of: usize, places: &[usize], [batch, channels, height, width]: [usize; 4]) -> Floats {
    let block = channels * height * width;
    Floats::filled([batch, places.len() * channels, height, width], |out| {
        let images = out.chunks_exact_mut((places.len() * block).max(1));
        for (out, values) in images.zip(values.chunks_exact((of * block).max(1))) {
            for (out, &place) in out.chunks_exact_mut(block).zip(places) {
                out.copy_from_slice(&values[place * block..][..block]);
            }
        }
    })
}

/// Adds the halves of every image of `values` to the first two arrays of `target`.
fn add_halves(target: &mut [f32], values: &[f32], batch: usize) {
    let len = values.len() / 2;
    let image = len / batch.max(1);
    let (cells, rest) = target.split_at_mut(len);
    let states = cells
        .chunks_exact_mut(image.max(1))
        .zip(rest[..len].chunks_exact_mut(image.max(1)));
    for ((cell, memory), both) in states.zip(values.chunks_exact((2 * image).max(1))) {
        let (first, second) = both.split_at(image);
        add(cell, first);
        add(memory, second);
    }
}
