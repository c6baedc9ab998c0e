//! The cell of ConvLSTM without peepholes (Shi et al. 2015).

use pulp::Simd;

use crate::parallel::Shared;
use crate::pointwise::functions::{sigmoid, tanh};
use crate::pointwise::{ElementwiseKernel, elementwise};

use super::Shape;
use super::cell::{through_sigmoid, through_tanh};

/// `c' = sigmoid(f + forget_bias) c + sigmoid(i) tanh(g)` and `h' = sigmoid(o) tanh(c')`.
///
/// `gates` is `[batch, 4 channels, inner]`; `order` gives the blocks of channels in which the gates `i`, `f`, `g` and
/// `o` lie. `c` is `[batch, channels, inner]`, and `out` takes `c'` and `h'` as `[2, batch, channels, inner]`.
///
/// # Panics
/// If a length does not fit the shape, or if `order` names a block past the fourth.
#[allow(clippy::too_many_arguments)]
pub fn lstm(
    batch: usize,
    channels: usize,
    inner: usize,
    gates: &[f32],
    order: [usize; 4],
    c: &[f32],
    forget_bias: f32,
    out: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    assert_eq!(
        [gates.len(), c.len(), out.len()],
        [4, 1, 2].map(|blocks| shape.len(blocks))
    );
    assert!(order.iter().all(|&block| block < 4), "gates in {order:?}");
    let [i, f, g, o] = order.map(|block| (gates, shape.part(block, 4)));
    let inputs = [i, f, g, o, (c, shape.stacked(0))];
    let out = Shared::new(out);
    let outputs = [0, 1].map(|index| (out, shape.stacked(index)));
    // SAFETY: the two outputs follow each other.
    unsafe { elementwise(Forward { forget_bias }, shape.extent(), inputs, outputs) };
}

/// The gradients of [`lstm`]: `grad` is `[2, batch, channels, inner]`, that of `c'` and `h'`; `dgates` is like `gates`
/// and `dc` like `c`.
///
/// # Panics
/// If a length does not fit the shape, or if `order` does not name every block once.
#[allow(clippy::too_many_arguments)]
pub fn lstm_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    gates: &[f32],
    order: [usize; 4],
    c: &[f32],
    forget_bias: f32,
    grad: &[f32],
    dgates: &mut [f32],
    dc: &mut [f32],
) {
    let shape = Shape { batch, channels, inner };
    let lengths = [gates.len(), c.len(), grad.len(), dgates.len(), dc.len()];
    assert_eq!(lengths, [4, 1, 2, 4, 1].map(|blocks| shape.len(blocks)));
    assert!((0..4).all(|block| order.contains(&block)), "gates in {order:?}");
    let [i, f, g, o] = order.map(|block| (gates, shape.part(block, 4)));
    let [dc_next, dh_next] = [0, 1].map(|index| (grad, shape.stacked(index)));
    let inputs = [i, f, g, o, (c, shape.stacked(0)), dc_next, dh_next];
    let dgates = Shared::new(dgates);
    let [di, df, dg, do_] = order.map(|block| (dgates, shape.part(block, 4)));
    let outputs = [di, df, dg, do_, (Shared::new(dc), shape.stacked(0))];
    // SAFETY: the four gates are different blocks, as just checked.
    unsafe { elementwise(Backward { forget_bias }, shape.extent(), inputs, outputs) };
}

#[derive(Clone, Copy)]
struct Forward {
    forget_bias: f32,
}

impl ElementwiseKernel<5, 2> for Forward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [i, f, g, o, c]: [S::f32s; 5]) -> [S::f32s; 2] {
        let f = sigmoid(simd, simd.add_f32s(f, simd.splat_f32s(self.forget_bias)));
        let candidate = simd.mul_f32s(sigmoid(simd, i), tanh(simd, g));
        let c = simd.mul_add_e_f32s(f, c, candidate);
        [c, simd.mul_f32s(sigmoid(simd, o), tanh(simd, c))]
    }
}

#[derive(Clone, Copy)]
struct Backward {
    forget_bias: f32,
}

impl ElementwiseKernel<7, 5> for Backward {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [i, f, g, o, c, grad_c, grad_h]: [S::f32s; 7]) -> [S::f32s; 5] {
        let [i, o] = [sigmoid(simd, i), sigmoid(simd, o)];
        let f = sigmoid(simd, simd.add_f32s(f, simd.splat_f32s(self.forget_bias)));
        let g = tanh(simd, g);
        let squashed = tanh(simd, simd.mul_add_e_f32s(f, c, simd.mul_f32s(i, g)));
        let through_h = through_tanh(simd, squashed, simd.mul_f32s(grad_h, o));
        let grad_c = simd.add_f32s(grad_c, through_h);
        [
            through_sigmoid(simd, i, simd.mul_f32s(grad_c, g)),
            through_sigmoid(simd, f, simd.mul_f32s(grad_c, c)),
            through_tanh(simd, g, simd.mul_f32s(grad_c, i)),
            through_sigmoid(simd, o, simd.mul_f32s(grad_h, squashed)),
            simd.mul_f32s(grad_c, f),
        ]
    }
}
