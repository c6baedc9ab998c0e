mod naive;

use proptest::prelude::*;

use crate::pointwise::Activation;
use crate::pointwise::stream::forced;
use crate::testing::random;

use super::{
    batch_norm, batch_norm_eval_backward, batch_norm_train_backward, batch_statistics, channel_norm,
    channel_norm_backward, group_norm, group_norm_backward, layer_norm, layer_norm_backward,
};

use naive::{EPSILON, Naive, Results};

struct Case {
    shape: [usize; 3],
    x: Vec<f32>,
    w: Vec<f32>,
    b: Vec<f32>,
    grad: Vec<f32>,
}

impl Case {
    fn new(shape: [usize; 3], seed: u64) -> Self {
        let len = shape.iter().product();
        Self {
            shape,
            x: random(len, seed ^ 1).iter().map(|x| 2.0 * x + 0.3).collect(),
            w: random(shape[1], seed ^ 2),
            b: random(shape[1], seed ^ 3),
            grad: random(len, seed ^ 4),
        }
    }

    fn naive(&self, sets: usize, constant: bool, naive: &Naive) -> Results {
        naive.results(&self.x, [&self.w, &self.b], &self.grad, sets, constant)
    }

    fn batch(&self, constant: bool) -> Results {
        let [batch, channels, inner] = self.shape;
        let Self { x, w, b, grad, .. } = self;
        let mut results = Results::new(x.len(), channels, channels);
        let Results {
            out,
            mean,
            spread,
            dx,
            dw,
            db,
        } = &mut results;
        batch_statistics(batch, channels, inner, x, mean, spread);
        batch_norm(batch, channels, inner, x, mean, spread, w, b, EPSILON, out);
        let backward = if constant {
            batch_norm_eval_backward
        } else {
            batch_norm_train_backward
        };
        backward(batch, channels, inner, x, mean, spread, w, EPSILON, grad, dx, dw, db);
        spread.iter_mut().for_each(|v| *v = 1.0 / (*v + EPSILON).sqrt());
        results
    }

    fn group(&self, groups: usize, activation: Option<Activation>) -> Results {
        let [batch, channels, inner] = self.shape;
        let Self { x, w, b, grad, .. } = self;
        let mut results = Results::new(x.len(), batch * groups, channels);
        let Results {
            out,
            mean,
            spread,
            dx,
            dw,
            db,
        } = &mut results;
        group_norm(
            batch, channels, groups, inner, x, w, b, EPSILON, activation, out, mean, spread,
        );
        group_norm_backward(
            batch, channels, groups, inner, x, mean, spread, w, b, activation, grad, dx, dw, db,
        );
        results
    }

    /// Over the channels, which are the last axis when `inner` is 1.
    fn layer(&self, last: bool) -> Results {
        let [batch, channels, inner] = self.shape;
        let Self { x, w, b, grad, .. } = self;
        let mut results = Results::new(x.len(), batch * inner, channels);
        let Results {
            out,
            mean,
            spread,
            dx,
            dw,
            db,
        } = &mut results;
        if last {
            layer_norm(batch, channels, x, w, b, EPSILON, out, mean, spread);
            layer_norm_backward(batch, channels, x, mean, spread, w, grad, dx, dw, db);
        } else {
            channel_norm(batch, channels, inner, x, w, b, EPSILON, out, mean, spread);
            channel_norm_backward(batch, channels, inner, x, mean, spread, w, grad, dx, dw, db);
        }
        results
    }

    /// All of them against the formulas.
    fn check(&self, groups: usize) {
        let [_, channels, inner] = self.shape;
        let by_channel = Naive::new(self.shape, |[_, channel, _]| channel, None);
        for constant in [false, true] {
            self.batch(constant)
                .assert_close(&self.naive(channels, constant, &by_channel));
        }
        for activation in [None, Some(Activation::Silu), Some(Activation::LeakyRelu(0.2))] {
            let set = |[sample, channel, _]: [usize; 3]| sample * groups + channel / (channels / groups);
            let naive = Naive::new(self.shape, set, activation);
            let expected = self.naive(self.shape[0] * groups, false, &naive);
            self.group(groups, activation).assert_close(&expected);
        }
        let by_pixel = Naive::new(self.shape, |[sample, _, pixel]| sample * inner + pixel, None);
        self.layer(false)
            .assert_close(&self.naive(self.shape[0] * inner, false, &by_pixel));
        if inner == 1 {
            self.layer(true)
                .assert_close(&self.naive(self.shape[0], false, &by_pixel));
        }
    }
}

