use proptest::prelude::*;

use crate::pointwise::stream::forced;
use crate::testing::random;

use super::{Adam, sum_of_squares};

/// One parameter's step, in the order in which `torch.optim` computes it tensor by tensor.
fn expected(adam: &Adam, [mut parameter, gradient, mean, square]: [f32; 4]) -> [f32; 3] {
    let mut gradient = gradient * adam.gradient_scale;
    if adam.decoupled {
        parameter *= (1.0 - adam.learning_rate * adam.weight_decay) as f32;
    } else {
        gradient += parameter * adam.weight_decay as f32;
    }
    let mean = mean + (gradient - mean) * (1.0 - adam.beta1) as f32;
    let square = square * adam.beta2 as f32 + gradient * gradient * (1.0 - adam.beta2) as f32;
    let corrections = [adam.beta1, adam.beta2].map(|beta| 1.0 - beta.powi(adam.step as i32));
    let denominator = square.sqrt() / corrections[1].sqrt() as f32 + adam.epsilon as f32;
    let size = (adam.learning_rate / corrections[0]) as f32;
    [parameter - mean / denominator * size, mean, square]
}

fn run(adam: &Adam, state: [&[f32]; 4]) -> [Vec<f32>; 3] {
    let [mut parameter, mut mean, mut square] = [state[0], state[2], state[3]].map(<[f32]>::to_vec);
    adam.update(&mut parameter, state[1], &mut mean, &mut square);
    [parameter, mean, square]
}

fn state(len: usize, seed: u64) -> [Vec<f32>; 4] {
    let mut state = [0, 1, 2, 3].map(|k| random(len, seed ^ k));
    state[3].iter_mut().for_each(|square| *square = square.abs());
    state
}

fn adam(weight_decay: f64, decoupled: bool, step: u32) -> Adam {
    Adam {
        learning_rate: 0.003,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay,
        decoupled,
        gradient_scale: 0.7,
        step,
    }
}

proptest! {
    #[test]
    fn updates_are_pytorchs_to_the_last_bit(len in 0..100usize, decoupled: bool, decays: bool, step in 1..50u32,
                                            seed: u64) {
        let adam = adam(if decays { 0.01 } else { 0.0 }, decoupled, step);
        let state = state(len, seed);
        let check = || {
            let found = run(&adam, state.each_ref().map(Vec::as_slice));
            for i in 0..len {
                let expected = expected(&adam, state.each_ref().map(|x| x[i]));
                assert_eq!([0, 1, 2].map(|k| found[k][i]), expected, "element {i}");
            }
        };
        check();
        forced::each(check);
    }
}

#[test]
fn steps_go_down_the_gradient() {
    // The bias corrections make the first step the learning rate, whatever the gradient.
    let [parameter, ..] = run(&adam(0.0, false, 1), [&[1.0, 1.0], &[0.5, -4.0], &[0.0; 2], &[0.0; 2]]);
    assert!(
        (parameter[0] - 0.997).abs() < 1e-6 && (parameter[1] - 1.003).abs() < 1e-6,
        "{parameter:?}"
    );
}

#[test]
fn sums_of_squares_are_exact_enough() {
    for len in [0, 1, 17, 5000, 100_003] {
        let x = random(len, 9);
        let expected: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        assert!((sum_of_squares(&x) - expected).abs() <= 2e-7 * expected, "{len}");
    }
    assert!(sum_of_squares(&[1.0, f32::NAN]).is_nan());
    assert_eq!(sum_of_squares(&[f32::NEG_INFINITY]), f64::INFINITY);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let state = state(100_000, 3);
    let results = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let state = state.each_ref().map(Vec::as_slice);
        pool.install(|| (run(&adam(0.01, true, 3), state), sum_of_squares(state[0]).to_bits()))
    });
    assert_eq!(results[0], results[1]);
}
