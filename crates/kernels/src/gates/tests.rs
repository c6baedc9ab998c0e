use proptest::prelude::*;

use crate::pointwise::stream::forced;
use crate::testing::{assert_close, random};

use super::{
    lstm, lstm_backward, st_lstm_memories, st_lstm_memories_backward, st_lstm_output, st_lstm_output_backward,
};

const BIAS: f32 = 1.0;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Arrays of one batch, and how many gates each has.
struct Arrays {
    shape: [usize; 3],
    gates: Vec<usize>,
    values: Vec<Vec<f64>>,
}

impl Arrays {
    fn random(shape: [usize; 3], gates: &[usize], seed: u64) -> Self {
        let len = shape.iter().product::<usize>();
        let values = gates.iter().zip(1..).map(|(count, k)| {
            let values = random(len * count, seed ^ k);
            values.iter().map(|&x| f64::from(3.0 * x)).collect()
        });
        Self {
            shape,
            gates: gates.to_vec(),
            values: values.collect(),
        }
    }

    fn narrow(&self) -> Vec<Vec<f32>> {
        self.values
            .iter()
            .map(|x| x.iter().map(|&x| x as f32).collect())
            .collect()
    }

    /// The element of a gate of an array that belongs to the `i`-th element of arrays of one gate.
    fn at(&self, array: usize, gate: usize, i: usize) -> f64 {
        let block = self.shape[1] * self.shape[2];
        let sample = i / block;
        self.values[array][(sample * self.gates[array] + gate) * block + i % block]
    }

    /// One array of `outputs` per element, stacked.
    fn each<const O: usize>(&self, outputs: impl Fn(usize) -> [f64; O]) -> Vec<f64> {
        let len = self.shape.iter().product();
        (0..O)
            .flat_map(|k| (0..len).map(move |i| (i, k)))
            .map(|(i, k)| outputs(i)[k])
            .collect()
    }

    /// The gradients of the sum of `grad` times `outputs`, by central differences.
    fn slopes(mut self, grad: &[f32], outputs: impl Fn(&Self) -> Vec<f64>) -> Vec<Vec<f32>> {
        let loss = |arrays: &Self| -> f64 {
            outputs(arrays)
                .iter()
                .zip(grad)
                .map(|(y, &grad)| y * f64::from(grad))
                .sum()
        };
        let mut slopes: Vec<Vec<f32>> = self.values.iter().map(|x| vec![0.0; x.len()]).collect();
        for (array, slopes) in slopes.iter_mut().enumerate() {
            for (i, slope) in slopes.iter_mut().enumerate() {
                let [up, down] = [1e-5, -1e-5].map(|step| {
                    self.values[array][i] += step;
                    let loss = loss(&self);
                    self.values[array][i] -= step;
                    loss
                });
                *slope = ((up - down) / 2e-5) as f32;
            }
        }
        slopes
    }
}

fn assert_all_close(what: &str, found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_close(what, found, expected, 1e-6);
    }
}

fn blank(like: &[f32]) -> Vec<f32> {
    vec![f32::NAN; like.len()]
}

/// The output and the gradients of everything that has one.
type Run = (Vec<f32>, Vec<Vec<f32>>);

fn run_lstm([batch, channels, inner]: [usize; 3], order: [usize; 4], arrays: &[Vec<f32>], grad: &[f32]) -> Run {
    let [gates, c] = arrays else { unreachable!() };
    let (mut out, mut dgates, mut dc) = (blank(grad), blank(gates), blank(c));
    lstm(batch, channels, inner, gates, order, c, BIAS, &mut out);
    lstm_backward(
        batch,
        channels,
        inner,
        gates,
        order,
        c,
        BIAS,
        grad,
        &mut dgates,
        &mut dc,
    );
    (out, vec![dgates, dc])
}

fn run_memories([batch, channels, inner]: [usize; 3], deltas: bool, arrays: &[Vec<f32>], grad: &[f32]) -> Run {
    let [gates, c, m] = arrays else { unreachable!() };
    let mut out = blank(grad);
    st_lstm_memories(batch, channels, inner, gates, c, m, BIAS, deltas, &mut out);
    let mut gradients: Vec<Vec<f32>> = arrays.iter().map(|array| blank(array)).collect();
    let [dgates, dc, dm] = gradients.as_mut_slice() else {
        unreachable!()
    };
    dgates.fill(0.0);
    st_lstm_memories_backward(batch, channels, inner, gates, c, m, BIAS, deltas, grad, dgates, dc, dm);
    (out, gradients)
}

fn run_output([batch, channels, inner]: [usize; 3], gate: bool, arrays: &[Vec<f32>], grad: &[f32]) -> Run {
    let [gates, mixed] = arrays else { unreachable!() };
    let len = mixed.len();
    let (mut out, mut dgates, mut dmixed) = (blank(grad), vec![0.0; gates.len()], blank(mixed));
    let (hidden, second) = out.split_at_mut(len);
    st_lstm_output(batch, channels, inner, gates, mixed, hidden, gate.then_some(second));
    let (grad_hidden, grad_gate) = grad.split_at(len);
    let grad_gate = gate.then_some(grad_gate);
    st_lstm_output_backward(
        batch,
        channels,
        inner,
        gates,
        mixed,
        grad_hidden,
        grad_gate,
        &mut dgates,
        &mut dmixed,
    );
    (out, vec![dgates, dmixed])
}

