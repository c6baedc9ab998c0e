//! Against plain loops in double precision.

use proptest::prelude::*;
use pulp::{Simd, WithSimd};

use super::*;
use crate::testing::{assert_close, random};

/// Calls `visit` with the places in `x`, `w` and `out` of every product that the convolution sums.
fn products(shape: &Conv2d, mut visit: impl FnMut(usize, usize, usize)) {
    let (channels, rows) = (shape.in_channels / shape.groups, shape.out_channels / shape.groups);
    let ([height, width], [down, across]) = (shape.output(), shape.kernel);
    let inside = |axis: usize, o: usize, tap: usize| {
        (o * shape.stride[axis] + tap * shape.dilation[axis])
            .checked_sub(shape.padding[axis].0)
            .filter(|&i| i < shape.input[axis])
    };
    for n in 0..shape.batch {
        for m in 0..shape.out_channels {
            for c in 0..channels {
                for (oy, ty) in (0..height).flat_map(|o| (0..down).map(move |tap| (o, tap))) {
                    for (ox, tx) in (0..width).flat_map(|o| (0..across).map(move |tap| (o, tap))) {
                        if let (Some(iy), Some(ix)) = (inside(0, oy, ty), inside(1, ox, tx)) {
                            let channel = n * shape.in_channels + m / rows * channels + c;
                            visit(
                                (channel * shape.input[0] + iy) * shape.input[1] + ix,
                                ((m * channels + c) * down + ty) * across + tx,
                                ((n * shape.out_channels + m) * height + oy) * width + ox,
                            );
                        }
                    }
                }
            }
        }
    }
}

fn naive_forward(shape: &Conv2d, x: &[f32], w: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let pixels = shape.output()[0] * shape.output()[1];
    let channel = |i: usize| i / pixels % shape.out_channels;
    let mut out: Vec<f64> = (0..shape.lengths()[2])
        .map(|i| bias.map_or(0.0, |bias| f64::from(bias[channel(i)])))
        .collect();
    products(shape, |i, k, o| out[o] += f64::from(x[i]) * f64::from(w[k]));
    out.iter().map(|&x| x as f32).collect()
}

fn naive_input_gradient(shape: &Conv2d, grad: &[f32], w: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let pixels = shape.input[0] * shape.input[1];
    let channel = |i: usize| i / pixels % shape.in_channels;
    let mut dx: Vec<f64> = (0..shape.lengths()[0])
        .map(|i| bias.map_or(0.0, |bias| f64::from(bias[channel(i)])))
        .collect();
    products(shape, |i, k, o| dx[i] += f64::from(grad[o]) * f64::from(w[k]));
    dx.iter().map(|&x| x as f32).collect()
}

fn naive_weight_gradient(shape: &Conv2d, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let mut dw = vec![0.0; shape.lengths()[1]];
    products(shape, |i, k, o| dw[k] += f64::from(x[i]) * f64::from(grad[o]));
    dw.iter().map(|&x| x as f32).collect()
}

fn naive_bias_gradient(shape: &Conv2d, grad: &[f32]) -> Vec<f32> {
    let pixels = shape.output()[0] * shape.output()[1];
    let mut db = vec![0.0; shape.out_channels];
    grad.iter()
        .enumerate()
        .for_each(|(i, &x)| db[i / pixels % shape.out_channels] += f64::from(x));
    db.iter().map(|&x| x as f32).collect()
}

fn shape(batch: usize, channels: [usize; 2], groups: usize, input: [usize; 2], kernel: usize) -> Conv2d {
    Conv2d {
        batch,
        in_channels: channels[0],
        out_channels: channels[1],
        groups,
        input,
        kernel: [kernel; 2],
        stride: [1, 1],
        padding: [(kernel / 2, kernel / 2); 2],
        dilation: [1, 1],
    }
}

prop_compose! {
    fn axis()(
        input in 0usize..30, kernel in 1usize..5, stride in 1usize..4, before in 0usize..5, after in 0usize..5,
        dilation in 1usize..4,
    ) -> (usize, usize, usize, (usize, usize), usize) {
        (input, kernel, stride, (before, after), dilation)
    }
}

