//! Dense, grouped, depthwise, dilated and transposed convolution.

use burn::tensor::Tensor;
use burn::tensor::module;
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use foreframe_kernels::conv::{self, Conv2d};
use foreframe_kernels::winograd::Tile;
use foreframe_kernels::{depthwise, winograd};
use rayon::prelude::*;

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

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
///
/// # Panics
/// When the shapes do not fit each other; the message names the axis and the numbers.
pub fn conv2d(input: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, options: ConvOptions<2>) -> Tensor<4> {
    let shape = sizes("conv2d", input.dims(), weight.dims(), &options);
    check_bias("conv2d", bias.as_ref(), shape.out_channels);
    if !has_kernel(&input) {
        return module::conv2d(input, weight, bias, options);
    }
    run(Convolution(shape), operands(input, weight, bias))
}

/// The convolution that leads back from the output of [`conv2d`] to the size of its input (PyTorch's
/// `conv_transpose2d`): every input value adds a multiple of the kernel to the output.
///
/// # Shapes
/// - `input`: `[batch, in_channels, height, width]`
/// - `weight`: `[in_channels, out_channels / groups, kernel_height, kernel_width]`
/// - `bias`: `[out_channels]`
/// - output: `[batch, out_channels, out_height, out_width]` with
///   `out_height = (height - 1) * stride - 2 * padding + dilation * (kernel_height - 1) + padding_out + 1`
///
/// # Panics
/// When the shapes do not fit each other, or `padding_out` is not below the stride; the message names the axis and the
/// numbers.
pub fn conv_transpose2d(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvTransposeOptions<2>,
) -> Tensor<4> {
    let shape = transposed_sizes(input.dims(), weight.dims(), &options);
    check_bias("conv_transpose2d", bias.as_ref(), shape.in_channels);
    if !has_kernel(&input) {
        return module::conv_transpose2d(input, weight, bias, options);
    }
    run(Transposed(shape), operands(input, weight, bias))
}

