//! Softmax over the last axis of `[rows, columns]`, and its logarithm.
//!
//! The largest element is subtracted first, so that nothing overflows. A row of negative infinities alone has no
//! softmax: it comes out as NaN.

use pulp::{Simd, WithSimd};

use crate::parallel::{Shared, tasks};
use crate::pointwise::functions::exp;
use crate::pointwise::stream::{dispatch, map, map_sums, sums, update};

/// Elements of one task, roughly.
const CHUNK: usize = 1 << 13;

/// A row out of `I` rows.
trait RowKernel<const I: usize>: Copy + Send + Sync {
    fn row<S: Simd>(self, simd: S, inputs: [&[f32]; I], out: &mut [f32]);
}

/// Applies `kernel` to every row.
fn each_row<const I: usize>(
    kernel: impl RowKernel<I>,
    rows: usize,
    columns: usize,
    inputs: [&[f32]; I],
    out: &mut [f32],
) {
    let len = rows * columns;
    assert!(
        out.len() == len && inputs.iter().all(|x| x.len() == len),
        "slices do not fit {rows} x {columns}"
    );
    if len == 0 {
        return;
    }
    let chunk = CHUNK.div_ceil(columns) * columns;
    let out = Shared::new(out);
    tasks(len.div_ceil(chunk), len * (I + 1), |task| {
        let range = task * chunk..len.min((task + 1) * chunk);
        dispatch(Chunk {
            kernel,
            columns,
            inputs: inputs.map(|x| &x[range.clone()]),
            // SAFETY: every task has its own rows.
            out: unsafe { out.slice(range) },
        });
    });
}

struct Chunk<'a, K, const I: usize> {
    kernel: K,
    columns: usize,
    inputs: [&'a [f32]; I],
    out: &'a mut [f32],
}

impl<K: RowKernel<I>, const I: usize> WithSimd for Chunk<'_, K, I> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (row, out) in self.out.chunks_exact_mut(self.columns).enumerate() {
            let mut inputs = [[].as_slice(); I];
            for (input, all) in inputs.iter_mut().zip(&self.inputs) {
                *input = &all[row * self.columns..][..self.columns];
            }
            self.kernel.row(simd, inputs, out);
        }
    }
}

#[inline(always)]
fn larger<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
    simd.select_f32s(simd.greater_than_f32s(a, b), a, b)
}

/// The largest element; NaN does not count.
#[inline(always)]
fn maximum<S: Simd>(simd: S, x: &[f32]) -> f32 {
    let (vectors, rest) = S::as_simd_f32s(x);
    let mut lanes = [simd.splat_f32s(f32::NEG_INFINITY); 4];
    let mut fours = vectors.chunks_exact(lanes.len());
    for four in &mut fours {
        for (lane, &vector) in lanes.iter_mut().zip(four) {
            *lane = larger(simd, vector, *lane);
        }
    }
    for &vector in fours.remainder() {
        lanes[0] = larger(simd, vector, lanes[0]);
    }
    let [a, b, c, d] = lanes;
    let largest = simd.reduce_max_f32s(larger(simd, larger(simd, a, b), larger(simd, c, d)));
    rest.iter()
        .fold(largest, |largest, &x| if x > largest { x } else { largest })
}

#[derive(Clone, Copy)]
struct Softmax;

impl RowKernel<1> for Softmax {
    #[inline(always)]
    fn row<S: Simd>(self, simd: S, [x]: [&[f32]; 1], out: &mut [f32]) {
        let largest = simd.splat_f32s(maximum(simd, x));
        let [sum] = map_sums(
            simd,
            [x],
            [&mut *out],
            #[inline(always)]
            |[x]| {
                let exp = exp(simd, simd.sub_f32s(x, largest));
                ([exp], [exp])
            },
        );
        let share = simd.splat_f32s((1.0 / sum) as f32);
        update(
            simd,
            [],
            [out],
            #[inline(always)]
            |[exp]| [simd.mul_f32s(exp, share)],
        );
    }
}

#[derive(Clone, Copy)]
struct LogSoftmax;

impl RowKernel<1> for LogSoftmax {
    #[inline(always)]
    fn row<S: Simd>(self, simd: S, [x]: [&[f32]; 1], out: &mut [f32]) {
        let largest = simd.splat_f32s(maximum(simd, x));
        let [sum] = sums(
            simd,
            [x],
            #[inline(always)]
            |[x]| [exp(simd, simd.sub_f32s(x, largest))],
        );
        let log = simd.splat_f32s(sum.ln() as f32);
        map(
            simd,
            [x],
            [out],
            #[inline(always)]
            |[x]| [simd.sub_f32s(simd.sub_f32s(x, largest), log)],
        );
    }
}

#[derive(Clone, Copy)]
struct SoftmaxBackward;

impl RowKernel<2> for SoftmaxBackward {
    #[inline(always)]
    fn row<S: Simd>(self, simd: S, inputs: [&[f32]; 2], dx: &mut [f32]) {
        let [dot] = sums(
            simd,
            inputs,
            #[inline(always)]
            |[y, grad]| [simd.mul_f32s(y, grad)],
        );
        let dot = simd.splat_f32s(dot as f32);
        map(
            simd,
            inputs,
            [dx],
            #[inline(always)]
            |[y, grad]| [simd.mul_f32s(y, simd.sub_f32s(grad, dot))],
        );
    }
}

#[derive(Clone, Copy)]
struct LogSoftmaxBackward;

impl RowKernel<2> for LogSoftmaxBackward {
    #[inline(always)]
    fn row<S: Simd>(self, simd: S, [y, grad]: [&[f32]; 2], dx: &mut [f32]) {
        let [sum] = sums(
            simd,
            [grad],
            #[inline(always)]
            |[grad]| [grad],
        );
        let sum = simd.splat_f32s(sum as f32);
        map(
            simd,
            [y, grad],
            [dx],
            #[inline(always)]
            |[y, grad]| [simd.negate_mul_add_e_f32s(exp(simd, y), sum, grad)],
        );
    }
}

/// `out = exp(x) / sum(exp(x))` in every row; `x` and `out` are `[rows, columns]`.
///
/// # Panics
/// If a length does not fit the shape.
pub fn forward(rows: usize, columns: usize, x: &[f32], out: &mut [f32]) {
    each_row(Softmax, rows, columns, [x], out);
}

/// The gradient of [`forward`], given its output `y`; all are `[rows, columns]`.
///
/// # Panics
/// If a length does not fit the shape.
pub fn backward(rows: usize, columns: usize, y: &[f32], grad: &[f32], dx: &mut [f32]) {
    each_row(SoftmaxBackward, rows, columns, [y, grad], dx);
}

/// `out = x - log(sum(exp(x)))` in every row; `x` and `out` are `[rows, columns]`.
///
/// # Panics
/// If a length does not fit the shape.
pub fn log_softmax(rows: usize, columns: usize, x: &[f32], out: &mut [f32]) {
    each_row(LogSoftmax, rows, columns, [x], out);
}

/// The gradient of [`log_softmax`], given its output `y`; all are `[rows, columns]`.
///
/// # Panics
/// If a length does not fit the shape.
pub fn log_softmax_backward(rows: usize, columns: usize, y: &[f32], grad: &[f32], dx: &mut [f32]) {
    each_row(LogSoftmaxBackward, rows, columns, [y, grad], dx);
}

#[cfg(test)]
mod tests;