fn lstm_formula(arrays: &Arrays, order: [usize; 4]) -> Vec<f64> {
    arrays.each(|k| {
        let [i, f, g, o] = order.map(|gate| arrays.at(0, gate, k));
        let c = sigmoid(f + f64::from(BIAS)) * arrays.at(1, 0, k) + sigmoid(i) * g.tanh();
        [c, sigmoid(o) * c.tanh()]
    })
}

fn memories_formula(arrays: &Arrays, deltas: bool) -> Vec<f64> {
    let memory = |first: usize, state: usize, k: usize| {
        let [i, f, g] = [0, 1, 2].map(|gate| arrays.at(0, first + gate, k));
        let delta = sigmoid(i) * g.tanh();
        [sigmoid(f + f64::from(BIAS)) * arrays.at(state, 0, k) + delta, delta]
    };
    let mut out = arrays.each(|k| {
        let [[c, dc], [m, dm]] = [memory(0, 1, k), memory(3, 2, k)];
        [c, m, dc, dm]
    });
    if !deltas {
        out.truncate(out.len() / 2);
    }
    out
}

fn output_formula(arrays: &Arrays, gate: bool) -> Vec<f64> {
    let mut out = arrays.each(|k| {
        let gate = sigmoid(arrays.at(0, 6, k));
        [gate * arrays.at(1, 0, k).tanh(), gate]
    });
    if !gate {
        out.truncate(out.len() / 2);
    }
    out
}

/// `flag` asks for the deltas of the memories and for the output gate.
fn check(shape: [usize; 3], order: [usize; 4], flag: bool, seed: u64) {
    let narrow = |x: Vec<f64>| x.iter().map(|&x| x as f32).collect::<Vec<f32>>();

    let arrays = Arrays::random(shape, &[4, 1], seed);
    let expected = narrow(lstm_formula(&arrays, order));
    let grad = random(expected.len(), !seed);
    let (out, gradients) = run_lstm(shape, order, &arrays.narrow(), &grad);
    assert_close("lstm", &out, &expected, 1e-6);
    assert_all_close(
        "lstm",
        &gradients,
        &arrays.slopes(&grad, |arrays| lstm_formula(arrays, order)),
    );

    let arrays = Arrays::random(shape, &[7, 1, 1], seed);
    let expected = narrow(memories_formula(&arrays, flag));
    let grad = random(expected.len(), !seed);
    let (out, gradients) = run_memories(shape, flag, &arrays.narrow(), &grad);
    assert_close("memories", &out, &expected, 1e-6);
    assert_all_close(
        "memories",
        &gradients,
        &arrays.slopes(&grad, |arrays| memories_formula(arrays, flag)),
    );

    let arrays = Arrays::random(shape, &[7, 1], seed);
    let expected = narrow(output_formula(&arrays, flag));
    let grad = random(expected.len(), !seed);
    let (out, gradients) = run_output(shape, flag, &arrays.narrow(), &grad);
    assert_close("output", &out, &expected, 1e-6);
    assert_all_close(
        "output",
        &gradients,
        &arrays.slopes(&grad, |arrays| output_formula(arrays, flag)),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn cells_follow_their_formulas(batch in 0..3usize, channels in 0..3usize, inner in 0..7usize, flag: bool,
                                   order in Just([0, 1, 2, 3]).prop_shuffle(), seed: u64) {
        check([batch, channels, inner], order, flag, seed);
    }
}

#[test]
fn cells_follow_their_formulas_with_plain_instructions() {
    forced::each(|| check([2, 3, 7], [0, 1, 3, 2], true, 5));
}

/// Every cell, on arrays large enough for several chunks and threads.
fn run_all(shape: [usize; 3], spoil: bool) -> [Run; 4] {
    let len = shape.iter().product::<usize>();
    let arrays = |gates: &[usize]| {
        let mut arrays = Arrays::random(shape, gates, 3).narrow();
        if spoil {
            arrays[0].fill(f32::NAN);
        }
        arrays
    };
    let grad = random(4 * len, 4);
    [
        run_lstm(shape, [0, 1, 2, 3], &arrays(&[4, 1]), &grad[..2 * len]),
        run_memories(shape, true, &arrays(&[7, 1, 1]), &grad),
        run_memories(shape, false, &arrays(&[7, 1, 1]), &grad[..2 * len]),
        run_output(shape, true, &arrays(&[7, 1]), &grad[..2 * len]),
    ]
}

#[test]
fn nan_goes_everywhere_it_should() {
    let [lstm, memories, _, output] = run_all([1, 2, 9], true);
    assert!(lstm.0.iter().chain(lstm.1.iter().flatten()).all(|x| x.is_nan()));
    assert!(memories.0.iter().all(|x| x.is_nan()));
    assert!(output.0.iter().chain(&output.1[0][6 * 18..]).all(|x| x.is_nan()));
    // The output gate has no part in the memories, and they have none in the output.
    assert!(
        memories.1[0][6 * 18..]
            .iter()
            .chain(&output.1[0][..6 * 18])
            .all(|&x| x == 0.0)
    );
}

#[test]
fn saturated_gates_are_exact() {
    let gates = [f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::INFINITY];
    let mut out = [0.0; 2];
    lstm(1, 1, 1, &gates, [0, 1, 2, 3], &[5.0], BIAS, &mut out);
    assert_eq!(out, [1.0, 1.0f32.tanh()]);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let results = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run_all([3, 10, 1000], false))
    });
    assert_eq!(results[0], results[1]);
}
