use super::*;
use crate::testing::{assert_close, random};
use proptest::prelude::*;

/// Calls `meet` for every product of the convolution: which element of x, of w and of the output.
fn products_of(shape: &Conv2d, mut meet: impl FnMut(usize, usize, usize)) {
    let ([height, width], [out_height, out_width]) = (shape.input, shape.output());
    let [kernel_height, kernel_width] = shape.kernel;
    for plane in 0..shape.batch * shape.in_channels {
        let channel = plane % shape.in_channels;
        for (oy, ox) in (0..out_height).flat_map(|y| (0..out_width).map(move |x| (y, x))) {
            for (ky, kx) in (0..kernel_height).flat_map(|y| (0..kernel_width).map(move |x| (y, x))) {
                let y = oy * shape.stride[0] + ky * shape.dilation[0];
                let x = ox * shape.stride[1] + kx * shape.dilation[1];
                let (top, left) = (shape.padding[0].0, shape.padding[1].0);
                if (top..top + height).contains(&y) && (left..left + width).contains(&x) {
                    meet(
                        (plane * height + y - top) * width + x - left,
                        (channel * kernel_height + ky) * kernel_width + kx,
                        (plane * out_height + oy) * out_width + ox,
                    );
                }
            }
        }
    }
}

fn lens(shape: &Conv2d) -> [usize; 3] {
    let planes = shape.batch * shape.in_channels;
    let [height, width] = shape.output();
    [
        planes * shape.input[0] * shape.input[1],
        shape.in_channels * shape.kernel[0] * shape.kernel[1],
        planes * height * width,
    ]
}

struct Results {
    out: Vec<f32>,
    dx: Vec<f32>,
    dw: Vec<f32>,
}

impl Results {
    fn naive(shape: &Conv2d, x: &[f32], w: &[f32], bias: &[f32], grad: &[f32]) -> Self {
        let pixels = shape.output()[0] * shape.output()[1];
        let bias = |o| f64::from(bias[o / pixels % shape.in_channels]);
        let mut out: Vec<f64> = (0..grad.len()).map(bias).collect();
        let mut dx = vec![0f64; x.len()];
        let mut dw = vec![0f64; w.len()];
        products_of(shape, |i, k, o| {
            out[o] += f64::from(x[i]) * f64::from(w[k]);
            dx[i] += f64::from(grad[o]) * f64::from(w[k]);
            dw[k] += f64::from(grad[o]) * f64::from(x[i]);
        });
        let round = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect();
        Self {
            out: round(out),
            dx: round(dx),
            dw: round(dw),
        }
    }

    fn public(shape: &Conv2d, x: &[f32], w: &[f32], bias: &[f32], grad: &[f32]) -> Self {
        let mut results = Self::unwritten(x, w, grad);
        forward(shape, x, w, Some(bias), &mut results.out);
        input_gradient(shape, grad, w, &mut results.dx);
        weight_gradient(shape, x, grad, &mut results.dw);
        results
    }

    fn with<S: Simd>(simd: S, shape: &Conv2d, x: &[f32], w: &[f32], bias: &[f32], grad: &[f32]) -> Self {
        let mut results = Self::unwritten(x, w, grad);
        let sizes = &Sizes::new(shape);
        let layout = &PaddedLayout::of_input(&sizes.axes);
        let bias = Some(bias);
        let out = &mut results.out;
        simd.vectorize(Forward {
            sizes,
            layout,
            x,
            w,
            bias,
            planes: 0,
            out,
        });
        let (channels, dw) = (0..sizes.channels, &mut results.dw);
        simd.vectorize(WeightGradient {
            sizes,
            layout,
            x,
            grad,
            channels,
            dw,
        });
        let layout = &PaddedLayout::of_gradient(&sizes.axes);
        let phases = &Phase::all(&sizes.axes, layout);
        let dx = &mut results.dx;
        simd.vectorize(InputGradient {
            sizes,
            layout,
            phases,
            grad,
            w,
            planes: 0,
            dx,
        });
        results
    }

    fn unwritten(x: &[f32], w: &[f32], grad: &[f32]) -> Self {
        Self {
            out: vec![f32::NAN; grad.len()],
            dx: vec![f32::NAN; x.len()],
            dw: vec![f32::NAN; w.len()],
        }
    }

    fn assert_close(&self, expected: &Self) {
        assert_close("out", &self.out, &expected.out, 1e-6);
        assert_close("dx", &self.dx, &expected.dx, 1e-6);
        assert_close("dw", &self.dw, &expected.dw, 1e-6);
    }
}

fn inputs(shape: &Conv2d) -> [Vec<f32>; 4] {
    let [x, w, out] = lens(shape);
    [random(x, 1), random(w, 2), random(shape.in_channels, 3), random(out, 4)]
}

