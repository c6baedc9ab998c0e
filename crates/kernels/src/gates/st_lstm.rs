//! The spatio-temporal LSTM cell of PredRNN (Wang et al. 2017, 2022), whose second memory `m` climbs the layers.
//!
//! Its gates are seven blocks of channels, `i`, `f`, `g`, `i'`, `f'`, `g'` and `o`, each already the sum of what input and
//! states contribute.

use pulp::Simd;

use crate::parallel::Shared;
use crate::pointwise::functions::{sigmoid, tanh};
use crate::pointwise::{ElementwiseKernel, Part, elementwise};

use super::Shape;
use super::cell::{through_sigmoid, through_tanh};

const BLOCKS: usize = 7;
const OUTPUT: usize = 6;

/// A memory's gates, from its first one on, and its old state.
fn inputs<'a>(shape: Shape, gates: &'a [f32], first: usize, state: &'a [f32]) -> [(&'a [f32], Part); 4] {
    let [i, f, g] = [0, 1, 2].map(|gate| (gates, shape.part(first + gate, BLOCKS)));
    [i, f, g, (state, shape.stacked(0))]
}

/// `c' = sigmoid(f + forget_bias) c + delta` with `delta = sigmoid(i) tanh(g)`, and `m'` likewise of the primed gates.
///
/// `gates` is `[batch, 7 channels, inner]`, `c` and `m` `[batch, channels, inner]`. `out` takes `c'` and `m'` as
/// `[2, batch, channels, inner]`; with `deltas` it is `[4, batch, channels, inner]` and takes the deltas of `c` and `m` too,
/// for the loss that keeps them apart.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn st_lstm_memories(
    batch: usize,
    channels: usize,
    inner: usize,
    gates: &[f32],
    c: &[f32],
    m: &[f32],
    forget_bias: f32,
    deltas: bool,
    out: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let lengths = [gates.len(), c.len(), m.len(), out.len()];
    assert_eq!(lengths, [BLOCKS, 1, 1, outputs(deltas)].map(|blocks| shape.len(blocks)));
    let out = Shared::new(out);
    let kernel = Forward { forget_bias };
    for (index, (first, state)) in [(0, c), (3, m)].into_iter().enumerate() {
        let inputs = inputs(shape, gates, first, state);
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

/// Arrays that [`st_lstm_memories`] yields.
const fn outputs(deltas: bool) -> usize {
    if deltas { 4 } else { 2 }
}

/// The gradients of [`st_lstm_memories`]: `grad` is like `out`, each of the others like what it is the gradient of. The
/// output gate's block of `dgates`, which the memories do not use, is left as it is.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn st_lstm_memories_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    gates: &[f32],
    c: &[f32],
    m: &[f32],
    forget_bias: f32,
    deltas: bool,
    grad: &[f32],
    dgates: &mut [f32],
    dc: &mut [f32],
    dm: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let lengths = [gates.len(), c.len(), m.len(), grad.len()];
    assert_eq!(lengths, [BLOCKS, 1, 1, outputs(deltas)].map(|blocks| shape.len(blocks)));
    let lengths = [dgates.len(), dc.len(), dm.len()];
    assert_eq!(lengths, [BLOCKS, 1, 1].map(|blocks| shape.len(blocks)));
    let [dgates, dc, dm] = [dgates, dc, dm].map(Shared::new);
    for (index, (first, state, dstate)) in [(0, c, dc), (3, m, dm)].into_iter().enumerate() {
        let [i, f, g, state] = inputs(shape, gates, first, state);
        let [grad_state, grad_delta] = [index, 2 + index].map(|index| (grad, shape.stacked(index)));
        let [di, df, dg] = [0, 1, 2].map(|gate| (dgates, shape.part(first + gate, BLOCKS)));
        let outputs = [di, df, dg, (dstate, shape.stacked(0))];
        // SAFETY: the gates are different blocks.
        unsafe {
            if deltas {
                let inputs = [i, f, g, state, grad_state, grad_delta];
                elementwise(Backward { forget_bias }, shape.extent(), inputs, outputs);
            } else {
                let inputs = [i, f, g, state, grad_state];
                elementwise(Backward { forget_bias }, shape.extent(), inputs, outputs);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Forward {
    forget_bias: f32,
}

impl ElementwiseKernel<4, 2> for Forward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [i, f, g, state]: [S::f32s; 4]) -> [S::f32s; 2] {
        let f = sigmoid(simd, simd.add_f32s(f, simd.splat_f32s(self.forget_bias)));
        let delta = simd.mul_f32s(sigmoid(simd, i), tanh(simd, g));
        [simd.mul_add_e_f32s(f, state, delta), delta]
    }
}

impl ElementwiseKernel<4, 1> for Forward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, inputs: [S::f32s; 4]) -> [S::f32s; 1] {
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
        [i, f, g, state]: [S::f32s; 4],
        grad_state: S::f32s,
        grad_delta: S::f32s,
    ) -> [S::f32s; 4] {
        let i = sigmoid(simd, i);
        let f = sigmoid(simd, simd.add_f32s(f, simd.splat_f32s(self.forget_bias)));
        let g = tanh(simd, g);
        [
            through_sigmoid(simd, i, simd.mul_f32s(grad_delta, g)),
            through_sigmoid(simd, f, simd.mul_f32s(grad_state, state)),
            through_tanh(simd, g, simd.mul_f32s(grad_delta, i)),
            simd.mul_f32s(grad_state, f),
        ]
    }
}

