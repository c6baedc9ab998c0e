//! Rows of one mean and variance: a channel of all samples in batch normalization, the channels of a group in group
//! normalization.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::parallel::Shared;
use crate::pointwise::Function;
use crate::pointwise::stream::{map, map_sums, sums, update};

/// Where the rows lie in an array.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// First element of the first row.
    pub(super) start: usize,
    /// Elements from one row to the next.
    pub(super) stride: usize,
    /// How many there are.
    pub(super) count: usize,
    /// Elements of a row.
    pub(super) inner: usize,
}

impl Rows {
    #[inline(always)]
    pub(super) fn range(self, row: usize) -> Range<usize> {
        let start = self.start + row * self.stride;
        start..start + self.inner
    }
}

/// The parameters of a row when there are either as many as rows or one for all.
#[inline(always)]
fn parameter(parameters: &[f32], row: usize) -> f32 {
    parameters[row % parameters.len()]
}

/// `out = function((x - mean) inverse_std w + b)`.
pub(super) struct Normalize<'a, F> {
    pub(super) rows: Rows,
    pub(super) x: &'a [f32],
    pub(super) mean: f32,
    pub(super) inverse_std: f32,
    pub(super) w: &'a [f32],
    pub(super) b: &'a [f32],
    pub(super) function: F,
    /// Nothing else may write to these rows meanwhile.
    pub(super) out: Shared<'a>,
}

impl<F: Function> WithSimd for Normalize<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mean = simd.splat_f32s(self.mean);
        for row in 0..self.rows.count {
            let range = self.rows.range(row);
            let scale = simd.splat_f32s(parameter(self.w, row) * self.inverse_std);
            let shift = simd.splat_f32s(parameter(self.b, row));
            // SAFETY: the rows are this normalization's own.
            let out = unsafe { self.out.slice(range.clone()) };
            map(
                simd,
                [&self.x[range]],
                [out],
                #[inline(always)]
                |[x]| {
                    let normal = simd.mul_add_e_f32s(simd.sub_f32s(x, mean), scale, shift);
                    [self.function.value(simd, normal)]
                },
            );
        }
    }
}

/// The gradient of [`Normalize`] when mean and variance are those of the rows themselves.
pub(super) struct Gradient<'a, F, R> {
    pub(super) rows: Rows,
    pub(super) x: &'a [f32],
    pub(super) mean: f32,
    pub(super) inverse_std: f32,
    pub(super) w: &'a [f32],
    pub(super) b: &'a [f32],
    pub(super) function: F,
    pub(super) grad: &'a [f32],
    /// Nothing else may write to these rows meanwhile.
    pub(super) dx: Shared<'a>,
    /// Takes the row and its sums of `d` and of `d (x - mean) inverse_std`, where `d` is the gradient of the
    /// function's argument: the gradients of `b` and `w`.
    pub(super) report: R,
}

impl<F: Function, R: FnMut(usize, [f64; 2])> WithSimd for Gradient<'_, F, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mean = simd.splat_f32s(self.mean);
        let inverse_std = f64::from(self.inverse_std);
        let mut totals = [0.0; 2];
        for row in 0..self.rows.count {
            let [plain, scaled] = self.row_sums(simd, row);
            let parameters = [plain, scaled * inverse_std];
            let w = f64::from(parameter(self.w, row));
            for (total, sum) in totals.iter_mut().zip(parameters) {
                *total += w * sum;
            }
            (self.report)(row, parameters);
        }
        let count = (self.rows.count * self.rows.inner) as f64;
        let [offset, slope] = [totals[0] * inverse_std, totals[1] * inverse_std * inverse_std]
            .map(|total| simd.splat_f32s((total / count) as f32));
        for row in 0..self.rows.count {
            let range = self.rows.range(row);
            let scale = simd.splat_f32s(parameter(self.w, row) * self.inverse_std);
            // SAFETY: the rows are this gradient's own.
            let dx = unsafe { self.dx.slice(range.clone()) };
            if F::IDENTITY {
                map(
                    simd,
                    [&self.x[range.clone()], &self.grad[range]],
                    [dx],
                    #[inline(always)]
                    |[x, grad]| [gradient(simd, grad, scale, simd.sub_f32s(x, mean), [slope, offset])],
                );
            } else {
                update(
                    simd,
                    [&self.x[range]],
                    [dx],
                    #[inline(always)]
                    |[x, d]| [gradient(simd, d, scale, simd.sub_f32s(x, mean), [slope, offset])],
                );
            }
        }
    }
}

/// `d scale - (centered slope + offset)`.
#[inline(always)]
fn gradient<S: Simd>(simd: S, d: S::f32s, scale: S::f32s, centered: S::f32s, [slope, offset]: [S::f32s; 2]) -> S::f32s {
    simd.sub_f32s(simd.mul_f32s(d, scale), simd.mul_add_e_f32s(centered, slope, offset))
}

impl<F: Function, R> Gradient<'_, F, R> {
    /// The sums of `d` and of `d (x - mean)`. Unless the function is the identity, `d` is left in `dx`.
    #[inline(always)]
    fn row_sums<S: Simd>(&self, simd: S, row: usize) -> [f64; 2] {
        let range = self.rows.range(row);
        let inputs = [&self.x[range.clone()], &self.grad[range.clone()]];
        let mean = simd.splat_f32s(self.mean);
        if F::IDENTITY {
            return sums(
                simd,
                inputs,
                #[inline(always)]
                |[x, grad]| [grad, simd.mul_f32s(grad, simd.sub_f32s(x, mean))],
            );
        }
        let scale = simd.splat_f32s(parameter(self.w, row) * self.inverse_std);
        let shift = simd.splat_f32s(parameter(self.b, row));
        // SAFETY: the rows are this gradient's own.
        let dx = unsafe { self.dx.slice(range) };
        map_sums(
            simd,
            inputs,
            [dx],
            #[inline(always)]
            |[x, grad]| {
                let centered = simd.sub_f32s(x, mean);
                let normal = simd.mul_add_e_f32s(centered, scale, shift);
                let d = simd.mul_f32s(grad, self.function.derivative(simd, normal));
                ([d], [d, simd.mul_f32s(d, centered)])
            },
        )
    }
}
