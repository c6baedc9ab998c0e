use proptest::prelude::*;
use pulp::Scalar;

use super::*;
use crate::testing::{assert_close, random};

#[derive(Clone, Copy, Debug)]
enum Engine {
    Detected,
    Avx2,
    Scalar,
}

/// Every term of the convolution: indices into input, kernels and output.
fn terms(shape: &Conv2d, mut visit: impl FnMut(usize, usize, usize)) {
    let [height, width] = shape.input;
    let [rows, columns] = shape.output();
    let [down, across] = shape.kernel;
    for image in 0..shape.batch {
        for (o, i) in
            (0..shape.out_channels * shape.in_channels).map(|oi| (oi / shape.in_channels, oi % shape.in_channels))
        {
            for (y, x) in (0..rows * columns).map(|pixel| (pixel / columns, pixel % columns)) {
                for (ky, kx) in (0..down * across).map(|tap| (tap / across, tap % across)) {
                    let (from_y, from_x) = (y + ky, x + kx);
                    let (top, left) = (shape.padding[0].0, shape.padding[1].0);
                    if from_y >= top && from_y < top + height && from_x >= left && from_x < left + width {
                        visit(
                            ((image * shape.in_channels + i) * height + from_y - top) * width + from_x - left,
                            ((o * shape.in_channels + i) * down + ky) * across + kx,
                            ((image * shape.out_channels + o) * rows + y) * columns + x,
                        );
                    }
                }
            }
        }
    }
}

struct Case {
    shape: Conv2d,
    tile: Tile,
    x: Vec<f32>,
    w: Vec<f32>,
    bias: Vec<f32>,
    grad: Vec<f32>,
}

impl Case {
    fn new(shape: Conv2d) -> Self {
        let (input, output) = (shape.input, shape.output());
        Self {
            shape,
            tile: Tile::Large,
            x: random(shape.batch * shape.in_channels * input[0] * input[1], 1),
            w: random(
                shape.out_channels * shape.in_channels * shape.kernel[0] * shape.kernel[1],
                2,
            ),
            bias: random(shape.out_channels, 3),
            grad: random(shape.batch * shape.out_channels * output[0] * output[1], 4),
        }
    }

    fn run(&self, engine: Engine) -> [Vec<f32>; 3] {
        match engine {
            Engine::Scalar => return self.run_with(Scalar::new()),
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2 => {
                if let Some(simd) = pulp::x86::V3::try_new() {
                    return self.run_with(simd);
                }
            }
            _ => {}
        }
        let Self {
            shape,
            x,
            w,
            bias,
            grad,
            ..
        } = self;
        let [mut out, mut dx, mut dw] = [grad, x, w].map(|like| vec![f32::NAN; like.len()]);
        forward(shape, x, w, Some(bias), self.tile, &mut out);
        input_gradient(shape, grad, w, None, &mut dx);
        weight_gradient(shape, x, grad, &mut dw);
        [out, dx, dw]
    }

    fn run_with<S: Simd>(&self, simd: S) -> [Vec<f32>; 3] {
        let Self {
            shape,
            x,
            w,
            bias,
            grad,
            ..
        } = self;
        let [mut out, mut dx, mut dw] = [grad, x, w].map(|like| vec![f32::NAN; like.len()]);
        Forward {
            shape,
            x,
            w,
            bias: Some(bias),
            tile: self.tile,
            out: &mut out,
        }
        .with_simd(simd);
        InputGradient {
            shape,
            grad,
            w,
            bias: None,
            dx: &mut dx,
        }
        .with_simd(simd);
        KernelGradient {
            shape,
            x,
            grad,
            dw: &mut dw,
        }
        .with_simd(simd);
        [out, dx, dw]
    }

    fn naive(&self) -> [Vec<f32>; 3] {
        let Self {
            shape,
            x,
            w,
            bias,
            grad,
            ..
        } = self;
        let [rows, columns] = shape.output();
        let channel = |i: usize| i / (rows * columns) % shape.out_channels;
        let mut out: Vec<f64> = (0..grad.len()).map(|i| f64::from(bias[channel(i)])).collect();
        let (mut dx, mut dw) = (vec![0.0f64; x.len()], vec![0.0f64; w.len()]);
        terms(shape, |i, k, o| {
            out[o] += f64::from(x[i]) * f64::from(w[k]);
            dx[i] += f64::from(grad[o]) * f64::from(w[k]);
            dw[k] += f64::from(x[i]) * f64::from(grad[o]);
        });
        [out, dx, dw].map(|values| values.into_iter().map(|value| value as f32).collect())
    }
}

