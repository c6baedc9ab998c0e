//! Derivatives of the gates' activations.

use pulp::Simd;

/// `grad y (1 - y)`: the gradient through the sigmoid that gave `y`.
#[inline(always)]
pub(super) fn through_sigmoid<S: Simd>(simd: S, y: S::f32s, grad: S::f32s) -> S::f32s {
    let slope = simd.mul_f32s(y, simd.sub_f32s(simd.splat_f32s(1.0), y));
    simd.mul_f32s(grad, slope)
}

/// `grad (1 - y^2)`: the gradient through the hyperbolic tangent that gave `y`.
#[inline(always)]
pub(super) fn through_tanh<S: Simd>(simd: S, y: S::f32s, grad: S::f32s) -> S::f32s {
    simd.mul_f32s(grad, simd.negate_mul_add_e_f32s(y, y, simd.splat_f32s(1.0)))
}
