//! Sums and products of two tensors.

use pulp::{Simd, WithSimd};

use crate::parallel::{Shared, tasks};

use super::activation::whole;
use super::elementwise::ElementwiseKernel;
use super::stream::{dispatch, map, map_sums};

#[derive(Clone, Copy)]
struct Add;

impl ElementwiseKernel<2, 1> for Add {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [x, y]: [S::f32s; 2]) -> [S::f32s; 1] {
        [simd.add_f32s(x, y)]
    }
}

#[derive(Clone, Copy)]
struct Multiply;

impl ElementwiseKernel<2, 1> for Multiply {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [x, y]: [S::f32s; 2]) -> [S::f32s; 1] {
        [simd.mul_f32s(x, y)]
    }
}

/// `out = x + y`.
///
/// # Panics
/// If the lengths differ.
pub fn add(x: &[f32], y: &[f32], out: &mut [f32]) {
    whole(Add, [x, y], out);
}

/// `out = x y`.
///
/// # Panics
/// If the lengths differ.
pub fn multiply(x: &[f32], y: &[f32], out: &mut [f32]) {
    whole(Multiply, [x, y], out);
}

/// `out = x + scale y` with one `scale` a channel (layer scale, Touvron et al. 2021); `x`, `y` and `out` are
/// `[batch, channels, inner]`.
///
/// # Panics
/// If a length does not fit the shape.
pub fn scaled_add(batch: usize, channels: usize, inner: usize, x: &[f32], y: &[f32], scale: &[f32], out: &mut [f32]) {
    let len = batch * channels * inner;
    assert_eq!([x.len(), y.len(), out.len(), scale.len()], [len, len, len, channels]);
    let shared = Shared::new(out);
    tasks(channels, 3 * len, |channel| {
        for sample in 0..batch {
            let start = (sample * channels + channel) * inner;
            dispatch(Row {
                inputs: [&x[start..][..inner], &y[start..][..inner]],
                // SAFETY: every channel of every sample has its own elements.
                out: unsafe { shared.slice(start..start + inner) },
                scale: scale[channel],
            });
        }
    });
}

struct Row<'a> {
    inputs: [&'a [f32]; 2],
    out: &'a mut [f32],
    scale: f32,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let scale = simd.splat_f32s(self.scale);
        map(
            simd,
            self.inputs,
            [self.out],
            #[inline(always)]
            |[x, y]| [simd.mul_add_e_f32s(scale, y, x)],
        );
    }
}

/// The gradients of [`scaled_add`]: `dy` is `[batch, channels, inner]`, `dscale` is `[channels]`; that of `x` is
/// `grad` itself.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn scaled_add_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    y: &[f32],
    scale: &[f32],
    grad: &[f32],
    dy: &mut [f32],
    dscale: &mut [f32],
) {
    let len = batch * channels * inner;
    assert_eq!([y.len(), grad.len(), dy.len()], [len; 3]);
    assert_eq!([scale.len(), dscale.len()], [channels; 2]);
    let [dy, dscale] = [dy, dscale].map(Shared::new);
    tasks(channels, 3 * len, |channel| {
        let sum: f64 = (0..batch)
            .map(|sample| {
                let start = (sample * channels + channel) * inner;
                dispatch(RowBackward {
                    inputs: [&y[start..][..inner], &grad[start..][..inner]],
                    // SAFETY: every channel of every sample has its own elements.
                    dy: unsafe { dy.slice(start..start + inner) },
                    scale: scale[channel],
                })
            })
            .sum();
        // SAFETY: every channel has its own element.
        let dscale = unsafe { dscale.slice(channel..channel + 1) };
        dscale[0] = sum as f32;
    });
}

struct RowBackward<'a> {
    inputs: [&'a [f32]; 2],
    dy: &'a mut [f32],
    scale: f32,
}

impl WithSimd for RowBackward<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let scale = simd.splat_f32s(self.scale);
        let [sum] = map_sums(
            simd,
            self.inputs,
            [self.dy],
            #[inline(always)]
            |[y, grad]| ([simd.mul_f32s(grad, scale)], [simd.mul_f32s(grad, y)]),
        );
        sum
    }
}
