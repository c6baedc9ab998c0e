//! Activation functions and their gradients.

use pulp::Simd;

use crate::parallel::Shared;

use super::elementwise::{ElementwiseKernel, Part, elementwise};
use super::functions::{normal_cdf, sigmoid, sigmoids, tanh};

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x cdf(x)` with the normal distribution's exact `cdf` (Hendrycks & Gimpel 2016), not its `tanh` approximation.
    Gelu,
    /// `x sigmoid(x)`, also called swish (Elfwing et al. 2018).
    Silu,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x` where it is positive, else `x` times the slope.
    LeakyRelu(f32),
}

/// The value of an activation function and its derivative, as `Activation` without the choice at run time.
pub(crate) trait Function: Copy + Send + Sync {
    /// Whether the function returns its argument.
    const IDENTITY: bool = false;

    fn value<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s;

    /// From what [`backward`] calls `saved`.
    fn derivative<S: Simd>(self, simd: S, saved: S::f32s) -> S::f32s;
}

/// The function that returns its argument.
#[derive(Clone, Copy)]
pub(crate) struct Identity;

/// See [`Activation::Silu`].
#[derive(Clone, Copy)]
pub(crate) struct Silu;

/// See [`Activation::LeakyRelu`].
#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu(pub(crate) f32);

/// See [`Activation::Gelu`].
#[derive(Clone, Copy)]
pub(crate) struct Gelu;

#[derive(Clone, Copy)]
struct Sigmoid;

#[derive(Clone, Copy)]
struct Tanh;

impl Function for Identity {
    const IDENTITY: bool = true;

    #[inline(always)]
    fn value<S: Simd>(self, _: S, x: S::f32s) -> S::f32s {
        x
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, _: S::f32s) -> S::f32s {
        simd.splat_f32s(1.0)
    }
}

impl Function for Silu {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        simd.mul_f32s(x, sigmoid(simd, x))
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        let one = simd.splat_f32s(1.0);
        // Far from 0, `1 - sigmoid` would cancel and the product with `x` show it.
        let (sigmoid, rest) = sigmoids(simd, x);
        simd.mul_f32s(sigmoid, simd.mul_add_e_f32s(x, rest, one))
    }
}

impl Function for LeakyRelu {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        let positive = simd.greater_than_f32s(x, simd.splat_f32s(0.0));
        simd.select_f32s(positive, x, simd.mul_f32s(x, simd.splat_f32s(self.0)))
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        let positive = simd.greater_than_f32s(x, simd.splat_f32s(0.0));
        simd.select_f32s(positive, simd.splat_f32s(1.0), simd.splat_f32s(self.0))
    }
}

impl Function for Gelu {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        simd.mul_f32s(x, normal_cdf(simd, x).0)
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        // 1 / sqrt(2 pi), of the normal density.
        const DENSITY: f32 = std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2 * 0.5;
        let (cdf, bell) = normal_cdf(simd, x);
        simd.mul_add_e_f32s(x, simd.mul_f32s(bell, simd.splat_f32s(DENSITY)), cdf)
    }
}

impl Function for Sigmoid {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        sigmoid(simd, x)
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, y: S::f32s) -> S::f32s {
        simd.mul_f32s(y, simd.sub_f32s(simd.splat_f32s(1.0), y))
    }
}

impl Function for Tanh {
    #[inline(always)]
    fn value<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
        tanh(simd, x)
    }

    #[inline(always)]
    fn derivative<S: Simd>(self, simd: S, y: S::f32s) -> S::f32s {
        simd.negate_mul_add_e_f32s(y, y, simd.splat_f32s(1.0))
    }
}

#[derive(Clone, Copy)]
struct Forward<F>(F);

impl<F: Function> ElementwiseKernel<1, 1> for Forward<F> {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [x]: [S::f32s; 1]) -> [S::f32s; 1] {
        [self.0.value(simd, x)]
    }
}

#[derive(Clone, Copy)]
struct Backward<F>(F);

impl<F: Function> ElementwiseKernel<2, 1> for Backward<F> {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, [saved, grad]: [S::f32s; 2]) -> [S::f32s; 1] {
        [simd.mul_f32s(grad, self.0.derivative(simd, saved))]
    }
}

/// `out = activation(x)`.
///
/// # Panics
/// If the lengths differ.
pub fn forward(activation: Activation, x: &[f32], out: &mut [f32]) {
    match activation {
        Activation::Gelu => whole(Forward(Gelu), [x], out),
        Activation::Silu => whole(Forward(Silu), [x], out),
        Activation::Sigmoid => whole(Forward(Sigmoid), [x], out),
        Activation::Tanh => whole(Forward(Tanh), [x], out),
        Activation::LeakyRelu(slope) => whole(Forward(LeakyRelu(slope)), [x], out),
    }
}

/// The gradient of [`forward`]: `dx = grad activation'(x)`. `saved` is the output of [`forward`] for
/// [`Activation::Sigmoid`] and [`Activation::Tanh`], whose derivatives follow from it, and the input for the others.
///
/// # Panics
/// If the lengths differ.
pub fn backward(activation: Activation, saved: &[f32], grad: &[f32], dx: &mut [f32]) {
    match activation {
        Activation::Gelu => whole(Backward(Gelu), [saved, grad], dx),
        Activation::Silu => whole(Backward(Silu), [saved, grad], dx),
        Activation::Sigmoid => whole(Backward(Sigmoid), [saved, grad], dx),
        Activation::Tanh => whole(Backward(Tanh), [saved, grad], dx),
        Activation::LeakyRelu(slope) => whole(Backward(LeakyRelu(slope)), [saved, grad], dx),
    }
}

/// Applies `kernel` to whole slices of one length.
pub(super) fn whole<const I: usize>(kernel: impl ElementwiseKernel<I, 1>, inputs: [&[f32]; I], out: &mut [f32]) {
    let len = out.len();
    assert!(inputs.iter().all(|x| x.len() == len), "slices of different lengths");
    let part = Part { sample: 0, offset: 0 };
    // SAFETY: there is one output of one sample.
    unsafe { elementwise(kernel, [1, len], inputs.map(|x| (x, part)), [(Shared::new(out), part)]) };
}
