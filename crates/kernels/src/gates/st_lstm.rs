//! The spatio-temporal LSTM cell of PredRNN (Wang et al. 2017, 2022), whose second memory `m` climbs the layers.
//!
//! The convolution of the input gives seven blocks of channels, `i`, `f`, `g`, `i'`, `f'`, `g'` and `o`; that of the
//! hidden state four, `i`, `f`, `g` and `o`; that of `m` three, `i'`, `f'` and `g'`.

use pulp::Simd;

use crate::parallel::{Shared, tasks};
use crate::pointwise::functions::{sigmoid, tanh};
use crate::pointwise::{Kernel, Part, elementwise};

use super::Shape;
use super::cell::{through_sigmoid, through_tanh};

/// A memory's gates lie in the input's blocks from the first number on, and in the other array's from its beginning.
struct Memory<'a> {
    first: usize,
    other: &'a [f32],
    /// Blocks of the other array.
    blocks: usize,
    state: &'a [f32],
}

impl<'a> Memory<'a> {
    /// The two memories: `c` with the hidden state's gates, `m` with its own.
    fn both(h: &'a [f32], m_gates: &'a [f32], c: &'a [f32], m: &'a [f32]) -> [Self; 2] {
        [(0, h, 4, c), (3, m_gates, 3, m)].map(|(first, other, blocks, state)| Self {
            first,
            other,
            blocks,
            state,
        })
    }

    fn inputs(&self, shape: Shape, x: &'a [f32]) -> [(&'a [f32], Part); 7] {
        let [xi, xf, xg] = [0, 1, 2].map(|gate| (x, shape.part(self.first + gate, 7)));
        let [i, f, g] = [0, 1, 2].map(|gate| (self.other, shape.part(gate, self.blocks)));
        [xi, i, xf, f, xg, g, (self.state, shape.stacked(0))]
    }
}

/// `c' = sigmoid(f + forget_bias) c + delta` with `delta = sigmoid(i) tanh(g)`, where every gate is the sum of its
/// block of `x` and of `h`; and `m'` likewise of the primed gates, of `x` and of `m_gates`.
///
/// `x` is `[batch, 7 channels, inner]`, `h` `[batch, 4 channels, inner]`, `m_gates` `[batch, 3 channels, inner]`, `c`
/// and `m` `[batch, channels, inner]`. `out` takes `c'` and `m'` as `[2, batch, channels, inner]`; with `deltas` it is
/// `[4, batch, channels, inner]` and takes the deltas of `c` and `m` too, for the loss that keeps them apart.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn st_lstm_memories(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    h: &[f32],
    m_gates: &[f32],
    c: &[f32],
    m: &[f32],
    forget_bias: f32,
    deltas: bool,
    out: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let lengths = [x.len(), h.len(), m_gates.len(), c.len(), m.len(), out.len()];
    assert_eq!(
        lengths,
        [7, 4, 3, 1, 1, if deltas { 4 } else { 2 }].map(|blocks| shape.len(blocks))
    );
    let out = Shared::new(out);
    let kernel = Forward { forget_bias };
    for (index, memory) in Memory::both(h, m_gates, c, m).iter().enumerate() {
        let inputs = memory.inputs(shape, x);
        let [state, delta] = [index, 2 + index].map(|index| (out, shape.stacked(index)));
        // SAFETY: the outputs follow each other.
        unsafe {
            if deltas {
                elementwise(kernel, shape.extent(), inputs, [state, delta]);
            } else {
                elementwise(kernel, shape.extent(), inputs, [state]);
            }
        }
    }
}

