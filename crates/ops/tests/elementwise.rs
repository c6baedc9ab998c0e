//! Activations, normalizations, recurrent gates and shuffles by the kernels against Burn's own, over random shapes.

mod compare;

use burn::tensor::Tensor;
use compare::{check, check_differences, image};
use foreframe_ops::{
    GateOrder, Outside, Pixels, StLstmExtras, StLstmState, StLstmWeights, Then, batch_norm, batch_norm_train,
    channel_norm, gelu, group_norm, layer_norm, leaky_relu, log_softmax, lstm_gates, pixel_shuffle, pixel_unshuffle,
    relu, sample, scaled_add, sigmoid, silu, softmax, st_lstm, tanh, warp,
};
use proptest::prelude::*;

fn volume<const D: usize>(shape: [usize; D]) -> usize {
    shape.iter().product()
}

/// Batch, channels, height, width; sometimes large enough for several threads.
fn shape() -> impl Strategy<Value = [usize; 4]> {
    prop_oneof![
        8 => [1usize..4, 1usize..7, 1usize..9, 1usize..20],
        1 => [1usize..3, 4usize..7, 40usize..50, 60usize..70],
    ]
}

const ORDER: GateOrder = GateOrder {
    input: 0,
    forget: 1,
    candidate: 3,
    output: 2,
};

type Function = fn(Tensor<4>) -> Tensor<4>;

