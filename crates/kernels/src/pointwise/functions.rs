//! The exponential and its relatives, vector by vector.
//!
//! Polynomials are minimax fits. Comparisons rather than `min` and `max` bound the arguments, because those lose NaN
//! on some machines.

use pulp::Simd;

/// `log2(e)`.
const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// `ln(2)` in two parts; the first has few enough bits for its products with whole numbers to be exact.
const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];
/// Adding this rounds to a whole number, which is then in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// `(exp(r) - 1 - r) / r^2` for `|r| <= ln(2) / 2`, to 3e-9 of the exponential.
const EXP: [f32; 5] = [0.499_999_94, 0.166_665_2, 0.041_668_4, 0.008_368_851, 0.001_381_432_4];

/// The polynomial with these coefficients, lowest power first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: S::f32s, coefficients: [f32; N]) -> S::f32s {
    let mut sum = simd.splat_f32s(coefficients[N - 1]);
    for coefficient in coefficients.into_iter().rev().skip(1) {
        sum = simd.mul_add_e_f32s(sum, x, simd.splat_f32s(coefficient));
    }
    sum
}

/// `x` but at least `bound`; NaN stays.
#[inline(always)]
fn at_least<S: Simd>(simd: S, x: S::f32s, bound: f32) -> S::f32s {
    let bound = simd.splat_f32s(bound);
    simd.select_f32s(simd.less_than_f32s(x, bound), bound, x)
}

/// `x` but at most `bound`; NaN stays.
#[inline(always)]
fn at_most<S: Simd>(simd: S, x: S::f32s, bound: f32) -> S::f32s {
    let bound = simd.splat_f32s(bound);
    simd.select_f32s(simd.greater_than_f32s(x, bound), bound, x)
}

/// `n` and `exp(r) - 1`, where `x = n ln(2) + r`; `n` comes as the lowest bits of a float plus `bias`.
#[inline(always)]
fn reduce<S: Simd>(simd: S, x: S::f32s, bias: f32) -> (S::f32s, S::f32s) {
    let round = simd.splat_f32s(ROUND + bias);
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(LOG2_E), round);
    let n = simd.sub_f32s(shifted, round);
    let r = simd.negate_mul_add_e_f32s(n, simd.splat_f32s(LN_2[0]), x);
    let r = simd.negate_mul_add_e_f32s(n, simd.splat_f32s(LN_2[1]), r);
    let square = simd.mul_f32s(r, r);
    (shifted, simd.mul_add_e_f32s(square, polynomial(simd, r, EXP), r))
}

/// The power of two whose biased exponent is in the lowest bits of `shifted`.
#[inline(always)]
fn power_of_two<S: Simd>(simd: S, shifted: S::f32s) -> S::f32s {
    let bits = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(bits)
}

/// The exponential, to 1 ulp; results below 1.7e-38 are 0.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = at_most(simd, at_least(simd, x, -87.5), 89.0);
    // Half the power, since 2^128 has no float although some results just above 2^127.5 do.
    let (shifted, rest) = reduce(simd, x, 126.0);
    let half = power_of_two(simd, shifted);
    let half = simd.mul_add_e_f32s(half, rest, half);
    simd.add_f32s(half, half)
}

/// `1 / (1 + exp(-x))`, to 2 ulp.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    simd.div_f32s(one, simd.add_f32s(one, exp(simd, simd.neg_f32s(x))))
}

/// `sigmoid(x)` and `sigmoid(-x)`, both to 2 ulp.
#[inline(always)]
pub(crate) fn sigmoids<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let one = simd.splat_f32s(1.0);
    let small = exp(simd, simd.neg_f32s(simd.abs_f32s(x)));
    let near_one = simd.div_f32s(one, simd.add_f32s(one, small));
    let near_zero = simd.mul_f32s(small, near_one);
    let positive = simd.greater_than_f32s(x, simd.splat_f32s(0.0));
    (
        simd.select_f32s(positive, near_one, near_zero),
        simd.select_f32s(positive, near_zero, near_one),
    )
}

/// The hyperbolic tangent, to 2 ulp.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let sign = simd.splat_f32s(-0.0);
    let magnitude = simd.abs_f32s(x);
    // From 9.02 on the result rounds to 1.
    let bounded = at_most(simd, magnitude, 10.0);
    let (shifted, rest) = reduce(simd, simd.add_f32s(bounded, bounded), 127.0);
    let power = power_of_two(simd, shifted);
    // exp(2x) - 1, without the cancellation of subtracting 1 from the exponential.
    let expm1 = simd.mul_add_e_f32s(power, rest, simd.sub_f32s(power, simd.splat_f32s(1.0)));
    let tanh = simd.div_f32s(expm1, simd.add_f32s(expm1, simd.splat_f32s(2.0)));
    simd.or_f32s(tanh, simd.and_f32s(sign, x))
}

/// `cdf(-t) exp(t^2 / 2) / k` of the normal distribution, where `k = 1 / (1 + MILLS_SLOPE t)`, to 4e-8 for
/// `0 <= t <= 14`.
const MILLS: [f32; 9] = [
    0.139_621_4,
    0.139_861_87,
    0.119_832_88,
    0.105_507_96,
    -0.023_109_74,
    0.159_174_03,
    -0.255_714_15,
    0.143_971_64,
    -0.029_145_919,
];
const MILLS_SLOPE: f32 = 0.35;

/// The distribution function of the standard normal distribution, and `exp(-x^2 / 2)`.
///
/// The tail is computed directly, so that it keeps its relative precision where `1 + erf` would cancel.
#[inline(always)]
pub(crate) fn normal_cdf<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let one = simd.splat_f32s(1.0);
    let zero = simd.splat_f32s(0.0);
    let bell = exp(simd, simd.mul_f32s(simd.mul_f32s(x, x), simd.splat_f32s(-0.5)));
    let slope = simd.splat_f32s(MILLS_SLOPE);
    let k = simd.div_f32s(one, simd.mul_add_e_f32s(simd.abs_f32s(x), slope, one));
    let tail = simd.mul_f32s(simd.mul_f32s(k, polynomial(simd, k, MILLS)), bell);
    let cdf = simd.select_f32s(simd.greater_than_f32s(x, zero), simd.sub_f32s(one, tail), tail);
    (cdf, bell)
}
