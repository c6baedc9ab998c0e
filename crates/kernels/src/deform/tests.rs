use proptest::prelude::*;

use super::gradients::Backward;
use super::*;
use crate::testing::{assert_close, random};

struct Case {
    shape: DeformConv2d,
    x: Vec<f32>,
    offset: Vec<f32>,
    mask: Option<Vec<f32>>,
    w: Vec<f32>,
    bias: Vec<f32>,
    grad: Vec<f32>,
}

struct Results {
    out: Vec<f32>,
    dx: Vec<f32>,
    doffset: Vec<f32>,
    dmask: Vec<f32>,
    dw: Vec<f32>,
}

impl Case {
    fn new(shape: DeformConv2d, masked: bool) -> Self {
        let places = shape.batch * shape.offset_groups * shape.taps() * shape.out_pixels();
        let mut offset = random(2 * places, 2);
        // Some far outside, some between pixels, some exactly on a pixel.
        for (i, offset) in offset.iter_mut().enumerate() {
            *offset *= 3.0;
            if i % 3 == 0 {
                *offset = offset.round();
            }
        }
        Self {
            shape,
            x: random(shape.batch * shape.in_channels * shape.in_pixels(), 1),
            offset,
            mask: masked.then(|| random(places, 3)),
            w: random(shape.weights(), 4),
            bias: random(shape.out_channels, 5),
            grad: random(shape.batch * shape.out_channels * shape.out_pixels(), 6),
        }
    }

    fn unwritten(&self) -> Results {
        let nan = |len| vec![f32::NAN; len];
        Results {
            out: nan(self.grad.len()),
            dx: nan(self.x.len()),
            doffset: nan(self.offset.len()),
            dmask: nan(self.offset.len() / 2),
            dw: nan(self.w.len()),
        }
    }

    fn public(&self) -> Results {
        let mut results = self.unwritten();
        let Self {
            shape,
            x,
            offset,
            mask,
            w,
            bias,
            grad,
        } = self;
        forward(shape, x, offset, mask.as_deref(), w, Some(bias), &mut results.out);
        gradients(shape, x, offset, mask.as_deref(), w, grad, results.wanted());
        results
    }

    fn with<S: Simd>(&self, simd: S) -> Results {
        let mut results = self.unwritten();
        let Self {
            shape,
            x,
            offset,
            mask,
            w,
            bias,
            grad,
        } = self;
        let inputs = Inputs {
            x,
            offset,
            mask: mask.as_deref(),
        };
        Forward {
            shape,
            inputs,
            w,
            bias: Some(bias),
            out: &mut results.out,
        }
        .with_simd(simd);
        let wanted = results.wanted();
        Backward {
            shape,
            inputs,
            w,
            grad,
            wanted,
        }
        .with_simd(simd);
        results
    }