fn square(batch: usize, channels: usize, side: usize, kernel: usize, dilation: usize) -> Conv2d {
    Conv2d {
        batch,
        in_channels: channels,
        out_channels: channels,
        groups: channels,
        input: [side; 2],
        kernel: [kernel; 2],
        stride: [1; 2],
        padding: [(kernel / 2 * dilation, kernel / 2 * dilation); 2],
        dilation: [dilation; 2],
    }
}

prop_compose! {
    fn shapes()(
        batch in 0usize..3, channels in 1usize..4, input in [0usize..12, 0usize..40],
        kernel in [1usize..5, 1usize..6], stride in [1usize..4, 1usize..4],
        before in [0usize..5, 0usize..5], after in [0usize..5, 0usize..5], dilation in [1usize..4, 1usize..4],
        dense: bool,
    ) -> Conv2d {
        Conv2d {
            batch, in_channels: channels, out_channels: channels, groups: channels, input, kernel,
            stride: if dense { [1; 2] } else { stride },
            padding: [(before[0], after[0]), (before[1], after[1])], dilation,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn any_shape_is_the_plain_sum(shape in shapes()) {
        let [x, w, bias, grad] = inputs(&shape);
        Results::public(&shape, &x, &w, &bias, &grad).assert_close(&Results::naive(&shape, &x, &w, &bias, &grad));
    }
}

#[test]
fn every_instruction_set_gives_the_plain_sum() {
    for (side, kernel, dilation) in [(8, 3, 1), (16, 5, 1), (19, 3, 2), (32, 7, 3), (21, 21, 1)] {
        let shape = square(2, 3, side, kernel, dilation);
        let [x, w, bias, grad] = inputs(&shape);
        let expected = Results::naive(&shape, &x, &w, &bias, &grad);
        Results::public(&shape, &x, &w, &bias, &grad).assert_close(&expected);
        Results::with(pulp::Scalar::new(), &shape, &x, &w, &bias, &grad).assert_close(&expected);
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(simd) = pulp::x86::V3::try_new() {
            Results::with(simd, &shape, &x, &w, &bias, &grad).assert_close(&expected);
        }
    }
}

#[test]
fn gradients_are_differences_of_the_output() {
    let shape = Conv2d {
        stride: [2, 1],
        ..square(1, 2, 7, 3, 2)
    };
    let [x, w, bias, grad] = inputs(&shape);
    let found = Results::public(&shape, &x, &w, &bias, &grad);
    let loss = |x: &[f32], w: &[f32]| -> f64 {
        let out = Results::naive(&shape, x, w, &bias, &grad).out;
        out.iter().zip(&grad).map(|(out, grad)| f64::from(out * grad)).sum()
    };
    let slope = |change: &dyn Fn(f32) -> f64| ((change(0.125) - change(-0.125)) / 0.25) as f32;
    let moved = |numbers: &[f32], i: usize, by: f32| {
        let mut numbers = numbers.to_vec();
        numbers[i] += by;
        numbers
    };
    let dx: Vec<_> = (0..x.len()).map(|i| slope(&|by| loss(&moved(&x, i, by), &w))).collect();
    let dw: Vec<_> = (0..w.len()).map(|i| slope(&|by| loss(&x, &moved(&w, i, by)))).collect();
    assert_close("dx", &found.dx, &dx, 1e-4);
    assert_close("dw", &found.dw, &dw, 1e-4);
}

#[test]
fn what_is_not_finite_reaches_what_it_is_multiplied_into_and_nothing_else() {
    // Without padding the last pixel is read by the last tap alone, and by the last output alone.
    for side in [9, 17, 20] {
        let shape = Conv2d {
            padding: [(0, 0); 2],
            ..square(1, 1, side, 3, 1)
        };
        let [mut x, w, bias, mut grad] = inputs(&shape);
        *x.last_mut().unwrap() = f32::INFINITY;
        grad[0] = f32::NAN;
        let found = Results::public(&shape, &x, &w, &bias, &grad);
        let expected = Results::naive(&shape, &x, &w, &bias, &grad);
        for (found, expected) in [
            (&found.out, &expected.out),
            (&found.dx, &expected.dx),
            (&found.dw, &expected.dw),
        ] {
            let finite = |numbers: &[f32]| numbers.iter().map(|x| x.is_finite()).collect::<Vec<_>>();
            assert_eq!(finite(found), finite(expected));
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let shape = square(3, 40, 16, 5, 1);
    let [x, w, bias, grad] = inputs(&shape);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let Results { out, dx, dw } = pool.install(|| Results::public(&shape, &x, &w, &bias, &grad));
        [out, dx, dw].concat().into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(2));
}
