//! Winograd's convolution: fewer multiplications for kernels of 3 by 3 and 5 by 5 taps at stride 1.
//!
//! Tiles of 6 by 6 pixels (8 by 8 for 5 by 5 taps) are transformed so that 36 (64) products give 4 by 4 outputs, where
//! the plain sum takes 144 (400). Products of all tiles with all kernels at one of these points are a matrix product.
//!
//! Sums and differences of products round more than the plain sum does: for uniform random numbers the largest error
//! is about 3e-6 (1e-5) of the largest result, whatever the number of channels or pixels. For 5 by 5 taps there are tiles of
//! 6 by 6 pixels too, whose 36 products give 2 by 2 outputs with an error of about 3e-6. A number that is not finite
//! spreads over all outputs of the tiles that see it.

mod apply;
mod kernels;
mod multiply;
mod planes;
mod tiles;
mod transform;
mod weight_gradient;

#[cfg(test)]
mod tests;

use pulp::{Arch, Simd, WithSimd};

use self::apply::Apply;
use self::kernels::Kernels;
use self::tiles::Images;
use self::weight_gradient::WeightGradient;
use crate::conv::Conv2d;

/// Whether these functions can compute a convolution at all.
fn supports(shape: &Conv2d) -> bool {
    matches!(shape.kernel, [3, 3] | [5, 5]) && shape.stride == [1, 1] && shape.dilation == [1, 1] && shape.groups == 1
}

/// Whether these functions can compute a convolution and are faster than those of [`conv`](crate::conv) in both
/// directions together: with few channels the transforms cost more than the products, with few pixels those of the
/// kernels do. The batch does not count, so that an image is convolved the same in any company.
pub fn fits(shape: &Conv2d) -> bool {
    if !supports(shape) || shape.batch == 0 {
        return false;
    }
    let taps = shape.kernel[0] * shape.kernel[1];
    let points = if shape.kernel[0] == 3 { 6 * 6 } else { 8 * 8 };
    let [height, width] = shape.output();
    let tiles = height.div_ceil(4) * width.div_ceil(4);
    shape.in_channels.min(shape.out_channels) >= 8
        && shape.in_channels * shape.out_channels >= 1024
        && height * width >= 64
        && tiles * points * 3 <= height * width * taps * 2
}

/// How large the tiles of 5 by 5 taps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// 4 by 4 outputs: the fewest multiplications.
    Large,
    /// 2 by 2 outputs: twice as many, with a third of the rounding error.
    Small,
}

/// Convolves `x`, `[batch, in_channels, height, width]`, with `w`, `[out_channels, in_channels, kernel...]`.
///
/// # Panics
/// If a slice does not have the length that `shape` gives it, or `shape` is not for this algorithm.
pub fn forward(shape: &Conv2d, x: &[f32], w: &[f32], bias: Option<&[f32]>, tile: Tile, out: &mut [f32]) {
    Arch::new().dispatch(Forward {
        shape,
        x,
        w,
        bias,
        tile,
        out,
    });
}

/// The gradient of the convolution's input, from that of its output. With a `bias` for every channel of `dx` it is the
/// forward pass of a transposed convolution.
///
/// # Panics
/// As [`forward`].
pub fn input_gradient(shape: &Conv2d, grad: &[f32], w: &[f32], bias: Option<&[f32]>, dx: &mut [f32]) {
    Arch::new().dispatch(InputGradient {
        shape,
        grad,
        w,
        bias,
        dx,
    });
}

/// The gradient of the convolution's kernels, from its input and the gradient of its output.
///
/// # Panics
/// As [`forward`].
pub fn weight_gradient(shape: &Conv2d, x: &[f32], grad: &[f32], dw: &mut [f32]) {
    Arch::new().dispatch(KernelGradient { shape, x, grad, dw });
}