/// The gradients of [`st_lstm_memories`]: `grad` is like `out`, each of the others like what it is the gradient of.
/// Those of the output gate's blocks of `x` and `h`, which the memories do not use, are 0.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn st_lstm_memories_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    h: &[f32],
    m_gates: &[f32],
    c: &[f32],
    m: &[f32],
    forget_bias: f32,
    deltas: bool,
    grad: &[f32],
    dx: &mut [f32],
    dh: &mut [f32],
    dm_gates: &mut [f32],
    dc: &mut [f32],
    dm: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let lengths = [x.len(), h.len(), m_gates.len(), c.len(), m.len(), grad.len()];
    assert_eq!(
        lengths,
        [7, 4, 3, 1, 1, if deltas { 4 } else { 2 }].map(|blocks| shape.len(blocks))
    );
    let lengths = [dx.len(), dh.len(), dm_gates.len(), dc.len(), dm.len()];
    assert_eq!(lengths, [7, 4, 3, 1, 1].map(|blocks| shape.len(blocks)));
    let [dx, dh, dm_gates, dc, dm] = [dx, dh, dm_gates, dc, dm].map(Shared::new);
    tasks(batch, shape.len(2), |sample| {
        for (gradient, part) in [(dx, shape.part(6, 7)), (dh, shape.part(3, 4))] {
            let start = sample * part.sample + part.offset;
            // SAFETY: every sample has its own output gates.
            unsafe { gradient.slice(start..start + shape.block()) }.fill(0.0);
        }
    });
    let gradients = [(dh, dc), (dm_gates, dm)];
    for (index, memory) in Memory::both(h, m_gates, c, m).iter().enumerate() {
        let [i, hi, f, hf, g, hg, state] = memory.inputs(shape, x);
        let [grad_state, grad_delta] = [index, 2 + index].map(|index| (grad, shape.stacked(index)));
        let (other, dstate) = gradients[index];
        let [di, df, dg] = [0, 1, 2].map(|gate| (dx, shape.part(memory.first + gate, 7)));
        let [dhi, dhf, dhg] = [0, 1, 2].map(|gate| (other, shape.part(gate, memory.blocks)));
        let outputs = [di, dhi, df, dhf, dg, dhg, (dstate, shape.stacked(0))];
        // SAFETY: the gates are different blocks.
        unsafe {
            if deltas {
                let inputs = [i, hi, f, hf, g, hg, state, grad_state, grad_delta];
                elementwise(Backward { forget_bias }, shape.extent(), inputs, outputs);
            } else {
                let inputs = [i, hi, f, hf, g, hg, state, grad_state];
                elementwise(Backward { forget_bias }, shape.extent(), inputs, outputs);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Forward {
    forget_bias: f32,
}

impl Kernel<7, 2> for Forward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [i, hi, f, hf, g, hg, state]: [S::f32s; 7]) -> [S::f32s; 2] {
        let i = sigmoid(simd, simd.add_f32s(i, hi));
        let f = sigmoid(
            simd,
            simd.add_f32s(simd.add_f32s(f, hf), simd.splat_f32s(self.forget_bias)),
        );
        let delta = simd.mul_f32s(i, tanh(simd, simd.add_f32s(g, hg)));
        [simd.mul_add_e_f32s(f, state, delta), delta]
    }
}

impl Kernel<7, 1> for Forward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, inputs: [S::f32s; 7]) -> [S::f32s; 1] {
        let [state, _] = self.apply(simd, inputs);
        [state]
    }
}

#[derive(Clone, Copy)]
struct Backward {
    forget_bias: f32,
}

impl Backward {
    /// `grad_delta` is the whole gradient of the delta, that through the state included.
    #[inline(always)]
    fn gradients<S: Simd>(
        self,
        simd: S,
        [i, hi, f, hf, g, hg, state]: [S::f32s; 7],
        grad_state: S::f32s,
        grad_delta: S::f32s,
    ) -> [S::f32s; 7] {
        let i = sigmoid(simd, simd.add_f32s(i, hi));
        let f = sigmoid(
            simd,
            simd.add_f32s(simd.add_f32s(f, hf), simd.splat_f32s(self.forget_bias)),
        );
        let g = tanh(simd, simd.add_f32s(g, hg));
        let di = through_sigmoid(simd, i, simd.mul_f32s(grad_delta, g));
        let df = through_sigmoid(simd, f, simd.mul_f32s(grad_state, state));
        let dg = through_tanh(simd, g, simd.mul_f32s(grad_delta, i));
        [di, di, df, df, dg, dg, simd.mul_f32s(grad_state, f)]
    }
}

