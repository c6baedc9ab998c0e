use proptest::prelude::*;
use pulp::{Simd, WithSimd};

use crate::testing::{assert_close, random};

use super::functions::{exp, normal_cdf, sigmoid, tanh};
use super::stream::{dispatch, forced, map, sums};
use super::{Activation, add, backward, forward, multiply, scaled_add, scaled_add_backward};

#[derive(Clone, Copy, Debug)]
enum Which {
    Exp,
    Sigmoid,
    Tanh,
    Cdf,
}

struct Apply<'a>(Which, &'a [f32], &'a mut [f32]);

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Apply(which, x, out) = self;
        map(simd, [x], [out], |[x]| {
            [match which {
                Which::Exp => exp(simd, x),
                Which::Sigmoid => sigmoid(simd, x),
                Which::Tanh => tanh(simd, x),
                Which::Cdf => normal_cdf(simd, x).0,
            }]
        });
    }
}

fn apply(which: Which, x: &[f32]) -> Vec<f32> {
    let mut out = vec![f32::NAN; x.len()];
    dispatch(Apply(which, x, &mut out));
    out
}

/// Every float of a few exponents up to `limit`, thinned out, of both signs.
fn sweep(limit: f32) -> Vec<f32> {
    let magnitudes = (0..limit.to_bits()).step_by(9973).map(f32::from_bits);
    magnitudes.flat_map(|x| [x, -x]).collect()
}

/// The largest error in units of the last place of the exact result.
fn worst(which: Which, x: &[f32], exact: impl Fn(f64) -> f64) -> f64 {
    let errors = apply(which, x).into_iter().zip(x).map(|(found, &x)| {
        let exact = exact(f64::from(x));
        let nearest = (exact as f32).abs().max(f32::MIN_POSITIVE);
        let ulp = f64::from(nearest.next_up()) - f64::from(nearest);
        (f64::from(found) - exact).abs() / ulp
    });
    errors.fold(0.0, f64::max)
}

/// The normal distribution's function by its series, and its density.
fn normal(x: f64) -> (f64, f64) {
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x.abs() > 8.0 {
        return (f64::from(u8::from(x > 0.0)), density);
    }
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        term *= x * x / f64::from(2 * k + 1);
        sum += term;
    }
    (0.5 + density * sum, density)
}

#[test]
fn functions_are_right_to_the_last_places() {
    let check = || {
        let moderate = sweep(86.0);
        let errors = [
            worst(Which::Exp, &moderate, f64::exp),
            worst(Which::Sigmoid, &moderate, |x| 1.0 / (1.0 + (-x).exp())),
            worst(Which::Tanh, &moderate, f64::tanh),
        ];
        assert!(errors[0] < 1.5 && errors[1] < 3.0 && errors[2] < 3.0, "{errors:?}");
        let cdf = apply(Which::Cdf, &moderate);
        let exact: Vec<f32> = moderate.iter().map(|&x| normal(f64::from(x)).0 as f32).collect();
        assert_close("cdf", &cdf, &exact, 2e-7);
    };
    check();
    forced::each(check);
}

#[test]
fn functions_are_right_at_the_ends() {
    let x = [
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        0.0,
        -0.0,
        1e30,
        -1e30,
        88.7,
        -87.4,
        200.0,
    ];
    let check = || {
        let exp = apply(Which::Exp, &x);
        assert_eq!(
            (exp[0], exp[1], exp[3], exp[4], exp[9]),
            (f32::INFINITY, 0.0, 1.0, 1.0, f32::INFINITY)
        );
        assert!(exp[7].is_finite() && exp[8].abs() < 2e-38);
        let sigmoid = apply(Which::Sigmoid, &x);
        assert_eq!(
            (sigmoid[0], sigmoid[1], sigmoid[3], sigmoid[5], sigmoid[6]),
            (1.0, 0.0, 0.5, 1.0, 0.0)
        );
        let tanh = apply(Which::Tanh, &x);
        assert_eq!((tanh[0], tanh[1], tanh[5], tanh[6]), (1.0, -1.0, 1.0, -1.0));
        assert_eq!(
            (tanh[3].to_bits(), tanh[4].to_bits()),
            (0.0f32.to_bits(), (-0.0f32).to_bits())
        );
        let cdf = apply(Which::Cdf, &x);
        assert_eq!((cdf[0], cdf[1], cdf[5], cdf[6]), (1.0, 0.0, 1.0, 0.0));
        assert!([exp, sigmoid, tanh, cdf].iter().all(|y| y[2].is_nan()));
    };
    check();
    forced::each(check);
}