fn check(shape: &Conv2d, input: &[f32], kernel: &[f32], output: &[f32]) {
    assert!(supports(shape), "not a convolution for Winograd's algorithm: {shape:?}");
    let pixels = |[height, width]: [usize; 2]| shape.batch * height * width;
    assert_eq!(
        input.len(),
        pixels(shape.input) * shape.in_channels,
        "elements of the input"
    );
    let taps = shape.kernel[0] * shape.kernel[1];
    assert_eq!(
        kernel.len(),
        shape.out_channels * shape.in_channels * taps,
        "elements of the kernels"
    );
    assert_eq!(
        output.len(),
        pixels(shape.output()) * shape.out_channels,
        "elements of the output"
    );
}

struct Forward<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    w: &'a [f32],
    bias: Option<&'a [f32]>,
    tile: Tile,
    out: &'a mut [f32],
}

impl Forward<'_> {
    fn run<S: Simd, const N: usize, const M: usize, const R: usize>(self, simd: S) {
        let shape = self.shape;
        Apply::<N, M, R> {
            images: Images {
                values: self.x,
                channels: shape.in_channels,
                size: shape.input,
            },
            batch: shape.batch,
            kernels: Kernels {
                values: self.w,
                outputs: shape.out_channels,
                inputs: shape.in_channels,
                turned: false,
            },
            bias: self.bias,
            padding: shape.padding.map(|(before, _)| before as isize),
            size: shape.output(),
            target: self.out,
        }
        .with_simd(simd);
    }
}

impl WithSimd for Forward<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        check(self.shape, self.x, self.w, self.out);
        if let Some(bias) = self.bias {
            assert_eq!(bias.len(), self.shape.out_channels, "elements of the bias");
        }
        match (self.shape.kernel[0], self.tile) {
            (3, _) => self.run::<S, 6, 4, 3>(simd),
            (_, Tile::Large) => self.run::<S, 8, 4, 5>(simd),
            (_, Tile::Small) => self.run::<S, 6, 2, 5>(simd),
        }
    }
}

struct InputGradient<'a> {
    shape: &'a Conv2d,
    grad: &'a [f32],
    w: &'a [f32],
    bias: Option<&'a [f32]>,
    dx: &'a mut [f32],
}

impl InputGradient<'_> {
    /// A convolution of the gradient with the turned kernels, and with the padding that makes it as large as the input.
    fn run<S: Simd, const N: usize, const M: usize, const R: usize>(self, simd: S) {
        let shape = self.shape;
        Apply::<N, M, R> {
            images: Images {
                values: self.grad,
                channels: shape.out_channels,
                size: shape.output(),
            },
            batch: shape.batch,
            kernels: Kernels {
                values: self.w,
                outputs: shape.in_channels,
                inputs: shape.out_channels,
                turned: true,
            },
            bias: self.bias,
            padding: shape.padding.map(|(before, _)| R as isize - 1 - before as isize),
            size: shape.input,
            target: self.dx,
        }
        .with_simd(simd);
    }
}

impl WithSimd for InputGradient<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        check(self.shape, self.dx, self.w, self.grad);
        if let Some(bias) = self.bias {
            assert_eq!(bias.len(), self.shape.in_channels, "elements of the bias");
        }
        match self.shape.kernel[0] {
            3 => self.run::<S, 6, 4, 3>(simd),
            _ => self.run::<S, 8, 4, 5>(simd),
        }
    }
}

struct KernelGradient<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    grad: &'a [f32],
    dw: &'a mut [f32],
}

impl KernelGradient<'_> {
    fn run<S: Simd, const N: usize, const M: usize, const R: usize>(self, simd: S) {
        let shape = self.shape;
        WeightGradient::<N, M, R> {
            batch: shape.batch,
            images: Images {
                values: self.x,
                channels: shape.in_channels,
                size: shape.input,
            },
            grads: Images {
                values: self.grad,
                channels: shape.out_channels,
                size: shape.output(),
            },
            padding: shape.padding.map(|(before, _)| before as isize),
            target: self.dw,
        }
        .with_simd(simd);
    }
}

impl WithSimd for KernelGradient<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        check(self.shape, self.x, self.dw, self.grad);
        match self.shape.kernel[0] {
            3 => self.run::<S, 6, 4, 3>(simd),
            _ => self.run::<S, 8, 4, 5>(simd),
        }
    }
}