prop_compose! {
    fn shapes()(
        batch in 0usize..4, groups in 1usize..4, channels in 0usize..11, rows in 0usize..19, down in axis(), across in axis(),
    ) -> Conv2d {
        Conv2d {
            batch,
            in_channels: groups * channels,
            out_channels: groups * rows,
            groups,
            input: [down.0, across.0],
            kernel: [down.1, across.1],
            stride: [down.2, across.2],
            padding: [down.3, across.3],
            dilation: [down.4, across.4],
        }
    }
}

fn check(shape: &Conv2d, with_bias: bool) {
    let [inputs, weights, outputs] = shape.lengths();
    let (x, w, grad) = (random(inputs, 1), random(weights, 2), random(outputs, 3));
    let (bias_out, bias_in) = (random(shape.out_channels, 4), random(shape.in_channels, 5));
    let (bias_out, bias_in) = (with_bias.then_some(&bias_out[..]), with_bias.then_some(&bias_in[..]));
    let mut out = vec![f32::NAN; outputs];
    forward(shape, &x, &w, bias_out, &mut out);
    assert_close("output", &out, &naive_forward(shape, &x, &w, bias_out), 3e-6);
    let mut dx = vec![f32::NAN; inputs];
    input_gradient(shape, &grad, &w, bias_in, &mut dx);
    assert_close(
        "gradient of the input",
        &dx,
        &naive_input_gradient(shape, &grad, &w, bias_in),
        3e-6,
    );
    let mut dw = vec![f32::NAN; weights];
    weight_gradient(shape, &x, &grad, &mut dw);
    assert_close(
        "gradient of the weights",
        &dw,
        &naive_weight_gradient(shape, &x, &grad),
        3e-6,
    );
    let mut db = vec![f32::NAN; shape.out_channels];
    bias_gradient(shape, &grad, &mut db);
    assert_close("gradient of the bias", &db, &naive_bias_gradient(shape, &grad), 3e-6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn agrees_with_plain_loops(shape in shapes(), with_bias: bool) {
        check(&shape, with_bias);
    }
}

#[test]
fn agrees_on_shapes_of_many_tiles() {
    check(&shape(3, [10, 16], 1, [50, 50], 3), true);
    check(&shape(2, [60, 72], 1, [16, 16], 5), true);
    check(&shape(9, [300, 72], 1, [5, 5], 1), false);
    check(&shape(2, [300, 24], 1, [20, 20], 1), false);
    check(&shape(1, [32, 64], 4, [24, 24], 3), false);
    check(
        &Conv2d {
            stride: [2, 2],
            ..shape(2, [16, 80], 1, [40, 40], 3)
        },
        true,
    );
}

/// Everything with the instructions of `simd`, whichever the machine would choose.
fn check_on<S: Simd>(simd: S, shape: &Conv2d) {
    let [inputs, weights, outputs] = shape.lengths();
    let (x, w, grad) = (random(inputs, 1), random(weights, 2), random(outputs, 3));
    let (mut out, mut dx, mut dw) = (vec![f32::NAN; outputs], vec![f32::NAN; inputs], vec![f32::NAN; weights]);
    shape
        .forward_work(&x, &w, None, &[shape.output_gather()], &mut out)
        .with_simd(simd);
    assert_close("output", &out, &naive_forward(shape, &x, &w, None), 3e-6);
    shape
        .input_gradient_work(&grad, &w, None, &shape.input_gathers(), &mut dx)
        .with_simd(simd);
    assert_close(
        "gradient of the input",
        &dx,
        &naive_input_gradient(shape, &grad, &w, None),
        3e-6,
    );
    shape.weight_gradient_work(&x, &grad, &mut dw).with_simd(simd);
    assert_close(
        "gradient of the weights",
        &dw,
        &naive_weight_gradient(shape, &x, &grad),
        3e-6,
    );
}

#[test]
fn agrees_on_every_set_of_instructions() {
    for shape in [
        shape(2, [5, 7], 1, [9, 13], 3),
        shape(1, [6, 22], 2, [40, 20], 1),
        Conv2d {
            stride: [2, 3],
            dilation: [2, 1],
            ..shape(2, [4, 30], 2, [21, 17], 3)
        },
    ] {
        check_on(pulp::Scalar::new(), &shape);
        check_on(pulp::Scalar128b, &shape);
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            check_on(simd, &shape);
        }
    }
}

