//! Against plain loops in double precision.

use proptest::prelude::*;
use pulp::Scalar;

use super::*;
use crate::testing::{assert_close, random};

fn naive([m, n, k]: [usize; 3], a: Matrix, b: Matrix, c: &[f32]) -> Vec<f32> {
    let at = |matrix: Matrix, i: usize, j: usize| f64::from(matrix.values[i * matrix.steps[0] + j * matrix.steps[1]]);
    (0..m * n)
        .map(|i| {
            let sum: f64 = (0..k).map(|p| at(a, i / n, p) * at(b, p, i % n)).sum();
            (f64::from(c[i]) + sum) as f32
        })
        .collect()
}

fn check(sizes: [usize; 3], transposed: [bool; 2], accumulate: bool, scalar: bool) {
    let [m, n, k] = sizes;
    let (a, b, mut c) = (random(m * k, 1), random(k * n, 2), random(m * n, 3));
    let a = if transposed[0] {
        Matrix::row_major(&a, m).transposed()
    } else {
        Matrix::row_major(&a, k)
    };
    let b = if transposed[1] {
        Matrix::row_major(&b, k).transposed()
    } else {
        Matrix::row_major(&b, n)
    };
    if !accumulate {
        c.fill(0.0);
    }
    let expected = naive(sizes, a, b, &c);
    if !accumulate {
        c.fill(f32::NAN);
    }
    if scalar {
        Product {
            sizes,
            a,
            b,
            c: &mut c,
            accumulate,
        }
        .with_simd(Scalar::new());
    } else {
        matmul(sizes, a, b, &mut c, accumulate);
    }
    assert_close("product", &c, &expected, 3e-6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn is_the_sum_of_products(m in 0usize..40, n in 0usize..120, k in 0usize..300, ta: bool, tb: bool, accumulate: bool) {
        check([m, n, k], [ta, tb], accumulate, false);
        check([m % 20, n % 20, k % 20], [ta, tb], accumulate, true);
    }
}

#[test]
fn spans_several_tasks_and_depths() {
    check([260, 400, 530], [false, true], false, false);
}

#[test]
fn propagates_what_is_not_a_number() {
    let (mut a, mut b) = (vec![0.0; 9 * 5], vec![1.0; 5 * 50]);
    a[3 * 5 + 2] = f32::NAN;
    b[4 * 50 + 7] = f32::INFINITY;
    let mut c = vec![0.0; 9 * 50];
    matmul(
        [9, 50, 5],
        Matrix::row_major(&a, 5),
        Matrix::row_major(&b, 50),
        &mut c,
        false,
    );
    for (i, c) in c.iter().enumerate() {
        assert_eq!(c.is_nan(), i / 50 == 3 || i % 50 == 7, "element {i}");
    }
}

#[test]
fn is_the_same_on_one_thread_and_on_two() {
    let sizes = [300, 800, 300];
    let (a, b) = (random(300 * 300, 1), random(300 * 800, 2));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut c = vec![0.0; 300 * 800];
        pool.install(|| {
            matmul(
                sizes,
                Matrix::row_major(&a, 300),
                Matrix::row_major(&b, 800),
                &mut c,
                false,
            )
        });
        c
    };
    assert_eq!(run(1), run(2));
}
