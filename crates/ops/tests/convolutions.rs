//! Convolutions by the kernels against Burn's own, over random shapes.

mod compare;

use burn::tensor::Tensor;
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions, DeformConvOptions};
use compare::{check, check_differences, image};
use foreframe_ops::{conv_transpose2d, conv2d, deform_conv2d, depthwise_conv2d};
use proptest::prelude::*;

fn volume<const D: usize>(shape: [usize; D]) -> usize {
    shape.iter().product()
}

#[derive(Clone, Debug)]
struct Sizes {
    batch: usize,
    groups: usize,
    inputs: usize,
    outputs: usize,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [(usize, usize); 2],
    dilation: [usize; 2],
    strided: bool,
    seed: u64,
}

prop_compose! {
    fn sizes()(
        (batch, groups, inputs, outputs) in (1usize..4, 1usize..4, 1usize..5, 1usize..6),
        size in [1usize..20, 1usize..20],
        kernel in [1usize..6, 1usize..6],
        stride in [1usize..4, 1usize..4],
        padding in [(0usize..4, 0usize..4), (0usize..4, 0usize..4)],
        dilation in [1usize..4, 1usize..4],
        strided: bool,
        seed in 0u64..1000,
    ) -> Sizes {
        let mut sizes = Sizes { batch, groups, inputs, outputs, size, kernel, stride, padding, dilation, strided, seed };
        for (axis, (before, after)) in padding.into_iter().enumerate() {
            // The kernel must fit the padded image.
            let padded = sizes.size[axis] + before + after;
            while sizes.dilation[axis] * (sizes.kernel[axis] - 1) + 1 > padded {
                if sizes.dilation[axis] > 1 { sizes.dilation[axis] -= 1 } else { sizes.kernel[axis] -= 1 }
            }
        }
        sizes
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn convolution_is_burns(s in sizes()) {
        let x = [s.batch, s.groups * s.inputs, s.size[0], s.size[1]];
        let w = [s.groups * s.outputs, s.inputs, s.kernel[0], s.kernel[1]];
        let options = ConvOptions::new_with_padding(s.stride, s.padding, s.dilation, s.groups);
        check(&format!("{s:?}"), s.seed, &[volume(x), volume(w), w[0]], |_, v| v, |leaves| {
            let (x, w) = (image(&leaves[0], x, s.strided), image(&leaves[1], w, false));
            conv2d(x, w, Some(leaves[2].clone()), options.clone()).flatten(0, 3)
        });
    }

    #[test]
    fn depthwise_convolution_is_burns(s in sizes()) {
        let channels = s.groups * s.inputs;
        let x = [s.batch, channels, s.size[0], s.size[1]];
        let w = [channels, 1, s.kernel[0], s.kernel[1]];
        check(&format!("{s:?}"), s.seed, &[volume(x), volume(w), channels], |_, v| v, |leaves| {
            let (x, w) = (image(&leaves[0], x, s.strided), image(&leaves[1], w, false));
            depthwise_conv2d(x, w, Some(leaves[2].clone()), s.dilation[0]).flatten(0, 3)
        });
    }

    #[test]
    fn transposed_convolution_is_burns(s in sizes()) {
        let x = [s.batch, s.groups * s.inputs, s.size[0], s.size[1]];
        let w = [s.groups * s.inputs, s.outputs, s.kernel[0], s.kernel[1]];
        let extra = s.stride.map(|stride| stride - 1);
        let options = ConvTransposeOptions::new(s.stride, [0, 0], extra, s.dilation, s.groups);
        check(&format!("{s:?}"), s.seed, &[volume(x), volume(w), s.groups * s.outputs], |_, v| v, |leaves| {
            let (x, w) = (image(&leaves[0], x, s.strided), image(&leaves[1], w, false));
            conv_transpose2d(x, w, Some(leaves[2].clone()), options.clone()).flatten(0, 3)
        });
    }

    #[test]
    fn deformable_convolution_is_the_gathered_one(s in sizes(), offset_groups in 1usize..3, masked: bool) {
        let channels = s.groups * offset_groups * s.inputs;
        let padding = s.padding.map(|(before, _)| before.max(s.kernel[0].max(s.kernel[1])));
        let x = [s.batch, channels, s.size[0], s.size[1]];
        let w = [s.groups * s.outputs, channels / s.groups, s.kernel[0], s.kernel[1]];
        let out = [0, 1].map(|axis: usize| {
            (s.size[axis] + 2 * padding[axis] - (s.kernel[axis] - 1) - 1) / s.stride[axis] + 1
        });
        let taps = offset_groups * s.kernel[0] * s.kernel[1];
        let offset = [s.batch, 2 * taps, out[0], out[1]];
        let mask = [s.batch, taps, out[0], out[1]];
        let options = DeformConvOptions::new(s.stride, padding, [1, 1], s.groups, offset_groups);
        let lens = [volume(x), volume(offset), volume(w), volume(mask), w[0]];
        check(&format!("{s:?}"), s.seed, &lens, |leaf, v| if leaf == 1 { 3.0 * v } else { v }, |leaves| {
            deform_conv2d(
                image(&leaves[0], x, s.strided),
                image(&leaves[1], offset, false),
                masked.then(|| image(&leaves[3], mask, false)),
                image(&leaves[2], w, false),
                Some(leaves[4].clone()),
                options.clone(),
            )
            .flatten(0, 3)
        });
    }
}

/// Sizes at which the fast algorithms for many channels take over.
#[test]
fn many_channels_are_burns() {
    for (case, [channels, outputs, side, kernel]) in [[40, 72, 12, 5], [64, 64, 16, 3], [33, 130, 9, 5], [96, 64, 8, 1]]
        .into_iter()
        .enumerate()
    {
        let (x, w) = ([2, channels, side, side + 1], [outputs, channels, kernel, kernel]);
        let what = format!("{channels} -> {outputs} channels, {kernel}x{kernel}, {side} pixels");
        let options = ConvOptions::new([1, 1], [kernel / 2, kernel / 2], [1, 1], 1);
        // Weights as small as such layers have them, so that the sums are of order 1.
        let small = 1.0 / ((channels * kernel * kernel) as f32).sqrt();
        let adjust = |leaf: usize, v: f32| if leaf == 1 { v * small } else { v };
        check(&what, case as u64, &[volume(x), volume(w), outputs], adjust, |leaves| {
            let (x, w) = (image(&leaves[0], x, false), image(&leaves[1], w, false));
            conv2d(x, w, Some(leaves[2].clone()), options.clone()).flatten(0, 3)
        });
    }
}

#[test]
fn gradients_are_those_of_differences() {
    let (x, w) = ([2, 4, 7, 6], [6, 2, 3, 3]);
    let options = ConvOptions::new([2, 1], [1, 2], [1, 2], 2);
    check_differences("conv2d", 1, &[volume(x), volume(w), 6], |leaves| {
        let (x, w) = (image(&leaves[0], x, false), image(&leaves[1], w, false));
        conv2d(x, w, Some(leaves[2].clone()), options.clone()).flatten(0, 3)
    });
    check_differences("depthwise_conv2d", 2, &[volume(x), 4 * 25], |leaves| {
        let (x, w) = (image(&leaves[0], x, false), image(&leaves[1], [4, 1, 5, 5], false));
        depthwise_conv2d(x, w, None, 2).flatten(0, 3)
    });
    let options = ConvTransposeOptions::new([2, 2], [1, 1], [1, 0], [1, 1], 2);
    check_differences("conv_transpose2d", 3, &[volume(x), 4 * 3 * 9, 6], |leaves| {
        let (x, w) = (image(&leaves[0], x, false), image(&leaves[1], [4, 3, 3, 3], false));
        conv_transpose2d(x, w, Some(leaves[2].clone()), options.clone()).flatten(0, 3)
    });
}

/// Places between pixels, where the bilinear function has a derivative.
#[test]
fn deformable_gradients_are_those_of_differences() {
    let (x, w, out) = ([1, 4, 6, 5], [3, 4, 3, 3], [6, 5]);
    let (offset, mask) = ([1, 36, out[0], out[1]], [1, 18, out[0], out[1]]);
    let options = DeformConvOptions::new([1, 1], [1, 1], [1, 1], 1, 2);
    let lens = [volume(x), volume(offset), volume(w), volume(mask)];
    check_differences("deform_conv2d", 4, &lens, |leaves| {
        deform_conv2d(
            image(&leaves[0], x, false),
            // Within a quarter pixel of the center between pixels, so that no step crosses a kink.
            image(&(leaves[1].clone() * 0.25 + 0.5), offset, false),
            Some(image(&leaves[3], mask, false)),
            image(&leaves[2], w, false),
            None,
            options.clone(),
        )
        .flatten(0, 3)
    });
}

#[test]
fn empty_batches_and_numbers_that_are_not_finite_go_through() {
    let device = burn::tensor::Device::flex();
    let weight = Tensor::<4>::ones([3, 2, 3, 3], &device);
    let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
    let empty = Tensor::<4>::zeros([0, 2, 5, 4], &device);
    assert_eq!(
        conv2d(empty, weight.clone(), None, options.clone()).dims(),
        [0, 3, 5, 4]
    );
    let mut values = vec![1.0f32; 2 * 5 * 4];
    values[0] = f32::NAN;
    values[39] = f32::INFINITY;
    let image = Tensor::<1>::from_floats(values.as_slice(), &device).reshape([1, 2, 5, 4]);
    let found = compare::numbers(&conv2d(image, weight, None, options));
    for channel in found.chunks(20) {
        assert!(channel[0].is_nan() && channel[5].is_nan(), "{channel:?}");
        assert!(
            channel[19] == f32::INFINITY && channel[14] == f32::INFINITY,
            "{channel:?}"
        );
        assert_eq!((channel[2], channel[17]), (12.0, 12.0));
    }
}

mod refusals {
    use super::*;
    use burn::tensor::Device;

    fn message(work: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let panic = std::panic::catch_unwind(work).expect_err("it was accepted");
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    fn ones<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::ones(shape, &Device::flex())
    }

    #[test]
    fn name_the_operation_the_axis_and_the_numbers() {
        let plain = || ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        for (found, parts) in [
            (
                message(|| drop(conv2d(ones([1, 3, 4, 4]), ones([2, 2, 1, 1]), None, plain()))),
                ["conv2d", "3 channels (axis 1)", "takes 2"],
            ),
            (
                message(|| drop(conv2d(ones([1, 3, 4, 4]), ones([2, 3, 5, 1]), None, plain()))),
                ["conv2d", "5 taps", "axis 2 has 4"],
            ),
            (
                message(|| drop(conv2d(ones([1, 3, 4, 4]), ones([2, 3, 1, 1]), Some(ones([3])), plain()))),
                ["conv2d", "3 biases", "2 output channels"],
            ),
            (
                message(|| {
                    let options = ConvTransposeOptions::new([2, 2], [0, 0], [2, 0], [1, 1], 1);
                    drop(conv_transpose2d(ones([1, 3, 4, 4]), ones([3, 2, 1, 1]), None, options));
                }),
                ["conv_transpose2d", "padding_out 2 of axis 2", "stride 2"],
            ),
            (
                message(|| {
                    let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], 1, 1);
                    drop(deform_conv2d(
                        ones([1, 3, 4, 4]),
                        ones([1, 2, 4, 3]),
                        None,
                        ones([2, 3, 1, 1]),
                        None,
                        options,
                    ));
                }),
                ["deform_conv2d", "`offset`", "[1, 2, 4, 4]"],
            ),
        ] {
            for part in parts {
                assert!(found.contains(part), "{part:?} is not in {found:?}");
            }
        }
    }
}