    fn naive(&self) -> Results {
        let Self {
            shape,
            x,
            offset,
            mask,
            w,
            bias,
            grad,
        } = self;
        let ([height, width], [_, out_width]) = (shape.input, shape.output());
        let (taps, pixels) = (shape.taps(), shape.out_pixels());
        let mut dx = vec![0f64; x.len()];
        let mut doffset = vec![0f64; offset.len()];
        let mut dmask = vec![0f64; offset.len() / 2];
        let mut dw = vec![0f64; w.len()];
        let channels = shape.in_channels / shape.groups;
        let of_bias = |o| f64::from(bias[o / pixels % shape.out_channels]);
        let mut out: Vec<f64> = (0..grad.len()).map(of_bias).collect();
        for image in 0..shape.batch {
            for (channel, tap, pixel) in
                (0..shape.in_channels).flat_map(|c| (0..taps).flat_map(move |t| (0..pixels).map(move |p| (c, t, p))))
            {
                let offset_group = channel * shape.offset_groups / shape.in_channels;
                let place = (image * shape.offset_groups + offset_group) * taps + tap;
                let (ky, kx) = (tap / shape.kernel[1], tap % shape.kernel[1]);
                let (oy, ox) = (pixel / out_width, pixel % out_width);
                let unmoved = |axis: usize, output: usize, tap: usize| {
                    (output * shape.stride[axis] + tap * shape.dilation[axis]) as f32 - shape.padding[axis] as f32
                };
                let y = unmoved(0, oy, ky) + offset[2 * place * pixels + pixel];
                let right = unmoved(1, ox, kx) + offset[(2 * place + 1) * pixels + pixel];
                let m = mask
                    .as_ref()
                    .map_or(1.0, |mask| f64::from(mask[place * pixels + pixel]));
                let (fy, fx) = (f64::from(y - y.floor()), f64::from(right - right.floor()));
                // Weight of each of the four pixels around, and its derivative by row and by column.
                let corners = [
                    (0, 0, (1.0 - fy) * (1.0 - fx), -(1.0 - fx), -(1.0 - fy)),
                    (0, 1, (1.0 - fy) * fx, -fx, 1.0 - fy),
                    (1, 0, fy * (1.0 - fx), 1.0 - fx, -fy),
                    (1, 1, fy * fx, fx, fy),
                ];
                let group = channel / channels;
                for o in group * shape.group_out()..(group + 1) * shape.group_out() {
                    let k = (o * channels + channel % channels) * taps + tap;
                    let target = (image * shape.out_channels + o) * pixels + pixel;
                    let passed = f64::from(grad[target]) * f64::from(w[k]);
                    for (down, right_by, weight, by_row, by_column) in corners {
                        let (row, column) = (y.floor() as i64 + down, right.floor() as i64 + right_by);
                        if !(0..height as i64).contains(&row) || !(0..width as i64).contains(&column) {
                            continue;
                        }
                        let i =
                            ((image * shape.in_channels + channel) * height + row as usize) * width + column as usize;
                        let value = f64::from(x[i]);
                        out[target] += value * weight * m * f64::from(w[k]);
                        dw[k] += value * weight * m * f64::from(grad[target]);
                        dx[i] += passed * weight * m;
                        dmask[place * pixels + pixel] += passed * weight * value;
                        doffset[2 * place * pixels + pixel] += passed * by_row * value * m;
                        doffset[(2 * place + 1) * pixels + pixel] += passed * by_column * value * m;
                    }
                }
            }
        }
        let round = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect();
        Results {
            out: round(out),
            dx: round(dx),
            doffset: round(doffset),
            dmask: round(dmask),
            dw: round(dw),
        }
    }
}

impl Results {
    fn wanted(&mut self) -> Gradients<'_> {
        Gradients {
            dx: Some(&mut self.dx),
            doffset: Some(&mut self.doffset),
            dmask: Some(&mut self.dmask),
            dw: Some(&mut self.dw),
        }
    }

    fn named(&self) -> [(&str, &[f32]); 5] {
        let Self {
            out,
            dx,
            doffset,
            dmask,
            dw,
        } = self;
        [
            ("out", out),
            ("dx", dx),
            ("doffset", doffset),
            ("dmask", dmask),
            ("dw", dw),
        ]
    }

    fn assert_close(&self, expected: &Self) {
        for ((name, found), (_, expected)) in self.named().into_iter().zip(expected.named()) {
            assert_close(name, found, expected, 2e-6);
        }
    }
}

fn shape(batch: usize, channels: usize, out_channels: usize, side: usize) -> DeformConv2d {
    DeformConv2d {
        batch,
        in_channels: channels,
        out_channels,
        groups: 1,
        offset_groups: 1,
        input: [side; 2],
        kernel: [3; 2],
        stride: [1; 2],
        padding: [1; 2],
        dilation: [1; 2],
    }
}

prop_compose! {
    fn shapes()(
        batch in 0usize..6, groups in 1usize..4, offset_groups in 1usize..4, channels in 0usize..4,
        group_out in 0usize..4, input in [0usize..8, 0usize..12], kernel in [1usize..4, 1usize..4],
        stride in [1usize..3, 1usize..3], padding in [0usize..3, 0usize..3], dilation in [1usize..3, 1usize..3],
    ) -> DeformConv2d {
        DeformConv2d {
            batch, in_channels: channels * groups * offset_groups, out_channels: group_out * groups, groups,
            offset_groups, input, kernel, stride, padding, dilation,
        }
    }
}

proptest! {
    #[test]
    fn any_shape_is_the_plain_sum(shape in shapes(), masked: bool) {
        let case = Case::new(shape, masked);
        case.public().assert_close(&case.naive());
    }
}