proptest! {
    #[test]
    fn norms_follow_their_formulas(batch in 1..4usize, groups in 1..4usize, size in 2..5usize, inner in 1..40usize,
                                   seed: u64) {
        Case::new([batch, groups * size, inner], seed).check(groups);
        Case::new([batch + 1, groups * size * 5, 1], seed).check(groups);
    }
}

#[test]
fn long_rows_and_plain_instructions_follow_the_formulas_too() {
    let check = || {
        Case::new([2, 6, 5003], 1).check(2);
        Case::new([300, 30, 1], 2).check(5);
    };
    check();
    forced::each(check);
}

#[test]
fn gradients_are_slopes() {
    let case = Case::new([2, 4, 3], 7);
    let naive = Naive::new(
        case.shape,
        |[sample, channel, _]| sample * 2 + channel / 2,
        Some(Activation::Silu),
    );
    let results = case.naive(4, false, &naive);
    let loss = |x: &[f64]| {
        let out = naive.out(x, &case.w, &case.b, &naive.moments(x, 4));
        out.iter()
            .zip(&case.grad)
            .map(|(out, &grad)| out * f64::from(grad))
            .sum::<f64>()
    };
    let mut x: Vec<f64> = case.x.iter().map(|&x| f64::from(x)).collect();
    for i in 0..x.len() {
        let slope = [1e-5, -1e-5].map(|step| {
            x[i] += step;
            let loss = loss(&x);
            x[i] -= step;
            loss
        });
        let slope = (slope[0] - slope[1]) / 2e-5;
        assert!(
            (slope - f64::from(results.dx[i])).abs() < 1e-6,
            "{slope} {}",
            results.dx[i]
        );
    }
}

#[test]
fn a_mean_far_from_zero_does_not_cancel() {
    let mut case = Case::new([3, 8, 700], 5);
    // Exact in `f32`, so that the moments are those of the small part.
    case.x.iter_mut().for_each(|x| *x = (*x * 64.0).round() / 64.0 + 4096.0);
    let close = |found: &[f32], expected: &[f32]| {
        found
            .iter()
            .zip(expected)
            .for_each(|(found, expected)| assert!((found / expected - 1.0).abs() < 2e-6));
    };
    let by_channel = Naive::new(case.shape, |[_, channel, _]| channel, None);
    close(&case.batch(false).spread, &case.naive(8, false, &by_channel).spread);
    let by_group = Naive::new(case.shape, |[sample, channel, _]| sample * 2 + channel / 4, None);
    close(&case.group(2, None).spread, &case.naive(6, false, &by_group).spread);
    let by_pixel = Naive::new(case.shape, |[sample, _, pixel]| sample * 700 + pixel, None);
    close(&case.layer(false).spread, &case.naive(2100, false, &by_pixel).spread);
}

#[test]
fn empty_arrays_are_normalized() {
    for shape in [[0, 4, 3], [2, 4, 0], [0, 4, 1]] {
        let case = Case::new(shape, 1);
        for results in [
            case.batch(false),
            case.batch(true),
            case.group(2, None),
            case.layer(false),
        ] {
            assert_eq!((results.dw, results.db), (vec![0.0; 4], vec![0.0; 4]));
        }
    }
    Case::new([0, 4, 1], 1).layer(true);
    Case::new([2, 0, 3], 1).layer(false);
    Case::new([2, 0, 3], 1).batch(false);
}

#[test]
fn nan_spreads_over_what_it_is_normalized_with() {
    let mut case = Case::new([2, 4, 20], 1);
    case.x[3] = f32::NAN;
    case.x[100] = f32::INFINITY;
    let results = case.group(2, Some(Activation::Silu));
    assert!(results.out[..40].iter().all(|x| x.is_nan()) && results.dx[..40].iter().all(|x| x.is_nan()));
    assert!(results.out[40..80].iter().all(|x| x.is_finite()));
    assert!(results.out[80..120].iter().all(|x| x.is_nan()));
    let results = case.layer(false);
    let nan = |i: usize| i % 20 == if i < 80 { 3 } else { 0 };
    assert!((0..160).all(|i| results.out[i].is_nan() == nan(i)));
    let results = case.batch(false);
    assert!((0..160).all(|i| results.out[i].is_nan() == (i / 20 % 4 < 2)));
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let results = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let [images, rows] = [Case::new([5, 12, 1000], 1), Case::new([700, 64, 1], 2)];
            [
                images.batch(false),
                images.batch(true),
                images.group(3, Some(Activation::Silu)),
                images.layer(false),
                rows.layer(true),
            ]
        })
    });
    assert_eq!(results[0], results[1]);
}