const FUNCTIONS: [(&str, Function); 8] = [
    ("gelu", gelu),
    ("silu", silu),
    ("sigmoid", sigmoid),
    ("tanh", tanh),
    ("leaky_relu", |x| leaky_relu(x, 0.2)),
    ("relu", relu),
    ("softmax", |x| softmax(x, 3)),
    ("log_softmax", |x| log_softmax(x, 3)),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn functions_of_numbers_are_burns(s in shape(), strided: bool, seed in 0u64..1000, which in 0..FUNCTIONS.len()) {
        let (name, function) = FUNCTIONS[which];
        check(&format!("{name} {s:?}"), seed, &[volume(s)], |_, v| 6.0 * v, |leaves| {
            function(image(&leaves[0], s, strided)).flatten(0, 3)
        });
    }

    #[test]
    fn batch_normalization_is_burns(s in shape(), strided: bool, seed in 0u64..1000, training: bool) {
        // One value has no variance to divide by.
        let s = [s[0], s[1], s[2] + 1, s[3]];
        let c = s[1];
        check(&format!("{s:?} {training}"), seed, &[volume(s), c, c], |_, v| v + 0.5, |leaves| {
            let (x, w, b) = (image(&leaves[0], s, strided), leaves[1].clone(), leaves[2].clone());
            if training {
                batch_norm_train(x, w, b, 1e-3).output.flatten(0, 3)
            } else {
                let variance = Tensor::ones([c], &leaves[0].device()) * 0.5;
                batch_norm(x, w, b, variance.clone() * 3.0, variance, 1e-5).flatten(0, 3)
            }
        });
    }

    #[test]
    fn other_normalizations_are_the_composed_ones(
        s in shape(), strided: bool, seed in 0u64..1000, which in 0usize..5, groups in 1usize..4,
    ) {
        let s = [s[0], s[1] * groups, s[2] + 1, s[3] + 1];
        let parameters = if which == 3 { s[3] } else { s[1] };
        let lens = [volume(s), parameters, parameters];
        check(&format!("{s:?} {groups} {which}"), seed, &lens, |_, v| v + 0.5, |leaves| {
            let (x, w, b) = (image(&leaves[0], s, strided), leaves[1].clone(), leaves[2].clone());
            match which {
                0 => group_norm(x, groups, w, b, 1e-3, Then::Nothing),
                1 => group_norm(x, groups, w, b, 1e-3, Then::Silu),
                2 => group_norm(x, groups, w, b, 1e-3, Then::LeakyRelu(0.2)),
                3 => layer_norm(x, w, b, 1e-3),
                _ => channel_norm(x, w, b, 1e-3),
            }
            .flatten(0, 3)
        });
    }

    #[test]
    fn gates_are_the_composed_ones(s in shape(), strided: bool, seed in 0u64..1000) {
        let [batch, channels, height, width] = s;
        let blocks = |count: usize| [batch, count * channels, height, width];
        let lens = [4, 1].map(|count| volume(blocks(count)));
        check(&format!("lstm {s:?}"), seed, &lens, |_, v| 3.0 * v, |leaves| {
            let gates = image(&leaves[0], blocks(4), strided);
            Tensor::cat(lstm_gates(gates, image(&leaves[1], s, strided), ORDER, 1.0).to_vec(), 0).flatten(0, 3)
        });
    }

    #[test]
    fn a_recurrent_cell_is_the_composed_one(
        s in [1usize..4, 1usize..7, 1usize..9, 1usize..9],
        seed in 0u64..1000,
        in_channels in 1usize..5,
        kernel in prop_oneof![Just(1usize), Just(3), Just(5)],
        increments: bool,
        gate: bool,
    ) {
        let [batch, channels, height, width] = s;
        let weight = |output: usize, input: usize, kernel: usize| [output * channels, input, kernel, kernel];
        let shapes = [
            [batch, in_channels, height, width],
            s,
            s,
            s,
            weight(7, in_channels, kernel),
            weight(4, channels, kernel),
            weight(3, channels, kernel),
            weight(1, 2 * channels, kernel),
            weight(1, 2 * channels, 1),
        ];
        check(&format!("cell {s:?}"), seed, &shapes.map(volume), |_, v| v, |leaves| {
            let [input, hidden, cell, memory, of_input, of_hidden, of_memory, output, mix] =
                std::array::from_fn(|leaf| image(&leaves[leaf], shapes[leaf], leaf == 1));
            let weights = StLstmWeights { input: of_input, hidden: of_hidden, memory: of_memory, output, mix };
            let extras = StLstmExtras { increments, gate };
            let step = st_lstm(input, StLstmState { hidden, cell, memory }, weights, 1.0, extras);
            let StLstmState { hidden, cell, memory } = step.state;
            let mut all = vec![hidden, cell, memory];
            all.extend(step.increments.into_iter().flatten());
            all.extend(step.gate);
            Tensor::cat(all, 0).flatten(0, 3)
        });
    }

    #[test]
    fn moving_and_adding_pixels_is_burns(s in shape(), strided: bool, seed in 0u64..1000, factor in 1usize..4) {
        let [batch, channels, height, width] = s;
        let coarse = [batch, channels * factor * factor, height, width];
        check(&format!("shuffle {coarse:?}"), seed, &[volume(coarse)], |_, v| v, |leaves| {
            pixel_shuffle(image(&leaves[0], coarse, strided), factor).flatten(0, 3)
        });
        let fine = [batch, channels, height * factor, width * factor];
        check(&format!("unshuffle {fine:?}"), seed, &[volume(fine)], |_, v| v, |leaves| {
            pixel_unshuffle(image(&leaves[0], fine, strided), factor).flatten(0, 3)
        });
        check(&format!("scaled_add {s:?}"), seed, &[volume(s), volume(s), channels], |_, v| v, |leaves| {
            let (x, y) = (image(&leaves[0], s, strided), image(&leaves[1], s, false));
            scaled_add(x, y, leaves[2].clone()).flatten(0, 3)
        });
    }

    #[test]
    fn sampling_is_burns(s in shape(), strided: bool, seed in 0u64..1000, out in [1usize..6, 1usize..9], border: bool, edges: bool) {
        let grid = [s[0], out[0], out[1], 2];
        let outside = if border { Outside::Border } else { Outside::Zeros };
        let span = if edges { Pixels::Edges } else { Pixels::Centers };
        check(&format!("{s:?} {grid:?}"), seed, &[volume(s), volume(grid)], |_, v| 1.3 * v, |leaves| {
            sample(image(&leaves[0], s, strided), image(&leaves[1], grid, false), outside, span).flatten(0, 3)
        });
    }
}

