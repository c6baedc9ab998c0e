//! Batch normalization (Ioffe & Szegedy 2015).

use pulp::{Simd, WithSimd};

use crate::parallel::{Shared, tasks};
use crate::pointwise::Identity;
use crate::pointwise::stream::{dispatch, map_sums};

use super::moments::Moments;
use super::rows::{Gradient, Normalize, Rows};

/// The rows of a channel in `[batch, channels, inner]`.
fn rows([batch, channels, inner]: [usize; 3], channel: usize) -> Rows {
    Rows {
        start: channel * inner,
        stride: channels * inner,
        count: batch,
        inner,
    }
}

fn inverse_std(variance: f32, epsilon: f32) -> f32 {
    (1.0 / (f64::from(variance) + f64::from(epsilon)).sqrt()) as f32
}

/// Mean and biased variance of each channel of `x`, which is `[batch, channels, inner]`.
///
/// # Panics
/// If a length does not fit the shape.
pub fn batch_statistics(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    mean: &mut [f32],
    variance: &mut [f32],
) {
    assert_eq!(
        [x.len(), mean.len(), variance.len()],
        [batch * channels * inner, channels, channels]
    );
    let [mean, variance] = [mean, variance].map(Shared::new);
    tasks(channels, x.len(), |channel| {
        let rows = rows([batch, channels, inner], channel);
        let moments = (0..batch).map(|row| Moments::of(&x[rows.range(row)]));
        let moments = moments.fold(Moments::default(), Moments::merge);
        // SAFETY: every channel has its own elements.
        let [mean, variance] = [mean, variance].map(|shared| unsafe { shared.slice(channel..channel + 1) });
        mean[0] = moments.mean();
        variance[0] = moments.variance();
    });
}

/// `out = (x - mean) / sqrt(variance + epsilon) w + b` with one mean, variance, `w` and `b` a channel; `x` and `out`
/// are `[batch, channels, inner]`.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn batch_norm(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    mean: &[f32],
    variance: &[f32],
    w: &[f32],
    b: &[f32],
    epsilon: f32,
    out: &mut [f32],
) {
    assert_eq!([x.len(), out.len()], [batch * channels * inner; 2]);
    assert_eq!([mean.len(), variance.len(), w.len(), b.len()], [channels; 4]);
    let shared = Shared::new(out);
    tasks(channels, 2 * x.len(), |channel| {
        dispatch(Normalize {
            rows: rows([batch, channels, inner], channel),
            x,
            mean: mean[channel],
            inverse_std: inverse_std(variance[channel], epsilon),
            w: &w[channel..=channel],
            b: &b[channel..=channel],
            function: Identity,
            out: shared,
        });
    });
}

/// The gradients of [`batch_norm`] where mean and variance are those that [`batch_statistics`] found in `x`.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn batch_norm_train_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    mean: &[f32],
    variance: &[f32],
    w: &[f32],
    epsilon: f32,
    grad: &[f32],
    dx: &mut [f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    assert_eq!([x.len(), grad.len(), dx.len()], [batch * channels * inner; 3]);
    assert_eq!([mean.len(), variance.len(), w.len(), dw.len(), db.len()], [channels; 5]);
    let [dx, dw, db] = [dx, dw, db].map(Shared::new);
    tasks(channels, 3 * x.len(), |channel| {
        let mut totals = [0.0; 2];
        dispatch(Gradient {
            rows: rows([batch, channels, inner], channel),
            x,
            mean: mean[channel],
            inverse_std: inverse_std(variance[channel], epsilon),
            w: &w[channel..=channel],
            b: &[0.0],
            function: Identity,
            grad,
            dx,
            report: |_, [db, dw]: [f64; 2]| totals = [totals[0] + db, totals[1] + dw],
        });
        // SAFETY: every channel has its own elements.
        let [db, dw] = [db, dw].map(|shared| unsafe { shared.slice(channel..channel + 1) });
        db[0] = totals[0] as f32;
        dw[0] = totals[1] as f32;
    });
}

/// The gradients of [`batch_norm`] where mean and variance are constants, the running statistics.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn batch_norm_eval_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    mean: &[f32],
    variance: &[f32],
    w: &[f32],
    epsilon: f32,
    grad: &[f32],
    dx: &mut [f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    assert_eq!([x.len(), grad.len(), dx.len()], [batch * channels * inner; 3]);
    assert_eq!([mean.len(), variance.len(), w.len(), dw.len(), db.len()], [channels; 5]);
    let [dx, dw, db] = [dx, dw, db].map(Shared::new);
    tasks(channels, 3 * x.len(), |channel| {
        let inverse_std = inverse_std(variance[channel], epsilon);
        let [plain, scaled] = dispatch(ConstantStatistics {
            rows: rows([batch, channels, inner], channel),
            inputs: [x, grad],
            mean: mean[channel],
            scale: w[channel] * inverse_std,
            dx,
        });
        // SAFETY: every channel has its own elements.
        let [db, dw] = [db, dw].map(|shared| unsafe { shared.slice(channel..channel + 1) });
        db[0] = plain as f32;
        dw[0] = (scaled * f64::from(inverse_std)) as f32;
    });
}

struct ConstantStatistics<'a> {
    rows: Rows,
    inputs: [&'a [f32]; 2],
    mean: f32,
    scale: f32,
    dx: Shared<'a>,
}

impl WithSimd for ConstantStatistics<'_> {
    /// The sums of `grad` and of `grad (x - mean)`.
    type Output = [f64; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; 2] {
        let [mean, scale] = [self.mean, self.scale].map(|x| simd.splat_f32s(x));
        let mut totals = [0.0; 2];
        for row in 0..self.rows.count {
            let range = self.rows.range(row);
            // SAFETY: the rows are this gradient's own.
            let dx = unsafe { self.dx.slice(range.clone()) };
            let sums = map_sums(
                simd,
                self.inputs.map(|slice| &slice[range.clone()]),
                [dx],
                #[inline(always)]
                |[x, grad]| {
                    (
                        [simd.mul_f32s(grad, scale)],
                        [grad, simd.mul_f32s(grad, simd.sub_f32s(x, mean))],
                    )
                },
            );
            totals = [totals[0] + sums[0], totals[1] + sums[1]];
        }
        totals
    }
}
