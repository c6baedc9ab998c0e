//! Deformable convolution: a convolution whose taps are moved by the data (Dai et al., arXiv:1703.06211) and weighted by
//! a mask (Zhu et al., arXiv:1811.11168).
//!
//! Sampled values are gathered into columns, and a matrix product does the rest. Pixels are gathered from images laid
//! out with channels last, so that one place is looked up once and then read for many channels in order.

mod chunk;
mod gradients;
mod image;
mod read;
#[cfg(test)]
mod tests;

use pulp::{Arch, Simd, WithSimd};

pub use gradients::{Gradients, gradients};

use crate::gemm::{
    Matrix, Scratch, Start, Target, block_at, pack_columns, pack_rows, packed_columns_len, packed_rows_len,
};
use crate::parallel::tasks;
use chunk::{Chunk, channels_last};
use read::{Read, reads};

/// Output pixels whose columns are built at once, so that they stay in the cache until they are multiplied.
const TILE: usize = 96;

/// Room for a vector that begins at the last element.
const SLACK: usize = 64;

/// Sizes of a deformable convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeformConv2d {
    /// Images.
    pub batch: usize,
    /// Channels in, a multiple of `groups` and of `offset_groups`.
    pub in_channels: usize,
    /// Channels out, a multiple of `groups`.
    pub out_channels: usize,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Groups of input channels that have offsets and masks of their own.
    pub offset_groups: usize,
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Taps down and across.
    pub kernel: [usize; 2],
    /// Distance between outputs, down and across.
    pub stride: [usize; 2],
    /// Zeros around the input, above and below, left and right.
    pub padding: [usize; 2],
    /// Distance between taps before they are moved, down and across.
    pub dilation: [usize; 2],
}

impl DeformConv2d {
    /// Height and width of the output; 0 where the kernel does not fit.
    pub const fn output(&self) -> [usize; 2] {
        [self.output_side(0), self.output_side(1)]
    }

    const fn output_side(&self, axis: usize) -> usize {
        let padded = self.input[axis] + 2 * self.padding[axis];
        let reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
        if padded < reach {
            0
        } else {
            (padded - reach) / self.stride[axis] + 1
        }
    }

    const fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    const fn in_pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    const fn out_pixels(&self) -> usize {
        let [height, width] = self.output();
        height * width
    }

    /// Out channels of a group.
    const fn group_out(&self) -> usize {
        self.out_channels / self.groups
    }

    const fn weights(&self) -> usize {
        self.out_channels * (self.in_channels / self.groups) * self.taps()
    }

    /// Fails unless all slices are as long as the sizes say.
    fn check(&self, inputs: &Inputs, w: &[f32]) {
        let divided = self.in_channels.is_multiple_of(self.groups) && self.out_channels.is_multiple_of(self.groups);
        assert!(
            divided && self.in_channels.is_multiple_of(self.offset_groups),
            "{self:?}: groups"
        );
        assert!(self.in_pixels() <= u32::MAX as usize, "{self:?}: too many pixels");
        let places = self.batch * self.offset_groups * self.taps() * self.out_pixels();
        assert_eq!(inputs.x.len(), self.batch * self.in_channels * self.in_pixels(), "x");
        assert_eq!(inputs.offset.len(), 2 * places, "offset");
        assert!(inputs.mask.is_none_or(|mask| mask.len() == places), "mask");
        assert_eq!(w.len(), self.weights(), "w");
    }
}

/// The arrays that the columns are gathered from.
#[derive(Clone, Copy)]
struct Inputs<'a> {
    x: &'a [f32],
    offset: &'a [f32],
    mask: Option<&'a [f32]>,
}

/// Convolves `x` at moved places; outside it is 0.
///
/// # Shapes
/// - `x`: `[batch, in_channels, height, width]`
/// - `offset`: `[batch, 2 * offset_groups * taps, out_height, out_width]`, in pixels, down and right alternating tap by tap
/// - `mask`: `[batch, offset_groups * taps, out_height, out_width]`
/// - `w`: `[out_channels, in_channels / groups, kernel_height, kernel_width]`
/// - `bias`: `[out_channels]`
/// - `out`: `[batch, out_channels, out_height, out_width]`
pub fn forward(
    shape: &DeformConv2d,
    x: &[f32],
    offset: &[f32],
    mask: Option<&[f32]>,
    w: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let inputs = Inputs { x, offset, mask };
    shape.check(&inputs, w);
    assert!(bias.is_none_or(|bias| bias.len() == shape.out_channels), "bias");
    assert_eq!(out.len(), shape.batch * shape.out_channels * shape.out_pixels(), "out");
    if out.is_empty() {
        return;
    }
    if x.is_empty() {
        for (channel, out) in out.chunks_exact_mut(shape.out_pixels()).enumerate() {
            out.fill(bias.map_or(0.0, |bias| bias[channel % shape.out_channels]));
        }
        return;
    }
    Arch::new().dispatch(Forward {
        shape,
        inputs,
        w,
        bias,
        out,
    });
}