fn operands(input: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Operands<burn::backend::Dispatch> {
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    match bias {
        Some(bias) => Operands::Three(input, weight, bias.into_dispatch()),
        None => Operands::Two(input, weight),
    }
}

/// The sizes of a convolution whose tensors fit each other; `op` refuses others.
pub(crate) fn sizes(op: &str, input: [usize; 4], weight: [usize; 4], options: &ConvOptions<2>) -> Conv2d {
    let [batch, in_channels, height, width] = input;
    let [out_channels, per_group, kernel_height, kernel_width] = weight;
    let groups = options.groups;
    assert!(groups > 0, "{op}: 0 groups");
    assert!(
        per_group * groups == in_channels,
        "{op}: the input has {in_channels} channels (axis 1), the weight takes {} ({groups} groups of {per_group})",
        per_group * groups
    );
    assert!(
        out_channels.is_multiple_of(groups),
        "{op}: the weight has {out_channels} output channels (axis 0), which {groups} groups do not divide"
    );
    let shape = Conv2d {
        batch,
        in_channels,
        out_channels,
        groups,
        input: [height, width],
        kernel: [kernel_height, kernel_width],
        stride: options.stride,
        padding: options.padding,
        dilation: options.dilation,
    };
    for axis in 0..2 {
        let (kernel, stride, dilation) = (shape.kernel[axis], shape.stride[axis], shape.dilation[axis]);
        assert!(
            kernel > 0 && stride > 0 && dilation > 0,
            "{op}: kernel {kernel}, stride {stride} and dilation {dilation} of axis {} must not be 0",
            axis + 2
        );
        let padded = shape.input[axis] + shape.padding[axis].0 + shape.padding[axis].1;
        let reach = dilation * (kernel - 1) + 1;
        assert!(
            reach <= padded,
            "{op}: {kernel} taps {dilation} apart reach over {reach}, and axis {} has {padded} with its padding",
            axis + 2
        );
    }
    shape
}

/// The sizes of the convolution that a transposed one leads back from: its input is our output.
fn transposed_sizes(input: [usize; 4], weight: [usize; 4], options: &ConvTransposeOptions<2>) -> Conv2d {
    let op = "conv_transpose2d";
    let [batch, channels, height, width] = input;
    let side = |axis: usize, len: usize| {
        let (stride, kernel) = (options.stride[axis], weight[axis + 2]);
        let extra = options.padding_out[axis];
        assert!(
            extra < stride,
            "{op}: padding_out {extra} of axis {} is not below the stride {stride}",
            axis + 2
        );
        assert!(
            len > 0 && kernel > 0,
            "{op}: axis {} has {len} values and {kernel} taps",
            axis + 2
        );
        let reach = (len - 1) * stride + options.dilation[axis] * (kernel - 1) + extra + 1;
        let padding = 2 * options.padding[axis];
        assert!(
            reach > padding,
            "{op}: a padding of {padding} takes away all {reach} values of axis {}",
            axis + 2
        );
        reach - padding
    };
    let output = [side(0, height), side(1, width)];
    assert!(
        channels == weight[0],
        "{op}: the input has {channels} channels (axis 1), the weight takes {} (axis 0)",
        weight[0]
    );
    let forward = ConvOptions::new(options.stride, options.padding, options.dilation, options.groups);
    let [out_height, out_width] = output;
    sizes(
        op,
        [batch, weight[1] * options.groups, out_height, out_width],
        weight,
        &forward,
    )
}

fn check_bias(op: &str, bias: Option<&Tensor<1>>, channels: usize) {
    if let Some(bias) = bias {
        let [found] = bias.dims();
        assert!(found == channels, "{op}: {found} biases for {channels} output channels");
    }
}

#[derive(Debug)]
struct Convolution(Conv2d);

impl Convolution {
    fn output_shape(&self) -> [usize; 4] {
        let [height, width] = self.0.output();
        [self.0.batch, self.0.out_channels, height, width]
    }
}

impl Convolution {
    fn run(&self, inputs: &[Floats], tile: Tile) -> Floats {
        let (x, w) = (inputs[0].values(), inputs[1].values());
        let bias = inputs.get(2).map(Floats::values);
        Floats::filled(self.output_shape(), |out| convolve(&self.0, x, w, bias, tile, out))
    }
}

impl DifferentiableKernel for Convolution {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        (self.run(inputs, Tile::Large), Vec::new())
    }

    /// Forecasts are compared digit by digit, so they round less.
    fn infer(&self, inputs: &[Floats]) -> Floats {
        self.run(inputs, Tile::Small)
    }

    fn keeps(&self, input: usize) -> bool {
        input < 2
    }

    /// A depthwise 3x3 kernel takes hardly longer than an activation.
    fn cheap(&self) -> bool {
        depthwise::fits(&self.0) && self.0.kernel.iter().product::<usize>() <= 9
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let (x, w, g) = (known.input(0), known.input(1), gradient.values());
        let shape = &self.0;
        let dx = known.gradient(0, input_shape(shape), |dx| input_gradient(shape, g, w, dx));
        let dw = known.gradient(1, weight_shape(shape), |dw| weight_gradient(shape, x, g, dw));
        let db = known.gradient(2, [shape.out_channels], |db| conv::bias_gradient(shape, g, db));
        vec![dx, dw, db]
    }
}

/// The convolution of `x` by the fastest way there is.
pub(crate) fn convolve(shape: &Conv2d, x: &[f32], w: &[f32], bias: Option<&[f32]>, tile: Tile, out: &mut [f32]) {
    match Algorithm::of(shape) {
        Algorithm::Depthwise => depthwise::forward(shape, x, w, bias, out),
        Algorithm::Winograd => {
            winograd::forward(shape, x, w, bias, tile, out);
            if !all_finite(out) {
                conv::forward(shape, x, w, bias, out);
            }
        }
        Algorithm::Product => conv::forward(shape, x, w, bias, out),
    }
}

