//! Mean and variance without cancellation, however far the mean is from zero.

use pulp::{Simd, WithSimd};

use crate::pointwise::stream::{dispatch, sums};

/// Elements whose mean is known before their deviations are summed; they stay in the cache between the two passes.
const BLOCK: usize = 4096;

/// Number, mean and summed squared deviations of some elements.
#[derive(Clone, Copy, Default)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    deviation: f64,
}

impl Moments {
    /// The moments of a slice.
    pub(super) fn of(x: &[f32]) -> Self {
        dispatch(Of(x))
    }

    /// The moments of both sets of elements together (Chan, Golub & LeVeque 1979).
    #[inline(always)]
    pub(super) fn merge(self, other: Self) -> Self {
        if self.count == 0.0 {
            return other;
        }
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + distance * share,
            deviation: self.deviation + other.deviation + distance * distance * self.count * share,
        }
    }

    pub(super) fn mean(self) -> f32 {
        self.mean as f32
    }

    pub(super) fn variance(self) -> f32 {
        self.wide_variance() as f32
    }

    /// 0 of no elements, so that their gradients are 0 too.
    fn wide_variance(self) -> f64 {
        self.deviation / self.count.max(1.0)
    }

    /// The inverse of the standard deviation with `epsilon` added to the variance.
    pub(super) fn inverse_std(self, epsilon: f32) -> f32 {
        (1.0 / (self.wide_variance() + f64::from(epsilon)).sqrt()) as f32
    }

    /// See [`Moments::of`].
    #[inline(always)]
    pub(super) fn with_simd<S: Simd>(simd: S, x: &[f32]) -> Self {
        let mut all = Self::default();
        for block in x.chunks(BLOCK) {
            let count = block.len() as f64;
            let [sum] = sums(
                simd,
                [block],
                #[inline(always)]
                |[x]| [x],
            );
            let center = simd.splat_f32s((sum / count) as f32);
            let [rest, deviation] = sums(
                simd,
                [block],
                #[inline(always)]
                |[x]| {
                    let x = simd.sub_f32s(x, center);
                    [x, simd.mul_f32s(x, x)]
                },
            );
            // The center is the mean rounded to `f32`; what it missed is `rest`.
            let missed = rest / count;
            all = all.merge(Self {
                count,
                mean: f64::from((sum / count) as f32) + missed,
                deviation: deviation - rest * missed,
            });
        }
        all
    }
}

struct Of<'a>(&'a [f32]);

impl WithSimd for Of<'_> {
    type Output = Moments;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Moments {
        Moments::with_simd(simd, self.0)
    }
}
