//! Dense, grouped, strided and dilated convolution in two dimensions.
//!
//! Tensors are `x [batch, in_channels, height, width]`, `w [out_channels, in_channels / groups, kernel...]`,
//! `out [batch, out_channels, output...]`. The forward pass and the gradient of the input are matrix products whose
//! right operand is gathered tile by tile and never exists as a whole.

mod gather;
mod patches;
mod plan;
mod tap_product;
#[cfg(test)]
mod tests;
mod tile;
mod weight_gradient;
mod weights;

use crate::gemm::{Matrix, matmul};
use crate::parallel::{Shared, tasks};

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Images.
    pub batch: usize,
    /// Channels in, a multiple of `groups`.
    pub in_channels: usize,
    /// Channels out, a multiple of `groups`.
    pub out_channels: usize,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Taps down and across.
    pub kernel: [usize; 2],
    /// Distance between outputs, down and across.
    pub stride: [usize; 2],
    /// Zeros before and after the input, down and across.
    pub padding: [(usize, usize); 2],
    /// Distance between taps, down and across.
    pub dilation: [usize; 2],
}

impl Conv2d {
    /// Height and width of the output; 0 where the kernel does not fit.
    pub const fn output(&self) -> [usize; 2] {
        [self.output_side(0), self.output_side(1)]
    }

    const fn output_side(&self, axis: usize) -> usize {
        let padded = self.input[axis] + self.padding[axis].0 + self.padding[axis].1;
        let reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
        if padded < reach {
            0
        } else {
            (padded - reach) / self.stride[axis] + 1
        }
    }

    /// Elements of the input, of the weights and of the output.
    fn lengths(&self) -> [usize; 3] {
        let [height, width] = self.output();
        [
            self.batch * self.in_channels * self.input[0] * self.input[1],
            self.out_channels * (self.in_channels / self.groups) * self.kernel[0] * self.kernel[1],
            self.batch * self.out_channels * height * width,
        ]
    }

    fn check(&self, x: usize, w: usize, out: usize) {
        let sizes = [self.groups, self.kernel[0], self.kernel[1]];
        assert!(
            !sizes
                .iter()
                .chain(&self.stride)
                .chain(&self.dilation)
                .any(|&size| size == 0),
            "{self:?}"
        );
        assert!(
            self.in_channels.is_multiple_of(self.groups) && self.out_channels.is_multiple_of(self.groups),
            "{self:?}"
        );
        assert_eq!(
            [x, w, out],
            self.lengths(),
            "elements of input, weights and output of {self:?}"
        );
    }
}

/// The convolution itself: `out = x * w + bias`.
///
/// # Panics
/// If a slice is not as long as `shape` says.
pub fn forward(shape: &Conv2d, x: &[f32], w: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
    shape.check(x.len(), w.len(), out.len());
    assert!(
        bias.is_none_or(|bias| bias.len() == shape.out_channels),
        "elements of the bias of {shape:?}"
    );
    shape.forward_work(x, w, bias, &[shape.output_gather()], out).run();
}

/// The gradient of the input: `dx` from `grad`, the gradient of the output. With a `bias` for every channel of `dx` it
/// is the forward pass of a transposed convolution.
///
/// # Panics
/// If a slice is not as long as `shape` says.
pub fn input_gradient(shape: &Conv2d, grad: &[f32], w: &[f32], bias: Option<&[f32]>, dx: &mut [f32]) {
    shape.check(dx.len(), w.len(), grad.len());
    assert!(
        bias.is_none_or(|bias| bias.len() == shape.in_channels),
        "elements of the bias of {shape:?}"
    );
    shape
        .input_gradient_work(grad, w, bias, &shape.input_gathers(), dx)
        .run();
}

/// The gradient of the weights: `dw` from the input and `grad`, the gradient of the output.
///
/// # Panics
/// If a slice is not as long as `shape` says.
pub fn weight_gradient(shape: &Conv2d, x: &[f32], grad: &[f32], dw: &mut [f32]) {
    shape.check(x.len(), dw.len(), grad.len());
    if shape.pointwise() && shape.groups == 1 && dw.len() >= MANY_WEIGHTS {
        pointwise_weight_gradient(shape, x, grad, dw);
    } else {
        shape.weight_gradient_work(x, grad, dw).run();
    }
}

/// Weights beyond which a sum for each range of tiles would not stay in the cache.
const MANY_WEIGHTS: usize = 1 << 16;

/// Of a 1x1 convolution in one group: for every image the product of gradient and turned input.
fn pointwise_weight_gradient(shape: &Conv2d, x: &[f32], grad: &[f32], dw: &mut [f32]) {
    let pixels = shape.input[0] * shape.input[1];
    let sizes = [shape.out_channels, shape.in_channels, pixels];
    if shape.batch * pixels == 0 {
        dw.fill(0.0);
        return;
    }
    for image in 0..shape.batch {
        let grad = Matrix::row_major(&grad[image * shape.out_channels * pixels..], pixels);
        let x = Matrix::row_major(&x[image * shape.in_channels * pixels..], pixels);
        matmul(sizes, grad, x.transposed(), dw, image > 0);
    }
}

/// The gradient of the bias: the sums of `grad` over images and pixels.
///
/// # Panics
/// If a slice is not as long as `shape` says.
pub fn bias_gradient(shape: &Conv2d, grad: &[f32], db: &mut [f32]) {
    let [_, _, outputs] = shape.lengths();
    assert_eq!(grad.len(), outputs, "elements of the output of {shape:?}");
    assert_eq!(db.len(), shape.out_channels, "output channels");
    let pixels = shape.output()[0] * shape.output()[1];
    let shared = Shared::new(db);
    tasks(shape.out_channels, grad.len(), |channel| {
        let planes = (0..shape.batch).map(|image| &grad[(image * shape.out_channels + channel) * pixels..][..pixels]);
        let total: f64 = planes.map(plane_sum).sum();
        // SAFETY: every task has a channel of its own.
        let target = unsafe { shared.slice(channel..channel + 1) };
        target[0] = total as f32;
    });
}

/// The sum of a plane, in ranges that are short enough for single precision.
fn plane_sum(plane: &[f32]) -> f64 {
    let range_sum = |values: &[f32]| {
        let mut sums = [0.0f32; 64];
        let mut lines = values.chunks_exact(64);
        for line in &mut lines {
            sums.iter_mut().zip(line).for_each(|(sum, x)| *sum += x);
        }
        let rest = lines.remainder().iter().map(|&x| f64::from(x)).sum::<f64>();
        rest + sums.iter().map(|&x| f64::from(x)).sum::<f64>()
    };
    plane.chunks(1 << 14).map(range_sum).sum()
}