struct Forward<'a> {
    shape: &'a DeformConv2d,
    inputs: Inputs<'a>,
    w: &'a [f32],
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            shape,
            inputs,
            w,
            bias,
            out,
        } = self;
        let chunks = Chunk::all(shape);
        let rows = |chunk: &Chunk| packed_rows_len::<S>(shape.group_out(), shape.taps() * chunk.len);
        let packed_len: usize = chunks.iter().map(rows).sum();
        let tiles = shape.out_pixels().div_ceil(TILE);
        let out = Target::new(out);
        let mut scratch = Scratch::new(inputs.x.len() + SLACK + packed_len);
        let (x, mut packed) = scratch.split_at_mut(inputs.x.len() + SLACK);
        channels_last(shape, &chunks, inputs.x, x);
        let weights: Vec<&[f32]> = chunks
            .iter()
            .map(|chunk| {
                let k = shape.taps() * chunk.len;
                let own = packed.split_off_mut(..rows(chunk)).unwrap_or_default();
                let w = chunk.weights(shape, w);
                pack_rows(simd, [shape.group_out(), k], Matrix::row_major(&w, k), own);
                &*own
            })
            .collect();
        tasks(shape.batch * tiles, inputs.x.len() * shape.taps(), |task| {
            let longest = shape.taps() * chunks.iter().map(|chunk| chunk.len).max().unwrap_or(0);
            let packed_len = packed_columns_len::<S>(TILE, longest);
            let mut scratch = Scratch::new(packed_len + TILE * longest + SLACK);
            let (packed, columns) = scratch.split_at_mut(packed_len);
            simd.vectorize(ForwardTile {
                shape,
                inputs: Inputs { x, ..inputs },
                chunks: &chunks,
                weights: &weights,
                bias,
                image: task / tiles,
                tile: task % tiles,
                packed,
                columns,
                out,
            });
        });
    }
}

/// Some output pixels of an image.
struct ForwardTile<'a> {
    shape: &'a DeformConv2d,
    /// With `x` in chunks of channels, channels last.
    inputs: Inputs<'a>,
    chunks: &'a [Chunk],
    weights: &'a [&'a [f32]],
    bias: Option<&'a [f32]>,
    image: usize,
    tile: usize,
    packed: &'a mut [f32],
    columns: &'a mut [f32],
    out: Target,
}

impl WithSimd for ForwardTile<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            shape,
            inputs,
            image,
            packed,
            columns,
            ..
        } = self;
        let pixels = self.tile * TILE..shape.out_pixels().min((self.tile + 1) * TILE);
        let (n, out_pixels) = (pixels.len(), shape.out_pixels());
        let mut read = Vec::with_capacity(n * shape.taps());
        let mut found = None;
        for (chunk, weights) in self.chunks.iter().zip(self.weights) {
            if found != Some(chunk.offset_group) {
                reads(shape, &inputs, [image, chunk.offset_group], pixels.clone(), &mut read);
                found = Some(chunk.offset_group);
            }
            let k = shape.taps() * chunk.len;
            gather(simd, &inputs.x[chunk.start(shape, image)..], chunk.len, &read, columns);
            pack_columns(simd, [k, n], Matrix::row_major(columns, k).transposed(), packed);
            let start = match self.bias {
                _ if !chunk.first_of_group(shape) => Start::Target,
                Some(bias) => Start::Bias(&bias[chunk.group * shape.group_out()..]),
                None => Start::Zero,
            };
            let first = image * shape.out_channels + chunk.group * shape.group_out();
            // SAFETY: these pixels of these channels exist, and no other task has them.
            unsafe {
                let out = self.out.at(first * out_pixels + pixels.start);
                block_at(simd, [shape.group_out(), n, k], weights, packed, out, out_pixels, start);
            }
        }
    }
}

/// Reads the channels of a chunk at every place, one after the other. Writes up to a vector more than that.
#[inline(always)]
fn gather<S: Simd>(simd: S, x: &[f32], channels: usize, reads: &[Read], columns: &mut [f32]) {
    let wide = channels.next_multiple_of(S::F32_LANES);
    for (i, Read { place, mask }) in reads.iter().enumerate() {
        let corners = place
            .pixels
            .map(|pixel| S::as_simd_f32s(&x[pixel as usize * channels..][..wide]).0);
        let [a, b, c, d] = place.weights();
        let weights = [
            simd.splat_f32s(a),
            simd.splat_f32s(b),
            simd.splat_f32s(c),
            simd.splat_f32s(d),
        ];
        let mask = simd.splat_f32s(*mask);
        // Values written beyond its channels are overwritten by the next place.
        let columns = S::as_mut_simd_f32s(&mut columns[i * channels..][..wide]).0;
        for (v, column) in columns.iter_mut().enumerate() {
            let top = simd.mul_f32s(corners[0][v], weights[0]);
            let top = simd.mul_add_e_f32s(corners[1][v], weights[1], top);
            let bottom = simd.mul_f32s(corners[2][v], weights[2]);
            let bottom = simd.mul_add_e_f32s(corners[3][v], weights[3], bottom);
            *column = simd.mul_f32s(simd.add_f32s(top, bottom), mask);
        }
    }
}