impl Kernel<9, 7> for Backward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, inputs: [S::f32s; 9]) -> [S::f32s; 7] {
        let [i, hi, f, hf, g, hg, state, grad, grad_delta] = inputs;
        self.gradients(
            simd,
            [i, hi, f, hf, g, hg, state],
            grad,
            simd.add_f32s(grad, grad_delta),
        )
    }
}

impl Kernel<8, 7> for Backward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, inputs: [S::f32s; 8]) -> [S::f32s; 7] {
        let [i, hi, f, hf, g, hg, state, grad] = inputs;
        self.gradients(simd, [i, hi, f, hf, g, hg, state], grad, grad)
    }
}

/// The new hidden state `sigmoid(o) tanh(conv_last)`, where `o` is the sum of the output gate's blocks of `x` and `h`
/// and of `conv_o`. `x` and `h` are as for [`st_lstm_memories`], the others `[batch, channels, inner]`.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn st_lstm_output(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    h: &[f32],
    conv_o: &[f32],
    conv_last: &[f32],
    out: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let inputs = output_inputs(shape, [x, h, conv_o, conv_last]);
    assert_eq!(out.len(), shape.len(1));
    let outputs = [(Shared::new(out), shape.stacked(0))];
    // SAFETY: there is one output.
    unsafe { elementwise(Output, shape.extent(), inputs, outputs) };
}

/// The gradients of [`st_lstm_output`]: `dsum` is that of the output gate's block of `x`, of that of `h` and of
/// `conv_o` alike. `grad`, `dsum` and `dconv_last` are `[batch, channels, inner]`.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn st_lstm_output_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    h: &[f32],
    conv_o: &[f32],
    conv_last: &[f32],
    grad: &[f32],
    dsum: &mut [f32],
    dconv_last: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let [x, h, conv_o, conv_last] = output_inputs(shape, [x, h, conv_o, conv_last]);
    assert_eq!([grad.len(), dsum.len(), dconv_last.len()], [shape.len(1); 3]);
    let inputs = [x, h, conv_o, conv_last, (grad, shape.stacked(0))];
    let outputs = [dsum, dconv_last].map(|slice| (Shared::new(slice), shape.stacked(0)));
    // SAFETY: every output has one part.
    unsafe { elementwise(OutputBackward, shape.extent(), inputs, outputs) };
}

/// `x`, `h`, `conv_o` and `conv_last` with the parts of them that make the output.
fn output_inputs(shape: Shape, slices: [&[f32]; 4]) -> [(&[f32], Part); 4] {
    assert_eq!(slices.map(<[f32]>::len), [7, 4, 1, 1].map(|blocks| shape.len(blocks)));
    let [x, h, conv_o, conv_last] = slices;
    let whole = shape.stacked(0);
    [
        (x, shape.part(6, 7)),
        (h, shape.part(3, 4)),
        (conv_o, whole),
        (conv_last, whole),
    ]
}

#[derive(Clone, Copy)]
struct Output;

impl Kernel<4, 1> for Output {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [x, h, conv, last]: [S::f32s; 4]) -> [S::f32s; 1] {
        let gate = sigmoid(simd, simd.add_f32s(simd.add_f32s(x, h), conv));
        [simd.mul_f32s(gate, tanh(simd, last))]
    }
}

#[derive(Clone, Copy)]
struct OutputBackward;

impl Kernel<5, 2> for OutputBackward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [x, h, conv, last, grad]: [S::f32s; 5]) -> [S::f32s; 2] {
        let gate = sigmoid(simd, simd.add_f32s(simd.add_f32s(x, h), conv));
        let last = tanh(simd, last);
        [
            through_sigmoid(simd, gate, simd.mul_f32s(grad, last)),
            through_tanh(simd, last, simd.mul_f32s(grad, gate)),
        ]
    }
}
