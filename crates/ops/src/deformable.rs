//! Convolution whose taps are moved by the data.

use burn::tensor::ops::{ConvOptions, DeformConvOptions};
use burn::tensor::{DType, Device, Int, Tensor};
use foreframe_kernels::deform::{self, DeformConv2d, Gradients};

use crate::convolution::{self, channel_sums};
use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

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
///
/// # Panics
/// When the shapes do not fit each other; the message names the tensor and the numbers.
pub fn deform_conv2d(
    input: Tensor<4>,
    offset: Tensor<4>,
    mask: Option<Tensor<4>>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: DeformConvOptions<2>,
) -> Tensor<4> {
    let shape = sizes(input.dims(), weight.dims(), &options);
    check(
        &shape,
        offset.dims(),
        mask.as_ref().map(Tensor::dims),
        bias.as_ref().map(Tensor::dims),
    );
    if has_kernel(&input) {
        return fast(shape, input, offset, mask, weight, bias);
    }
    let dtype = input.dtype();
    if dtype != DType::F32 {
        // Places between pixels need more than the 8 bits of a bfloat16.
        let [input, offset, weight] = [input, offset, weight].map(|tensor| tensor.cast(DType::F32));
        let mask = mask.map(|mask| mask.cast(DType::F32));
        let bias = bias.map(|bias| bias.cast(DType::F32));
        return deform_conv2d(input, offset, mask, weight, bias, options).cast(dtype);
    }
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

fn sizes(input: [usize; 4], weight: [usize; 4], options: &DeformConvOptions<2>) -> DeformConv2d {
    let plain = ConvOptions::new(options.stride, options.padding, options.dilation, options.weight_groups);
    let shape = convolution::sizes("deform_conv2d", input, weight, &plain);
    let (offset_groups, in_channels) = (options.offset_groups, shape.in_channels);
    assert!(
        offset_groups > 0 && in_channels.is_multiple_of(offset_groups),
        "deform_conv2d: {offset_groups} offset groups do not divide {in_channels} channels (axis 1)"
    );
    DeformConv2d {
        batch: shape.batch,
        in_channels,
        out_channels: shape.out_channels,
        groups: shape.groups,
        offset_groups,
        input: shape.input,
        kernel: shape.kernel,
        stride: options.stride,
        padding: options.padding,
        dilation: options.dilation,
    }
}

fn check(shape: &DeformConv2d, offset: [usize; 4], mask: Option<[usize; 4]>, bias: Option<[usize; 1]>) {
    let [height, width] = shape.output();
    let taps = shape.offset_groups * shape.kernel[0] * shape.kernel[1];
    let expected = |channels| [shape.batch, channels, height, width];
    assert!(
        offset == expected(2 * taps),
        "deform_conv2d: `offset` has shape {offset:?} and should have {:?}",
        expected(2 * taps)
    );
    if let Some(mask) = mask {
        assert!(
            mask == expected(taps),
            "deform_conv2d: `mask` has shape {mask:?} and should have {:?}",
            expected(taps)
        );
    }
    if let Some([biases]) = bias {
        let channels = shape.out_channels;
        assert!(
            biases == channels,
            "deform_conv2d: {biases} biases for {channels} output channels"
        );
    }
}

fn fast(
    shape: DeformConv2d,
    input: Tensor<4>,
    offset: Tensor<4>,
    mask: Option<Tensor<4>>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
) -> Tensor<4> {
    let kernel = Deformable {
        shape,
        masked: mask.is_some(),
        biased: bias.is_some(),
    };
    let (input, offset, weight) = (input.into_dispatch(), offset.into_dispatch(), weight.into_dispatch());
    let (mask, bias) = (mask.map(Tensor::into_dispatch), bias.map(Tensor::into_dispatch));
    let operands = match (mask, bias) {
        (None, None) => Operands::Three(input, offset, weight),
        (Some(last), None) | (None, Some(last)) => Operands::Four(input, offset, weight, last),
        (Some(mask), Some(bias)) => Operands::Five(input, offset, weight, mask, bias),
    };
    run(kernel, operands)
}

/// Inputs: images, offset, weight, the mask if any, the bias if any.
#[derive(Debug)]
struct Deformable {
    shape: DeformConv2d,
    masked: bool,
    biased: bool,
}

impl Deformable {
    const fn bias_index(&self) -> usize {
        3 + self.masked as usize
    }
}

impl DifferentiableKernel for Deformable {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [x, offset, w] = [0, 1, 2].map(|index: usize| inputs[index].values());
        let mask = self.masked.then(|| inputs[3].values());
        let bias = self.biased.then(|| inputs[self.bias_index()].values());
        let [height, width] = self.shape.output();
        let output = Floats::filled([self.shape.batch, self.shape.out_channels, height, width], |out| {
            deform::forward(&self.shape, x, offset, mask, w, bias, out);
        });
        (output, Vec::new())
    }

    fn keeps(&self, input: usize) -> bool {
        input < self.bias_index()
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let DeformConv2d {
            batch,
            in_channels,
            out_channels,
            groups,
            offset_groups,
            ..
        } = self.shape;
        let ([kernel_height, kernel_width], [height, width]) = (self.shape.kernel, self.shape.output());
        let [x, offset, w] = [0, 1, 2].map(|index: usize| known.input(index));
        let mask = self.masked.then(|| known.input(3));
        let wants = [0, 1, 2, 3].map(|index| known.wants(index) && index < self.bias_index());
        let lens = [0, 1, 2, 3].map(|index: usize| if wants[index] { known.input(index).len() } else { 0 });
        let [dx, d_offset, dw, d_mask] = Floats::filled_together(lens, |[dx, doffset, dw, dmask]| {
            let gradients = Gradients {
                dx: wants[0].then_some(dx),
                doffset: wants[1].then_some(doffset),
                dw: wants[2].then_some(dw),
                dmask: wants[3].then_some(dmask),
            };
            deform::gradients(&self.shape, x, offset, mask, w, gradient.values(), gradients);
        });
        let taps = offset_groups * kernel_height * kernel_width;
        let [input_height, input_width] = self.shape.input;
        let weight = [out_channels, in_channels / groups, kernel_height, kernel_width];
        let mut found = vec![
            wants[0].then(|| dx.reshaped([batch, in_channels, input_height, input_width])),
            wants[1].then(|| d_offset.reshaped([batch, 2 * taps, height, width])),
            wants[2].then(|| dw.reshaped(weight)),
        ];
        if self.masked {
            found.push(wants[3].then(|| d_mask.reshaped([batch, taps, height, width])));
        }
        if self.biased {
            found.push(known.gradient(self.bias_index(), [out_channels], |db| {
                channel_sums([batch, out_channels, height, width], gradient.values(), db);
            }));
        }
        found
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
    let read = |(row, row_weight): &Neighbor, (column, column_weight): &Neighbor| {
        let pixels = (row.clone() * width as i64 + column.clone()).expand([batch, channels, taps * positions]);
        images.clone().gather(2, pixels) * (row_weight.clone() * column_weight.clone())
    };
    let [top, bottom] = neighbors(axis(0), height);
    let [left, right] = neighbors(axis(1), width);
    read(&top, &left) + read(&top, &right) + read(&bottom, &left) + read(&bottom, &right)
}

/// A pixel next to each place along one axis, and how much of it is read.
type Neighbor = (Tensor<3, Int>, Tensor<3>);

/// The pixels before and after each place; nothing is read of those outside.
fn neighbors(places: Tensor<3>, len: usize) -> [Neighbor; 2] {
    let before = places.clone().detach().floor();
    let after = before.clone() + 1.0;
    let share = places - before.clone();
    let neighbor = |pixel: Tensor<3>, share: Tensor<3>| {
        let inside = pixel.clone().greater_equal_elem(0.0).float() * pixel.clone().lower_elem(len as f64).float();
        (pixel.clamp(0.0, (len - 1) as f64).int(), share * inside)
    };
    [neighbor(before, share.clone().neg() + 1.0), neighbor(after, share)]
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