#[test]
fn gradients_are_those_of_differences() {
    let s = [2, 4, 3, 5];
    let (n, c) = (volume(s), s[1]);
    for (name, function) in FUNCTIONS {
        check_differences(name, 1, &[n], |leaves| {
            // Around 1 and -1 in turn: away from the kink of the rectifiers.
            let signs: Vec<f32> = (0..n).map(|index| if index % 2 == 0 { 1.0 } else { -1.0 }).collect();
            let centers = Tensor::<1>::from_floats(signs.as_slice(), &leaves[0].device());
            function(image(&(leaves[0].clone() * 0.9 + centers), s, false)).flatten(0, 3)
        });
    }
    type Normalization = fn(Tensor<4>, Tensor<1>, Tensor<1>) -> Tensor<4>;
    let normalizations: [(&str, Normalization); 3] = [
        ("batch_norm_train", |x, w, b| batch_norm_train(x, w, b, 1e-5).output),
        ("group_norm", |x, w, b| group_norm(x, 2, w, b, 1e-5, Then::Silu)),
        ("channel_norm", |x, w, b| channel_norm(x, w, b, 1e-5)),
    ];
    for (name, normalization) in normalizations {
        check_differences(name, 2, &[n, c, c], |leaves| {
            normalization(image(&leaves[0], s, false), leaves[1].clone(), leaves[2].clone()).flatten(0, 3)
        });
    }
    check_differences("layer_norm", 3, &[n, s[3], s[3]], |leaves| {
        layer_norm(image(&leaves[0], s, false), leaves[1].clone(), leaves[2].clone(), 1e-5).flatten(0, 3)
    });
    check_differences("lstm_gates", 4, &[4 * n, n], |leaves| {
        let gates = image(&leaves[0], [2, 16, 3, 5], false);
        Tensor::cat(lstm_gates(gates, image(&leaves[1], s, false), ORDER, 1.0).to_vec(), 0).flatten(0, 3)
    });
    check_differences("warp", 5, &[n, 2 * 2 * 15], |leaves| {
        // Within a quarter pixel of the center between pixels, where the bilinear function has a derivative.
        let displacement = image(&leaves[1], [2, 2, 3, 5], false) * 0.25 + 0.5;
        warp(image(&leaves[0], s, false), displacement, Outside::Border).flatten(0, 3)
    });
}

#[test]
fn numbers_that_are_not_finite_go_through() {
    let device = burn::tensor::Device::flex();
    let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0];
    let x = || Tensor::<1>::from_floats(values, &device).reshape([1, 1, 1, 4]);
    let expected: [(&str, [f32; 4]); 4] = [
        ("sigmoid", [f32::NAN, 1.0, 0.0, 0.5]),
        ("tanh", [f32::NAN, 1.0, -1.0, 0.0]),
        ("leaky_relu", [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0]),
        ("softmax", [f32::NAN; 4]),
    ];
    for (name, expected) in expected {
        let (_, function) = FUNCTIONS.into_iter().find(|(known, _)| *known == name).unwrap();
        let found = compare::numbers(&function(x()));
        let same = found
            .iter()
            .zip(expected)
            .all(|(a, b)| *a == b || (a.is_nan() && b.is_nan()));
        assert!(same, "{name}: {found:?}");
    }
}

#[test]
fn empty_images_go_through() {
    let device = burn::tensor::Device::flex();
    let x = || Tensor::<4>::zeros([0, 4, 2, 3], &device);
    let one = || Tensor::<1>::ones([4], &device);
    for (name, function) in FUNCTIONS {
        assert_eq!(function(x()).dims(), [0, 4, 2, 3], "{name}");
    }
    assert_eq!(group_norm(x(), 2, one(), one(), 1e-5, Then::Silu).dims(), [0, 4, 2, 3]);
    assert_eq!(channel_norm(x(), one(), one(), 1e-5).dims(), [0, 4, 2, 3]);
    assert_eq!(pixel_shuffle(x(), 2).dims(), [0, 1, 4, 6]);
    assert_eq!(scaled_add(x(), x(), one()).dims(), [0, 4, 2, 3]);
}
