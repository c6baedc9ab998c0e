//! The update of Adam and AdamW in one pass over memory.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::parallel::{SMALL, Shared, tasks};
use crate::pointwise::stream::{dispatch, sums, update};

/// Elements of one task.
const CHUNK: usize = 1 << 14;

/// One step of Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019) with PyTorch's arithmetic.
///
/// The numbers are combined in double precision and then used in single precision, as PyTorch does; no multiplication
/// and addition are fused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Decay of the gradient's average.
    pub beta1: f64,
    /// Decay of the squared gradient's average.
    pub beta2: f64,
    /// Added to the root of the squared gradient's average.
    pub epsilon: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Whether weight decay shrinks the parameter itself (AdamW) instead of being added to its gradient (Adam).
    pub decoupled: bool,
    /// Factor of the gradient, less than 1 where its norm is clipped.
    pub gradient_scale: f32,
    /// Updates of these parameters so far, this one included.
    pub step: u32,
}

impl Adam {
    /// Updates `parameter`, `mean` (the gradient's average) and `square` (the squared gradient's) in place.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn update(&self, parameter: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32]) {
        let len = gradient.len();
        assert_eq!([parameter.len(), mean.len(), square.len()], [len; 3]);
        let outputs = [parameter, mean, square].map(Shared::new);
        tasks(len.div_ceil(CHUNK), 4 * len, |task| {
            let range = task * CHUNK..len.min((task + 1) * CHUNK);
            dispatch(Update {
                adam: self,
                gradient: &gradient[range.clone()],
                // SAFETY: every task has its own elements.
                outputs: outputs.map(|shared| unsafe { shared.slice(range.clone()) }),
            });
        });
    }
}

struct Update<'a> {
    adam: &'a Adam,
    gradient: &'a [f32],
    outputs: [&'a mut [f32]; 3],
}

impl WithSimd for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let adam = self.adam;
        let number = |x: f64| simd.splat_f32s(x as f32);
        let corrections = [adam.beta1, adam.beta2].map(|beta| 1.0 - beta.powf(f64::from(adam.step)));
        let (kept1, kept2) = (number(1.0 - adam.beta1), number(1.0 - adam.beta2));
        let beta2 = number(adam.beta2);
        let root_correction = number(corrections[1].sqrt());
        let epsilon = number(adam.epsilon);
        let size = number(adam.learning_rate / corrections[0]);
        let gradient_scale = simd.splat_f32s(adam.gradient_scale);
        // Without weight decay these leave everything as it is, up to the sign of zero.
        let (coupled, decoupled) = if adam.decoupled {
            (0.0, adam.weight_decay)
        } else {
            (adam.weight_decay, 0.0)
        };
        let (decay, shrink) = (number(coupled), number(1.0 - adam.learning_rate * decoupled));
        let couple = coupled != 0.0;
        update(
            simd,
            [self.gradient],
            self.outputs,
            #[inline(always)]
            |[gradient, parameter, mean, square]| {
                let parameter = simd.mul_f32s(parameter, shrink);
                let mut gradient = simd.mul_f32s(gradient, gradient_scale);
                if couple {
                    gradient = simd.add_f32s(gradient, simd.mul_f32s(parameter, decay));
                }
                let mean = simd.add_f32s(mean, simd.mul_f32s(simd.sub_f32s(gradient, mean), kept1));
                let squared = simd.mul_f32s(simd.mul_f32s(gradient, gradient), kept2);
                let square = simd.add_f32s(simd.mul_f32s(square, beta2), squared);
                let root = simd.div_f32s(simd.sqrt_f32s(square), root_correction);
                let denominator = simd.add_f32s(root, epsilon);
                let step = simd.mul_f32s(simd.div_f32s(mean, denominator), size);
                [simd.sub_f32s(parameter, step), mean, square]
            },
        );
    }
}

/// The sum of the squares, for the norm of a gradient; the same for any number of threads.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    if x.len() < SMALL {
        return dispatch(Squares(x));
    }
    let parts: Vec<f64> = x.par_chunks(CHUNK).map(|part| dispatch(Squares(part))).collect();
    parts.iter().sum()
}

struct Squares<'a>(&'a [f32]);

impl WithSimd for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let [sum] = sums(
            simd,
            [self.0],
            #[inline(always)]
            |[x]| [simd.mul_f32s(x, x)],
        );
        sum
    }
}

#[cfg(test)]
mod tests;