#[test]
fn gradients_are_central_differences() {
    let shape = Conv2d {
        stride: [2, 1],
        padding: [(0, 2), (1, 0)],
        ..shape(2, [4, 6], 2, [7, 6], 3)
    };
    let [inputs, weights, outputs] = shape.lengths();
    let (mut x, mut w, grad) = (random(inputs, 1), random(weights, 2), random(outputs, 3));
    let (mut dx, mut dw) = (vec![0.0; inputs], vec![0.0; weights]);
    input_gradient(&shape, &grad, &w, None, &mut dx);
    weight_gradient(&shape, &x, &grad, &mut dw);
    let loss = |x: &[f32], w: &[f32]| -> f64 {
        naive_forward(&shape, x, w, None)
            .iter()
            .zip(&grad)
            .map(|(out, grad)| f64::from(*out) * f64::from(*grad))
            .sum()
    };
    let mut difference = |values: fn(&mut Vec<f32>, &mut Vec<f32>, usize, f32), i: usize| {
        values(&mut x, &mut w, i, 0.5);
        let above = loss(&x, &w);
        values(&mut x, &mut w, i, -1.0);
        let below = loss(&x, &w);
        values(&mut x, &mut w, i, 0.5);
        (above - below) as f32
    };
    let numeric: Vec<f32> = (0..inputs)
        .map(|i| difference(|x, _, i, step| x[i] += step, i))
        .collect();
    assert_close("gradient of the input", &dx, &numeric, 1e-5);
    let numeric: Vec<f32> = (0..weights)
        .map(|i| difference(|_, w, i, step| w[i] += step, i))
        .collect();
    assert_close("gradient of the weights", &dw, &numeric, 1e-5);
}

#[test]
fn what_is_not_a_number_reaches_all_it_touches_and_nothing_else() {
    let shape = Conv2d {
        stride: [2, 1],
        ..shape(2, [3, 5], 1, [9, 20], 3)
    };
    let [inputs, weights, outputs] = shape.lengths();
    let (mut x, w, mut grad) = (random(inputs, 1), random(weights, 2), random(outputs, 3));
    x[77] = f32::NAN;
    grad[55] = f32::INFINITY;
    let mut out = vec![0.0; outputs];
    forward(&shape, &x, &w, None, &mut out);
    assert_close("output", &out, &naive_forward(&shape, &x, &w, None), 3e-6);
    let mut dx = vec![0.0; inputs];
    input_gradient(&shape, &grad, &w, None, &mut dx);
    assert!(
        dx.iter()
            .zip(naive_input_gradient(&shape, &grad, &w, None))
            .all(|(x, y)| x.is_finite() == y.is_finite())
    );
    let mut dw = vec![0.0; weights];
    weight_gradient(&shape, &x, &grad, &mut dw);
    assert!(
        dw.iter()
            .zip(naive_weight_gradient(&shape, &x, &grad))
            .all(|(x, y)| x.is_finite() == y.is_finite())
    );
}

#[test]
fn is_the_same_on_one_thread_and_on_two() {
    for shape in [
        shape(5, [24, 40], 2, [24, 24], 3),
        Conv2d {
            stride: [2, 2],
            ..shape(40, [8, 16], 1, [32, 32], 3)
        },
    ] {
        let [inputs, weights, outputs] = shape.lengths();
        let (x, w, grad) = (random(inputs, 1), random(weights, 2), random(outputs, 3));
        let run = |threads| {
            let (mut out, mut dx, mut dw) = (vec![0.0; outputs], vec![0.0; inputs], vec![0.0; weights]);
            let mut db = vec![0.0; shape.out_channels];
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| {
                    forward(&shape, &x, &w, None, &mut out);
                    input_gradient(&shape, &grad, &w, None, &mut dx);
                    weight_gradient(&shape, &x, &grad, &mut dw);
                    bias_gradient(&shape, &grad, &mut db);
                });
            [out, dx, dw, db]
        };
        assert_eq!(run(1), run(2));
    }
}