const ACTIVATIONS: [Activation; 5] = [
    Activation::Gelu,
    Activation::Silu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::LeakyRelu(0.2),
];

/// The activation's value and derivative.
fn exact(activation: Activation, x: f64) -> (f64, f64) {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::Gelu => {
            let (cdf, density) = normal(x);
            (x * cdf, cdf + x * density)
        }
        Activation::Silu => (x * sigmoid, sigmoid * (1.0 + x * (1.0 - sigmoid))),
        Activation::Sigmoid => (sigmoid, sigmoid * (1.0 - sigmoid)),
        Activation::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
        Activation::LeakyRelu(_) if x > 0.0 => (x, 1.0),
        Activation::LeakyRelu(slope) => (x * f64::from(slope), f64::from(slope)),
    }
}

fn saved<'a>(activation: Activation, x: &'a [f32], y: &'a [f32]) -> &'a [f32] {
    match activation {
        Activation::Sigmoid | Activation::Tanh => y,
        _ => x,
    }
}

fn run(activation: Activation, x: &[f32], grad: &[f32]) -> [Vec<f32>; 2] {
    let [mut y, mut dx] = [(); 2].map(|()| vec![f32::NAN; x.len()]);
    forward(activation, x, &mut y);
    backward(activation, saved(activation, x, &y), grad, &mut dx);
    [y, dx]
}

#[test]
fn activations_and_gradients_follow_their_formulas() {
    let check = || {
        for len in [0, 1, 15, 16, 17, 40, 20_000] {
            let x: Vec<f32> = random(len, 3).iter().map(|x| x * 12.0).collect();
            let grad = random(len, 4);
            for activation in ACTIVATIONS {
                let [y, dx] = run(activation, &x, &grad);
                for i in 0..len {
                    let (value, derivative) = exact(activation, f64::from(x[i]));
                    // As exact as the saved output allows: near 1, its last place is most of `1 - y^2`.
                    let derivative = match (activation, f64::from(y[i])) {
                        (Activation::Sigmoid, y) => y * (1.0 - y),
                        (Activation::Tanh, y) => 1.0 - y * y,
                        _ => derivative,
                    } * f64::from(grad[i]);
                    let close = |found: f32, exact: f64| (f64::from(found) - exact).abs() < 1e-7 + 3e-7 * exact.abs();
                    assert!(
                        close(y[i], value),
                        "{activation:?} of {} is {}, not {value}",
                        x[i],
                        y[i]
                    );
                    assert!(
                        close(dx[i], derivative),
                        "{activation:?}' of {}: {}, {derivative}",
                        x[i],
                        dx[i]
                    );
                }
            }
        }
    };
    check();
    forced::each(check);
}

#[test]
fn derivatives_are_slopes() {
    for activation in ACTIVATIONS {
        for x in [-3.3, -1.0, -0.2, 0.4, 2.0] {
            let slope = (exact(activation, x + 1e-5).0 - exact(activation, x - 1e-5).0) / 2e-5;
            assert!((slope - exact(activation, x).1).abs() < 1e-8, "{activation:?} at {x}");
        }
    }
}