fn check_case(shape: Conv2d, tile: Tile, engine: Engine) {
    let case = Case {
        tile,
        ..Case::new(shape)
    };
    let expected = case.naive();
    for ((what, found), expected) in ["output", "dx", "dw"].into_iter().zip(case.run(engine)).zip(expected) {
        assert_close(what, &found, &expected, 2e-5);
    }
}

fn shape(channels: [usize; 2], batch: usize, input: [usize; 2], kernel: usize, padding: [(usize, usize); 2]) -> Conv2d {
    Conv2d {
        batch,
        in_channels: channels[0],
        out_channels: channels[1],
        groups: 1,
        input,
        kernel: [kernel; 2],
        stride: [1, 1],
        padding,
        dilation: [1, 1],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn equals_the_plain_loops(
        channels in [0usize..40, 0usize..40],
        batch in 0usize..4,
        input in [0usize..20, 0usize..20],
        five: bool,
        small: bool,
        padding in [(0usize..7, 0usize..7), (0usize..7, 0usize..7)],
        engine in prop_oneof![Just(Engine::Detected), Just(Engine::Avx2), Just(Engine::Scalar)],
    ) {
        // A vector's worth of channels is one here.
        let channels = if matches!(engine, Engine::Scalar) { channels.map(|n| n % 8) } else { channels };
        let tile = if small { Tile::Small } else { Tile::Large };
        check_case(shape(channels, batch, input, if five { 5 } else { 3 }, padding), tile, engine);
    }
}

#[test]
fn handles_rows_wider_than_a_block() {
    for tile in [Tile::Large, Tile::Small] {
        check_case(shape([3, 5], 2, [3, 150], 5, [(2, 2); 2]), tile, Engine::Detected);
    }
    check_case(
        shape([3, 5], 2, [3, 150], 3, [(1, 1); 2]),
        Tile::Large,
        Engine::Detected,
    );
}

/// Largest errors relative to the largest value, for as many channels as networks have.
#[test]
fn stays_close_with_many_channels() {
    for (kernel, pad, tile, most) in [
        (5, 2, Tile::Large, 1e-5),
        (5, 2, Tile::Small, 3e-6),
        (3, 1, Tile::Large, 3e-6),
    ] {
        let case = Case {
            tile,
            ..Case::new(shape([128, 128], 2, [16, 16], kernel, [(pad, pad); 2]))
        };
        for ((what, found), expected) in ["output", "dx", "dw"]
            .into_iter()
            .zip(case.run(Engine::Detected))
            .zip(case.naive())
        {
            let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
            let error = found
                .iter()
                .zip(&expected)
                .fold(0.0f32, |error, (a, b)| error.max((a - b).abs()));
            // Only the output has tiles of two sizes.
            let most = if what == "output" { most } else { 1e-5 };
            assert!(
                error <= most * largest,
                "{what} of {kernel}x{kernel}, {tile:?}: {error} of {largest}"
            );
        }
    }
}

#[test]
fn is_the_same_on_one_thread_and_on_two() {
    let case = Case::new(shape([70, 90], 5, [17, 13], 5, [(2, 2); 2]));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| case.run(Engine::Detected))
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn keeps_what_is_not_finite_in_the_tiles_that_see_it() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut case = Case::new(shape([3, 2], 1, [20, 20], 5, [(2, 2); 2]));
        case.x[9 * 20 + 9] = bad;
        let [out, _, dw] = case.run(Engine::Detected);
        for (i, value) in out.iter().enumerate() {
            let (y, x) = (i / 20 % 20, i % 20);
            if (7..=11).contains(&y) && (7..=11).contains(&x) {
                assert!(!value.is_finite(), "row {y}, column {x} sees {bad} but is {value}");
            }
            if !(4..=15).contains(&y) || !(4..=15).contains(&x) {
                assert!(
                    value.is_finite(),
                    "row {y}, column {x} does not see {bad} but is {value}"
                );
            }
        }
        assert!(
            dw.iter()
                .enumerate()
                .all(|(i, value)| value.is_finite() == (i / 25 % 3 != 0))
        );
    }
}

#[test]
fn is_chosen_only_where_it_can_run_and_pays() {
    let good = shape([64, 64], 8, [16, 16], 3, [(1, 1); 2]);
    assert!(fits(&good));
    for bad in [
        Conv2d { stride: [2, 1], ..good },
        Conv2d {
            dilation: [1, 2],
            ..good
        },
        Conv2d { groups: 2, ..good },
        Conv2d { kernel: [3, 5], ..good },
        Conv2d { kernel: [7, 7], ..good },
        Conv2d { in_channels: 1, ..good },
        Conv2d { batch: 0, ..good },
        Conv2d {
            input: [400, 1],
            padding: [(1, 1); 2],
            ..good
        },
    ] {
        assert!(!fits(&bad), "{bad:?}");
    }
}
