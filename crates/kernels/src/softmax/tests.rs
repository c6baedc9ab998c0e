use proptest::prelude::*;

use crate::pointwise::stream::forced;
use crate::testing::{assert_close, random};

use super::{backward, forward, log_softmax, log_softmax_backward};

/// Output and gradient of softmax, then of its logarithm.
fn run(rows: usize, columns: usize, x: &[f32], grad: &[f32]) -> [Vec<f32>; 4] {
    let [mut y, mut dx, mut log, mut dlog] = [(); 4].map(|()| vec![f32::NAN; x.len()]);
    forward(rows, columns, x, &mut y);
    backward(rows, columns, &y, grad, &mut dx);
    log_softmax(rows, columns, x, &mut log);
    log_softmax_backward(rows, columns, &log, grad, &mut dlog);
    [y, dx, log, dlog]
}

/// The outputs of one row by their formulas.
fn exact(x: &[f64]) -> [Vec<f64>; 2] {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = x.iter().map(|x| (x - largest).exp()).sum();
    let log: Vec<f64> = x.iter().map(|x| x - largest - sum.ln()).collect();
    [log.iter().map(|x| x.exp()).collect(), log]
}

/// Expected result of [`run`], by the formulas; gradients by central differences where `steps` says so.
fn expected(columns: usize, x: &[f32], grad: &[f32], steps: bool) -> [Vec<f32>; 4] {
    let mut results = [(); 4].map(|()| Vec::new());
    for (x, grad) in x.chunks(columns).zip(grad.chunks(columns)) {
        let [mut x, grad] = [x, grad].map(|row| row.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
        let dot = |y: &[f64]| y.iter().zip(&grad).map(|(y, grad)| y * grad).sum::<f64>();
        let [y, log] = exact(&x);
        for i in 0..columns {
            results[0].push(y[i] as f32);
            results[2].push(log[i] as f32);
            let gradients = if steps {
                let losses = [1e-5, -1e-5].map(|step| {
                    x[i] += step;
                    let losses = exact(&x).map(|y| dot(&y));
                    x[i] -= step;
                    losses
                });
                [0, 1].map(|k| (losses[0][k] - losses[1][k]) / 2e-5)
            } else {
                [y[i] * (grad[i] - dot(&y)), grad[i] - y[i] * grad.iter().sum::<f64>()]
            };
            results[1].push(gradients[0] as f32);
            results[3].push(gradients[1] as f32);
        }
    }
    results
}

fn assert_all_close(found: &[Vec<f32>; 4], expected: &[Vec<f32>; 4]) {
    for (found, expected) in found.iter().zip(expected) {
        assert_close("softmax", found, expected, 1e-6);
    }
}

proptest! {
    #[test]
    fn rows_follow_their_formulas(rows in 0..5usize, columns in 1..90usize, seed: u64) {
        let x: Vec<f32> = random(rows * columns, seed).iter().map(|x| 5.0 * x).collect();
        let grad = random(rows * columns, !seed);
        let found = run(rows, columns, &x, &grad);
        assert_all_close(&found, &expected(columns, &x, &grad, false));
        assert_all_close(&found, &expected(columns, &x, &grad, true));
    }
}

#[test]
fn long_rows_and_plain_instructions_follow_the_formulas_too() {
    let check = || {
        for (rows, columns) in [(1, 20_001), (3000, 7)] {
            let x: Vec<f32> = random(rows * columns, 3).iter().map(|x| 50.0 * x).collect();
            let grad = random(rows * columns, 4);
            assert_all_close(&run(rows, columns, &x, &grad), &expected(columns, &x, &grad, false));
        }
    };
    check();
    forced::each(check);
    run(3, 0, &[], &[]);
}

#[test]
fn infinities_and_nan_are_treated_as_by_the_formula() {
    let inf = f32::INFINITY;
    for columns in [3, 40] {
        let row = |first: &[f32]| {
            let mut x = vec![1.0; columns];
            x[..first.len()].copy_from_slice(first);
            run(1, columns, &x, &vec![1.0; columns])
        };
        let [y, _, log, _] = row(&[-inf, 0.0]);
        assert_eq!((y[0], log[0]), (0.0, -inf));
        assert!(y[1..].iter().all(|y| y.is_finite()));
        for spoiler in [inf, f32::NAN] {
            let [y, dx, log, dlog] = row(&[spoiler]);
            assert!([y, dx, log, dlog].iter().flatten().all(|x| x.is_nan()));
        }
        let x = vec![-inf; columns];
        assert!(run(1, columns, &x, &x).iter().flatten().all(|x| x.is_nan()));
        let [y, ..] = row(&[1000.0]);
        assert_eq!(y[0], 1.0);
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let (x, grad) = (random(700 * 100, 1), random(700 * 100, 2));
    let results = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(700, 100, &x, &grad))
    });
    assert_eq!(results[0], results[1]);
}