#[test]
fn infinities_and_nan_stay() {
    let x = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    for activation in ACTIVATIONS {
        let [y, dx] = run(activation, &x, &[1.0, 1.0, 1.0]);
        assert!(
            y[2].is_nan() && dx[2].is_nan() | matches!(activation, Activation::LeakyRelu(_)),
            "{activation:?}"
        );
        let [_, dx] = run(activation, &[0.5], &[f32::NAN]);
        assert!(dx[0].is_nan(), "{activation:?}");
    }
    let value = |activation| run(activation, &x, &[1.0; 3])[0].clone();
    assert_eq!(value(Activation::Gelu)[0], f32::INFINITY);
    assert!(value(Activation::Gelu)[1].is_nan(), "-inf times 0");
    assert_eq!(
        value(Activation::LeakyRelu(0.5))[..2],
        [f32::INFINITY, f32::NEG_INFINITY]
    );
}

struct Sum<'a>(&'a [f32]);

impl WithSimd for Sum<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let [sum] = sums(simd, [self.0], |[x]| [simd.add_f32s(x, simd.splat_f32s(1.0))]);
        sum
    }
}

#[test]
fn sums_leave_out_what_is_past_the_end() {
    let check = || {
        for len in [0, 1, 7, 16, 31, 64, 65, 4096, 4100, 10_001] {
            let x = random(len, 5);
            let expected: f64 = x.iter().map(|&x| f64::from(x) + 1.0).sum();
            assert!((dispatch(Sum(&x)) - expected).abs() <= 2e-7 * expected, "{len}");
        }
    };
    check();
    forced::each(check);
}

fn scaled(shape: [usize; 3], x: &[f32], y: &[f32], scale: &[f32], grad: &[f32]) -> [Vec<f32>; 3] {
    let [batch, channels, inner] = shape;
    let [mut out, mut dy] = [(); 2].map(|()| vec![f32::NAN; x.len()]);
    let mut dscale = vec![f32::NAN; channels];
    scaled_add(batch, channels, inner, x, y, scale, &mut out);
    scaled_add_backward(batch, channels, inner, y, scale, grad, &mut dy, &mut dscale);
    [out, dy, dscale]
}

proptest! {
    #[test]
    fn scaled_sums_follow_their_formulas(batch in 0..4usize, channels in 0..5usize, inner in 0..70usize, seed: u64) {
        let len = batch * channels * inner;
        let [x, y, grad] = [0, 1, 2].map(|k| random(len, seed ^ k));
        let scale = random(channels, !seed);
        let [out, dy, dscale] = scaled([batch, channels, inner], &x, &y, &scale, &grad);
        let channel = |i: usize| i / inner % channels;
        let expected: Vec<f32> = (0..len).map(|i| x[i] + scale[channel(i)] * y[i]).collect();
        assert_close("out", &out, &expected, 2e-7);
        let expected: Vec<f32> = (0..len).map(|i| scale[channel(i)] * grad[i]).collect();
        assert_close("dy", &dy, &expected, 1e-7);
        let mut sums = vec![0.0; channels];
        (0..len).for_each(|i| sums[channel(i)] += f64::from(grad[i]) * f64::from(y[i]));
        let expected: Vec<f32> = sums.iter().map(|&sum| sum as f32).collect();
        assert_close("dscale", &dscale, &expected, 1e-6);
        let mut both = [vec![f32::NAN; len], vec![f32::NAN; len]];
        add(&x, &y, &mut both[0]);
        multiply(&x, &y, &mut both[1]);
        prop_assert!((0..len).all(|i| both[0][i] == x[i] + y[i] && both[1][i] == x[i] * y[i]));
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let (shape, len) = ([3, 40, 1000], 120_000);
    let [x, y, grad] = [1, 2, 3].map(|seed| random(len, seed));
    let scale = random(40, 4);
    let results = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let activations = ACTIVATIONS.map(|activation| run(activation, &x, &grad));
            (activations, scaled(shape, &x, &y, &scale, &grad))
        })
    });
    assert_eq!(results[0], results[1]);
}