#[test]
fn every_instruction_set_gives_the_plain_sum() {
    let many = DeformConv2d {
        groups: 2,
        offset_groups: 4,
        ..shape(2, 152, 10, 11)
    };
    for case in [Case::new(many, true), Case::new(shape(5, 70, 6, 12), false)] {
        let expected = case.naive();
        case.public().assert_close(&expected);
        case.with(pulp::Scalar::new()).assert_close(&expected);
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some(simd) = pulp::x86::V3::try_new() {
            case.with(simd).assert_close(&expected);
        }
    }
}

#[test]
fn gradients_are_differences_of_the_output() {
    let mut case = Case::new(
        DeformConv2d {
            groups: 2,
            offset_groups: 2,
            ..shape(2, 4, 4, 5)
        },
        true,
    );
    for offset in &mut case.offset {
        // Differences are taken between two pixels: not across one, where the slope changes.
        *offset = offset.floor() + 0.25 + 0.5 * (*offset - offset.floor());
    }
    let found = case.public();
    let loss = |case: &Case| -> f64 {
        case.naive()
            .out
            .iter()
            .zip(&case.grad)
            .map(|(out, grad)| f64::from(out * grad))
            .sum()
    };
    let mut slopes = |numbers: fn(&mut Case) -> &mut [f32]| -> Vec<f32> {
        let count = numbers(&mut case).len().min(40);
        let mut at = |i: usize, by: f32| {
            let old = numbers(&mut case)[i];
            numbers(&mut case)[i] = old + by;
            let loss = loss(&case);
            numbers(&mut case)[i] = old;
            loss
        };
        (0..count)
            .map(|i| ((at(i, 0.0625) - at(i, -0.0625)) / 0.125) as f32)
            .collect()
    };
    let first = |numbers: &[f32]| numbers[..numbers.len().min(40)].to_vec();
    assert_close("dx", &first(&found.dx), &slopes(|case| &mut case.x), 1e-4);
    assert_close(
        "doffset",
        &first(&found.doffset),
        &slopes(|case| &mut case.offset),
        1e-4,
    );
    assert_close(
        "dmask",
        &first(&found.dmask),
        &slopes(|case| case.mask.as_mut().unwrap()),
        1e-4,
    );
    assert_close("dw", &first(&found.dw), &slopes(|case| &mut case.w), 1e-4);
}

#[test]
fn only_what_is_wanted_is_written() {
    let case = Case::new(shape(2, 5, 3, 6), true);
    let expected = case.public();
    let run = |wanted: Gradients| {
        gradients(
            &case.shape,
            &case.x,
            &case.offset,
            case.mask.as_deref(),
            &case.w,
            &case.grad,
            wanted,
        );
    };
    let mut found = case.unwritten();
    run(Gradients {
        dx: Some(&mut found.dx),
        ..Gradients::default()
    });
    run(Gradients {
        doffset: Some(&mut found.doffset),
        ..Gradients::default()
    });
    run(Gradients {
        dmask: Some(&mut found.dmask),
        ..Gradients::default()
    });
    run(Gradients {
        dw: Some(&mut found.dw),
        ..Gradients::default()
    });
    found.out = expected.out.clone();
    found.assert_close(&expected);
}

#[test]
fn what_is_not_a_number_reaches_the_outputs_that_read_it() {
    let mut case = Case::new(shape(1, 1, 1, 6), true);
    case.offset.fill(0.5);
    case.x[0] = f32::NAN;
    let out = case.public().out;
    let nan: Vec<_> = (0..36).filter(|&i| out[i].is_nan()).collect();
    // The first pixel is read half a pixel from there by the taps of the four outputs around it.
    assert_eq!(nan, [0, 1, 6, 7]);
    case.x[0] = 0.0;
    case.offset[35] = f32::NAN;
    let out = case.public().out;
    assert_eq!((0..36).filter(|&i| out[i].is_nan()).collect::<Vec<_>>(), [35]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let case = Case::new(shape(3, 40, 8, 12), true);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let results = pool.install(|| case.public());
        results
            .named()
            .map(|(_, numbers)| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
    };
    assert_eq!(run(1), run(2));
}