/// The gradient of a convolution's input from that of its output.
pub(crate) fn input_gradient(shape: &Conv2d, g: &[f32], w: &[f32], dx: &mut [f32]) {
    match Algorithm::of(shape) {
        Algorithm::Depthwise => depthwise::input_gradient(shape, g, w, dx),
        Algorithm::Winograd => {
            winograd::input_gradient(shape, g, w, None, dx);
            if !all_finite(dx) {
                conv::input_gradient(shape, g, w, None, dx);
            }
        }
        Algorithm::Product => conv::input_gradient(shape, g, w, None, dx),
    }
}

/// The gradient of a convolution's weights from its input and the gradient of its output.
pub(crate) fn weight_gradient(shape: &Conv2d, x: &[f32], g: &[f32], dw: &mut [f32]) {
    match Algorithm::of(shape) {
        Algorithm::Depthwise => depthwise::weight_gradient(shape, x, g, dw),
        Algorithm::Winograd => {
            winograd::weight_gradient(shape, x, g, dw);
            if !all_finite(dw) {
                conv::weight_gradient(shape, x, g, dw);
            }
        }
        Algorithm::Product => conv::weight_gradient(shape, x, g, dw),
    }
}

/// A convolution the other way round: what it computes is the input gradient of `0`.
#[derive(Debug)]
struct Transposed(Conv2d);

impl DifferentiableKernel for Transposed {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let bias = inputs.get(2).map(Floats::values);
        let output = Floats::filled(input_shape(&self.0), |out| {
            conv::input_gradient(&self.0, inputs[0].values(), inputs[1].values(), bias, out);
        });
        (output, Vec::new())
    }

    fn keeps(&self, input: usize) -> bool {
        input < 2
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let (x, w, g) = (known.input(0), known.input(1), gradient.values());
        let shape = &self.0;
        let [height, width] = shape.output();
        let dx = known.gradient(0, [shape.batch, shape.out_channels, height, width], |dx| {
            conv::forward(shape, g, w, None, dx);
        });
        let dw = known.gradient(1, weight_shape(shape), |dw| conv::weight_gradient(shape, g, x, dw));
        let db = known.gradient(2, [shape.in_channels], |db| {
            channel_sums(input_shape(shape), g, db);
        });
        vec![dx, dw, db]
    }
}

/// The sums of every channel of `images`, which is the gradient of a bias.
pub(crate) fn channel_sums([batch, channels, height, width]: [usize; 4], images: &[f32], sums: &mut [f32]) {
    let added = Conv2d {
        batch,
        in_channels: channels,
        out_channels: channels,
        groups: 1,
        input: [height, width],
        kernel: [1, 1],
        stride: [1, 1],
        padding: [(0, 0); 2],
        dilation: [1, 1],
    };
    conv::bias_gradient(&added, images, sums);
}

const fn input_shape(shape: &Conv2d) -> [usize; 4] {
    [shape.batch, shape.in_channels, shape.input[0], shape.input[1]]
}

pub(crate) const fn weight_shape(shape: &Conv2d) -> [usize; 4] {
    let [height, width] = shape.kernel;
    [shape.out_channels, shape.in_channels / shape.groups, height, width]
}

/// Whether no number is infinite or NaN.
fn all_finite(values: &[f32]) -> bool {
    const INFINITE: u32 = 0x7f80_0000;
    let largest = |chunk: &[f32]| {
        chunk
            .iter()
            .fold(0, |largest, x| largest.max(x.to_bits() & 0x7fff_ffff))
    };
    values.par_chunks(1 << 15).all(|chunk| largest(chunk) < INFINITE)
}

/// The fastest of the ways that can compute a convolution.
enum Algorithm {
    /// Plane by plane.
    Depthwise,
    /// With fewer multiplications. A number that is not finite spoils its whole tile, so such results are computed again.
    Winograd,
    /// As a product of matrices.
    Product,
}

impl Algorithm {
    fn of(shape: &Conv2d) -> Self {
        if depthwise::fits(shape) {
            Self::Depthwise
        } else if winograd::fits(shape) {
            Self::Winograd
        } else {
            Self::Product
        }
    }
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
