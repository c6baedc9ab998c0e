//! Layer normalization over the last axis (Ba, Kiros & Hinton 2016).

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::parallel::{Shared, tasks};
use crate::pointwise::stream::{dispatch, map, sums, update};

use super::moments::Moments;

/// Rows of one task, and rows whose contributions to the parameters' gradients are added up in `f32`.
const ROWS: usize = 128;

/// The rows of a task.
fn task_rows(task: usize, rows: usize) -> Range<usize> {
    task * ROWS..rows.min((task + 1) * ROWS)
}

/// `out = (x - mean) inverse_std w + b`, where `mean` and `inverse_std`, both `[rows]`, are those of a row; `x` and
/// `out` are `[rows, columns]`, `w` and `b` `[columns]`.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn layer_norm(
    rows: usize,
    columns: usize,
    x: &[f32],
    w: &[f32],
    b: &[f32],
    epsilon: f32,
    out: &mut [f32],
    mean: &mut [f32],
    inverse_std: &mut [f32],
) {
    assert_eq!([x.len(), out.len()], [rows * columns; 2]);
    assert_eq!([w.len(), b.len()], [columns; 2]);
    assert_eq!([mean.len(), inverse_std.len()], [rows; 2]);
    let [out, mean, inverse_std] = [out, mean, inverse_std].map(Shared::new);
    tasks(rows.div_ceil(ROWS), 2 * x.len(), |task| {
        let rows = task_rows(task, rows);
        let elements = rows.start * columns..rows.end * columns;
        // SAFETY: every task has its own rows.
        let [mean, inverse_std] = [mean, inverse_std].map(|shared| unsafe { shared.slice(rows.clone()) });
        dispatch(Forward {
            x: &x[elements.clone()],
            w,
            b,
            epsilon,
            // SAFETY: as above.
            out: unsafe { out.slice(elements) },
            mean,
            inverse_std,
        });
    });
}

struct Forward<'a> {
    x: &'a [f32],
    w: &'a [f32],
    b: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
    mean: &'a mut [f32],
    inverse_std: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.w.len();
        let statistics = self.mean.iter_mut().zip(self.inverse_std);
        for (row, (mean, inverse_std)) in statistics.enumerate() {
            let elements = row * columns..(row + 1) * columns;
            let x = &self.x[elements.clone()];
            let moments = Moments::with_simd(simd, x);
            *mean = moments.mean();
            *inverse_std = moments.inverse_std(self.epsilon);
            let [center, scale] = [*mean, *inverse_std].map(|x| simd.splat_f32s(x));
            map(
                simd,
                [x, self.w, self.b],
                [&mut self.out[elements]],
                #[inline(always)]
                |[x, w, b]| [simd.mul_add_e_f32s(simd.mul_f32s(simd.sub_f32s(x, center), scale), w, b)],
            );
        }
    }
}

/// The gradients of [`layer_norm`], given the `mean` and `inverse_std` it found.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn layer_norm_backward(
    rows: usize,
    columns: usize,
    x: &[f32],
    mean: &[f32],
    inverse_std: &[f32],
    w: &[f32],
    grad: &[f32],
    dx: &mut [f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    assert_eq!([x.len(), grad.len(), dx.len()], [rows * columns; 3]);
    assert_eq!([w.len(), dw.len(), db.len()], [columns; 3]);
    assert_eq!([mean.len(), inverse_std.len()], [rows; 2]);
    let parts = rows.div_ceil(ROWS);
    let mut shares = [(); 2].map(|()| vec![0.0; parts * columns]);
    {
        let dx = Shared::new(dx);
        let shares = shares.each_mut().map(|share| Shared::new(share));
        tasks(parts, 3 * x.len(), |task| {
            let rows = task_rows(task, rows);
            let elements = rows.start * columns..rows.end * columns;
            let own = task * columns..(task + 1) * columns;
            // SAFETY: every task has its own rows and its own share.
            let [dw, db] = shares.map(|shared| unsafe { shared.slice(own.clone()) });
            dispatch(Backward {
                x: &x[elements.clone()],
                mean: &mean[rows.clone()],
                inverse_std: &inverse_std[rows],
                w,
                grad: &grad[elements.clone()],
                // SAFETY: as above.
                dx: unsafe { dx.slice(elements) },
                dw,
                db,
            });
        });
    }
    for (share, total) in shares.iter().zip([dw, db]) {
        super::sum_rows(share, total);
    }
}

struct Backward<'a> {
    x: &'a [f32],
    mean: &'a [f32],
    inverse_std: &'a [f32],
    w: &'a [f32],
    grad: &'a [f32],
    dx: &'a mut [f32],
    /// Added to.
    dw: &'a mut [f32],
    /// Added to.
    db: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.w.len();
        for (row, (&mean, &inverse_std)) in self.mean.iter().zip(self.inverse_std).enumerate() {
            let elements = row * columns..(row + 1) * columns;
            let [x, grad] = [self.x, self.grad].map(|slice| &slice[elements.clone()]);
            let [center, scale] = [mean, inverse_std].map(|x| simd.splat_f32s(x));
            let totals = sums(
                simd,
                [x, grad, self.w],
                #[inline(always)]
                |[x, grad, w]| {
                    let d = simd.mul_f32s(grad, w);
                    [d, simd.mul_f32s(d, simd.mul_f32s(simd.sub_f32s(x, center), scale))]
                },
            );
            let [offset, slope] =
                totals.map(|total| simd.splat_f32s((total * f64::from(inverse_std) / columns as f64) as f32));
            map(
                simd,
                [x, grad, self.w],
                [&mut self.dx[elements]],
                #[inline(always)]
                |[x, grad, w]| {
                    let normal = simd.mul_f32s(simd.sub_f32s(x, center), scale);
                    let rest = simd.mul_add_e_f32s(normal, slope, offset);
                    [simd.sub_f32s(simd.mul_f32s(simd.mul_f32s(grad, w), scale), rest)]
                },
            );
            update(
                simd,
                [x, grad],
                [&mut *self.dw, &mut *self.db],
                #[inline(always)]
                |[x, grad, dw, db]| {
                    let normal = simd.mul_f32s(simd.sub_f32s(x, center), scale);
                    [simd.mul_add_e_f32s(grad, normal, dw), simd.add_f32s(grad, db)]
                },
            );
        }
    }
}