impl ElementwiseKernel<6, 4> for Backward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [i, f, g, state, grad, grad_delta]: [S::f32s; 6]) -> [S::f32s; 4] {
        self.gradients(simd, [i, f, g, state], grad, simd.add_f32s(grad, grad_delta))
    }
}

impl ElementwiseKernel<5, 4> for Backward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [i, f, g, state, grad]: [S::f32s; 5]) -> [S::f32s; 4] {
        self.gradients(simd, [i, f, g, state], grad, grad)
    }
}

/// The new hidden state `sigmoid(o) tanh(mixed)`, and `sigmoid(o)` where there is room for it. `gates` are as for
/// [`st_lstm_memories`], the others `[batch, channels, inner]`.
///
/// # Panics
/// If a length does not fit the shape.
pub fn st_lstm_output(
    batch: usize,
    channels: usize,
    inner: usize,
    gates: &[f32],
    mixed: &[f32],
    hidden: &mut [f32],
    gate: Option<&mut [f32]>,
) {
    let shape = Shape { batch, channels, inner };
    assert_eq!([gates.len(), mixed.len()], [BLOCKS, 1].map(|blocks| shape.len(blocks)));
    assert_eq!(hidden.len(), shape.len(1));
    let whole = shape.stacked(0);
    let inputs = [(gates, shape.part(OUTPUT, BLOCKS)), (mixed, whole)];
    let hidden = (Shared::new(hidden), whole);
    // SAFETY: the outputs are different arrays.
    unsafe {
        match gate {
            None => elementwise(Output, shape.extent(), inputs, [hidden]),
            Some(gate) => {
                assert_eq!(gate.len(), shape.len(1));
                elementwise(Output, shape.extent(), inputs, [hidden, (Shared::new(gate), whole)]);
            }
        }
    }
}

/// The gradients of [`st_lstm_output`]: of the output gate's block of `dgates`, the only one that is written, and
/// `dmixed`. `grad_gate` is the gradient of the gate where it was asked for.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn st_lstm_output_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    gates: &[f32],
    mixed: &[f32],
    grad_hidden: &[f32],
    grad_gate: Option<&[f32]>,
    dgates: &mut [f32],
    dmixed: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let lengths = [gates.len(), mixed.len(), grad_hidden.len(), dgates.len(), dmixed.len()];
    assert_eq!(lengths, [BLOCKS, 1, 1, BLOCKS, 1].map(|blocks| shape.len(blocks)));
    let whole = shape.stacked(0);
    let gate = shape.part(OUTPUT, BLOCKS);
    let [o, mixed, hidden] = [(gates, gate), (mixed, whole), (grad_hidden, whole)];
    let outputs = [(Shared::new(dgates), gate), (Shared::new(dmixed), whole)];
    // SAFETY: the outputs are different arrays.
    unsafe {
        match grad_gate {
            None => elementwise(OutputBackward, shape.extent(), [o, mixed, hidden], outputs),
            Some(grad) => {
                assert_eq!(grad.len(), shape.len(1));
                elementwise(
                    OutputBackward,
                    shape.extent(),
                    [o, mixed, hidden, (grad, whole)],
                    outputs,
                );
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Output;

impl ElementwiseKernel<2, 2> for Output {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [o, mixed]: [S::f32s; 2]) -> [S::f32s; 2] {
        let gate = sigmoid(simd, o);
        [simd.mul_f32s(gate, tanh(simd, mixed)), gate]
    }
}

impl ElementwiseKernel<2, 1> for Output {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, inputs: [S::f32s; 2]) -> [S::f32s; 1] {
        let [hidden, _] = self.apply(simd, inputs);
        [hidden]
    }
}

#[derive(Clone, Copy)]
struct OutputBackward;

impl ElementwiseKernel<4, 2> for OutputBackward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [o, mixed, grad, grad_gate]: [S::f32s; 4]) -> [S::f32s; 2] {
        let gate = sigmoid(simd, o);
        let mixed = tanh(simd, mixed);
        [
            through_sigmoid(simd, gate, simd.mul_add_e_f32s(grad, mixed, grad_gate)),
            through_tanh(simd, mixed, simd.mul_f32s(grad, gate)),
        ]
    }
}

impl ElementwiseKernel<3, 2> for OutputBackward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [o, mixed, grad]: [S::f32s; 3]) -> [S::f32s; 2] {
        self.apply(simd, [o, mixed, grad, simd.splat_f32s(0.0)])
    }
}
