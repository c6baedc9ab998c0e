//! Dense, grouped and dilated convolution.

use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::ConvOptions;

/// Options of a convolution with stride 1 whose output is as large as its input. What cannot be split evenly, the odd
/// row or column of an even extent, is added at the bottom and at the right, as in PyTorch.
///
/// # Panics
/// When a kernel side, the dilation or the number of groups is 0.
pub fn same(kernel: [usize; 2], dilation: usize, groups: usize) -> ConvOptions<2> {
    let padding = kernel.map(|side| {
        assert!(side > 0, "a kernel of 0 taps");
        let total = dilation * (side - 1);
        (total / 2, total - total / 2)
    });
    ConvOptions::new_with_padding([1, 1], padding, [dilation, dilation], groups)
}

/// Convolves `input` with `weight`, group by group.
///
/// # Shapes
/// - `input`: `[batch, in_channels, height, width]`
/// - `weight`: `[out_channels, in_channels / groups, kernel_height, kernel_width]`
/// - `bias`: `[out_channels]`
/// - output: `[batch, out_channels, out_height, out_width]`
pub fn conv2d(input: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, options: ConvOptions<2>) -> Tensor<4> {
    module::conv2d(input, weight, bias, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::{OpCase, Tolerance, devices};
    use rstest::rstest;

    #[rstest]
    fn portable_convolution_is_pytorchs(#[values(0, 1, 2, 3, 4, 5, 6, 7, 8)] case: usize) {
        let case = OpCase::load(&format!("conv2d_{case}"));
        let groups = case.hyper["groups"].as_u64().unwrap_or(1) as usize;
        let dilation = case.pair("dilation", 1);
        let options = match case.hyper["padding"].as_str() {
            Some(_) => same(case.pair("kernel", 1), dilation[0], groups),
            None => ConvOptions::new(case.pair("stride", 1), case.pair("padding", 0), dilation, groups),
        };
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| {
                conv2d(inputs.get("x"), inputs.get("w"), Some(inputs.get("b")), options.clone())
            });
        }
    }

    #[test]
    fn an_odd_remainder_goes_to_the_bottom_and_the_right() {
        assert_eq!(same([7, 5], 3, 1).padding, [(9, 9), (6, 6)]);
        assert_eq!(same([4, 2], 1, 1).padding, [(1, 2), (0, 1)]);
        assert_eq!(same([4, 1], 3, 1).padding, [(4, 5), (0, 0)]);
    }
}
