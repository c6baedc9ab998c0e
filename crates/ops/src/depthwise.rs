//! One kernel per channel.

use burn::tensor::Tensor;

use crate::implementation::has_kernel;
use crate::{conv2d, same};

/// Convolves every channel with a kernel of its own; the output is as large as the input ([`same`]).
///
/// The bias is added after the convolution: Burn's GPU backends have a depthwise kernel only for convolutions without
/// bias.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `weight`: `[channels, 1, kernel_height, kernel_width]`
/// - `bias`: `[channels]`
/// - output: `[batch, channels, height, width]`
pub fn depthwise_conv2d(input: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, dilation: usize) -> Tensor<4> {
    let [channels, _, rows, columns] = weight.dims();
    let options = same([rows, columns], dilation, channels);
    if has_kernel(&input) {
        return conv2d(input, weight, bias, options);
    }
    let output = conv2d(input, weight, None, options);
    match bias {
        Some(bias) => output + bias.reshape([1, channels, 1, 1]),
        None => output,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::{OpCase, Tolerance, devices};
    use rstest::rstest;

    #[rstest]
    fn portable_depthwise_convolution_is_pytorchs(
        #[values("conv2d_0", "conv2d_1", "conv2d_3", "conv2d_6")] case: &str,
    ) {
        let case = OpCase::load(case);
        let dilation = case.pair("dilation", 1)[0];
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| {
                depthwise_conv2d(inputs.get("x"), inputs.get("w"), Some(inputs.get("b")), dilation)
            });
        }
    }
}
