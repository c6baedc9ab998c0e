//! The cell by the kernels.

use foreframe_kernels::conv::Conv2d;
use foreframe_kernels::gates;
use foreframe_kernels::winograd::Tile;

use super::StLstmExtras;
use crate::convolution::{convolve, input_gradient, weight_gradient, weight_shape};
use crate::kernel::{DifferentiableKernel, Floats, Known};

/// Inputs: x, h, c, m and the weights of input, hidden state, memory, output gate and mix. Output, stacked: h', c', m', with
/// increments also those, with the gate also that.
#[derive(Debug)]
pub(super) struct StLstm {
    pub(super) from_input: Conv2d,
    pub(super) from_hidden: Conv2d,
    pub(super) from_memory: Conv2d,
    pub(super) to_output: Conv2d,
    pub(super) mix: Conv2d,
    pub(super) forget_bias: f32,
    pub(super) extras: StLstmExtras,
}

/// Where the blocks of the hidden state's and the memory's gates go among the seven.
const OF_HIDDEN: [usize; 4] = [0, 1, 2, 6];
const OF_MEMORY: [usize; 3] = [3, 4, 5];

impl StLstm {
    /// Refuses weights and images that do not fit a cell of this shape.
    pub(super) fn check(&self, [batch, channels, height, width]: [usize; 4]) {
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

impl DifferentiableKernel for StLstm {
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
        // Gradients that reach the memories directly, and through the output.
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
