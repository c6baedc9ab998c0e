//! Convolution whose taps are moved by the data.

use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::DeformConvOptions;

/// Modulated deformable convolution: every tap of every output position reads the input at its place on the grid plus
/// an offset, bilinearly and 0 outside, and is multiplied by a mask (Zhu et al., arXiv:1811.11168). Without a mask it is
/// the first version (Dai et al., arXiv:1703.06211).
///
/// # Shapes
/// - `input`: `[batch, in_channels, height, width]`
/// - `offset`: `[batch, 2 * offset_groups * taps, out_height, out_width]`, in pixels, down and right alternating tap by tap
/// - `mask`: `[batch, offset_groups * taps, out_height, out_width]`
/// - `weight`: `[out_channels, in_channels / weight_groups, kernel_height, kernel_width]`
/// - `bias`: `[out_channels]`
/// - output: `[batch, out_channels, out_height, out_width]`
pub fn deform_conv2d(
    input: Tensor<4>,
    offset: Tensor<4>,
    mask: Option<Tensor<4>>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: DeformConvOptions<2>,
) -> Tensor<4> {
    // A tap that lies exactly one pixel outside, as at every border while offsets are still 0, is a kink: PyTorch's
    // derivative there is that of the inner side, Burn's is 0. With one ring of the padding made part of the image the
    // kink is inside, where both agree.
    let ring = options.padding.map(|padding| padding.min(1));
    let input = match ring {
        [0, 0] => input,
        [rows, columns] => input.pad([(rows, rows), (columns, columns)], 0.0),
    };
    let padding = [options.padding[0] - ring[0], options.padding[1] - ring[1]];
    module::deform_conv2d(
        input,
        offset,
        weight,
        mask,
        bias,
        DeformConvOptions { padding, ..options },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::{OpCase, Tolerance, devices};
    use rstest::rstest;

    #[rstest]
    fn portable_deformable_convolution_is_pytorchs(#[values(0, 1, 2, 3, 4, 5, 6, 7)] case: usize) {
        let case = OpCase::load(&format!("deform_conv2d_{case}"));
        let masked = case.hyper["version"] == 2;
        let options = DeformConvOptions::new(
            case.pair("stride", 1),
            case.pair("padding", 0),
            case.pair("dilation", 1),
            case.pair("groups", 1)[0],
            case.pair("offset_groups", 1)[0],
        );
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| {
                deform_conv2d(
                    inputs.get("x"),
                    inputs.get("offset"),
                    masked.then(|| inputs.get("mask")),
                    inputs.get("w"),
                    Some(inputs.get("b")),
                    options.clone(),
                )
            });
        }
    }
}
