//! Convolution whose taps are moved by the data.

use burn::tensor::ops::DeformConvOptions;
use burn::tensor::{Device, Int, Tensor};

/// Modulated deformable convolution: every tap of every output position reads the input at its place on the grid plus
/// an offset, bilinearly and 0 outside, and is multiplied by a mask (Zhu et al., arXiv:1811.11168). Without a mask it is
/// the first version (Dai et al., arXiv:1703.06211).
///
/// Burn's own function has wrong gradients of offset and mask on some backends (`ndarray` with more than one offset
/// group, GPUs always), and at a tap exactly one pixel outside, where every border tap is while offsets are still 0, it
/// takes 0 where PyTorch takes the derivative of the inner side. This one is put together from gathering and a matrix
/// product and agrees with PyTorch everywhere.
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
    let [batch, channels, height, width] = input.dims();
    let [_, _, out_height, out_width] = offset.dims();
    let [out_channels, _, kernel_height, kernel_width] = weight.dims();
    let (groups, positions) = (options.offset_groups, out_height * out_width);
    let taps = kernel_height * kernel_width;

    let grid = places(
        &options,
        [kernel_height, kernel_width],
        [out_height, out_width],
        &offset.device(),
    );
    let places = offset.reshape([batch * groups, taps, 2, positions]) + grid;
    let input = input.reshape([batch * groups, channels / groups, height * width]);
    let mut columns = bilinear(input, [height, width], places);
    if let Some(mask) = mask {
        columns = columns * mask.reshape([batch * groups, 1, taps * positions]);
    }

    let groups = options.weight_groups;
    let columns = columns.reshape([batch, groups, channels / groups * taps, positions]);
    let weight = weight.reshape([1, groups, out_channels / groups, channels / groups * taps]);
    let output = weight
        .matmul(columns)
        .reshape([batch, out_channels, out_height, out_width]);
    match bias {
        Some(bias) => output + bias.reshape([1, out_channels, 1, 1]),
        None => output,
    }
}

/// Where the taps of an ordinary convolution lie, row and column: `[1, taps, 2, positions]`.
fn places(options: &DeformConvOptions<2>, kernel: [usize; 2], out: [usize; 2], device: &Device) -> Tensor<4> {
    let [rows, columns] = [0, 1].map(|axis| {
        let range = |len: usize| Tensor::<1, Int>::arange(0..len as i64, device).float();
        let taps = range(kernel[axis]) * options.dilation[axis] as f64 - options.padding[axis] as f64;
        let outputs = range(out[axis]) * options.stride[axis] as f64;
        let mut shapes = [[1; 4]; 2];
        shapes[0][axis] = kernel[axis];
        shapes[1][2 + axis] = out[axis];
        let sums = taps.reshape(shapes[0]) + outputs.reshape(shapes[1]);
        sums.expand([kernel[0], kernel[1], out[0], out[1]])
            .reshape([1, kernel[0] * kernel[1], 1, out[0] * out[1]])
    });
    Tensor::cat(vec![rows, columns], 2)
}

/// Reads images between their pixels; outside they are 0.
///
/// # Shapes
/// - `images`: `[batch, channels, height * width]`
/// - `places`: `[batch, taps, 2, positions]`, row and column
/// - output: `[batch, channels, taps * positions]`
fn bilinear(images: Tensor<3>, [height, width]: [usize; 2], places: Tensor<4>) -> Tensor<3> {
    let [batch, channels, _] = images.dims();
    let [_, taps, _, positions] = places.dims();
    let axis = |axis| places.clone().narrow(2, axis, 1).reshape([batch, 1, taps * positions]);
    let read = |(row, row_weight): &Neighbour, (column, column_weight): &Neighbour| {
        let pixels = (row.clone() * width as i64 + column.clone()).expand([batch, channels, taps * positions]);
        images.clone().gather(2, pixels) * (row_weight.clone() * column_weight.clone())
    };
    let [top, bottom] = neighbours(axis(0), height);
    let [left, right] = neighbours(axis(1), width);
    read(&top, &left) + read(&top, &right) + read(&bottom, &left) + read(&bottom, &right)
}

/// A pixel next to each place along one axis, and how much of it is read.
type Neighbour = (Tensor<3, Int>, Tensor<3>);

/// The pixels before and after each place; nothing is read of those outside.
fn neighbours(places: Tensor<3>, len: usize) -> [Neighbour; 2] {
    let before = places.clone().detach().floor();
    let after = before.clone() + 1.0;
    let share = places - before.clone();
    let neighbour = |pixel: Tensor<3>, share: Tensor<3>| {
        let inside = pixel.clone().greater_equal_elem(0.0).float() * pixel.clone().lower_elem(len as f64).float();
        (pixel.clamp(0.0, (len - 1) as f64).int(), share * inside)
    };
    [neighbour(before, share.clone().neg() + 1.0), neighbour(after, share)]
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
