//! Gradients of a chunk of channels of an image.

use pulp::{Simd, WithSimd};

use super::chunk::{Chunk, transpose};
use super::read::{Read, reads};
use super::{DeformConv2d, Inputs, SLACK, TILE, gather};
use crate::gemm::{Matrix, Start, block, pack_columns, pack_rows, packed_columns_len, packed_rows_len};

/// A chunk of channels in a part of the batch.
pub(super) struct ChunkWork<'a> {
    pub(super) shape: &'a DeformConv2d,
    /// With `x` in chunks of channels, channels last.
    pub(super) inputs: Inputs<'a>,
    pub(super) grad: &'a [f32],
    pub(super) chunk: &'a Chunk,
    pub(super) weights: &'a [f32],
    /// Gradient of the weights: `[group_out, taps, channels]`.
    pub(super) sums: Option<&'a mut [f32]>,
}

/// Memory for the work on an image.
pub(super) struct ChunkScratch<'a> {
    /// The gradient of the output, packed.
    rows: &'a mut [f32],
    /// The samples, packed.
    packed: &'a mut [f32],
    /// The samples, or their gradient: `[pixels, taps, channels]`.
    columns: &'a mut [f32],
    /// Gradient of the input, channels last.
    last: &'a mut [f32],
}

impl<'a> ChunkScratch<'a> {
    fn lens<S: Simd>(shape: &DeformConv2d, chunk: &Chunk) -> [usize; 4] {
        let k = shape.taps() * chunk.len;
        [
            packed_rows_len::<S>(TILE, shape.group_out()).max(packed_rows_len::<S>(shape.group_out(), TILE)),
            packed_columns_len::<S>(k, TILE),
            TILE * k + SLACK,
            chunk.len * shape.in_pixels(),
        ]
    }

    /// Floats that are needed.
    pub(super) fn len<S: Simd>(shape: &DeformConv2d, chunk: &Chunk) -> usize {
        Self::lens::<S>(shape, chunk).iter().sum()
    }

    /// Divides up as many floats as [`len`](Self::len) says.
    pub(super) fn new<S: Simd>(shape: &DeformConv2d, chunk: &Chunk, mut scratch: &'a mut [f32]) -> Self {
        let lens = Self::lens::<S>(shape, chunk);
        let [rows, packed, columns, last] = lens.map(|len| scratch.split_off_mut(..len).unwrap_or_default());
        Self {
            rows,
            packed,
            columns,
            last,
        }
    }
}

/// A chunk of channels in an image.
pub(super) struct ImageWork<'a, 'b> {
    pub(super) work: &'a mut ChunkWork<'b>,
    pub(super) image: usize,
    /// Derivatives by place and mask: `[taps, 3, out_pixels]`.
    pub(super) moves: Option<&'a mut [f32]>,
    pub(super) dx: Option<&'a mut [f32]>,
    pub(super) chunk_scratch: ChunkScratch<'a>,
}

impl WithSimd for ImageWork<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            work,
            image,
            mut moves,
            dx,
            chunk_scratch,
        } = self;
        let ChunkScratch {
            rows,
            packed,
            columns,
            last,
        } = chunk_scratch;
        let ChunkWork {
            shape, inputs, chunk, ..
        } = *work;
        let (out_pixels, group_out, taps) = (shape.out_pixels(), shape.group_out(), shape.taps());
        let k = taps * chunk.len;
        let first = (image * shape.out_channels + chunk.group * group_out) * out_pixels;
        let grad = &work.grad[first..][..group_out * out_pixels];
        let x = &inputs.x[chunk.start(shape, image)..];
        let mut read = Vec::with_capacity(TILE * taps);
        last.fill(0.0);
        for first in (0..out_pixels).step_by(TILE) {
            let pixels = first..out_pixels.min(first + TILE);
            let n = pixels.len();
            let grad = Matrix {
                values: &grad[first..],
                steps: [out_pixels, 1],
            };
            reads(shape, &inputs, [image, chunk.offset_group], pixels.clone(), &mut read);
            if moves.is_some() || dx.is_some() {
                pack_rows(simd, [n, group_out], grad.transposed(), rows);
                block(simd, [n, k, group_out], rows, work.weights, columns, k, Start::Zero);
                let mut spread = Spread {
                    simd,
                    x,
                    columns,
                    last,
                    channels: chunk.len,
                };
                for (i, read) in read.iter().enumerate() {
                    let found = spread.read(i, read);
                    if let Some(moves) = &mut moves {
                        let to = &mut moves[i % taps * 3 * out_pixels + first + i / taps..];
                        let found = read.derivatives(found);
                        for axis in 0..3 {
                            to[axis * out_pixels] = found[axis];
                        }
                    }
                }
            }
            if let Some(sums) = &mut work.sums {
                gather(simd, x, chunk.len, &read, columns);
                pack_rows(simd, [group_out, n], grad, rows);
                pack_columns(simd, [n, k], Matrix::row_major(columns, k), packed);
                block(simd, [group_out, k, n], rows, packed, sums, k, Start::Target);
            }
        }
        if let Some(dx) = dx {
            transpose([shape.in_pixels(), chunk.len], last, dx);
        }
    }
}

/// Scatters gradients of columns to the pixels that were sampled.
struct Spread<'a, S> {
    simd: S,
    x: &'a [f32],
    columns: &'a [f32],
    /// Gradient of the input, channels last.
    last: &'a mut [f32],
    channels: usize,
}

impl<S: Simd> Spread<'_, S> {
    /// Adds the gradient of what was read `i`-th to the four pixels around it; returns for each of them the sum over channels of
    /// the gradient times what is there.
    #[inline(always)]
    fn read(&mut self, i: usize, Read { place, mask }: &Read) -> [f32; 4] {
        let Self { simd, channels, .. } = *self;
        let weights = place.weights();
        let (grads, grads_rest) = S::as_simd_f32s(&self.columns[i * channels..][..channels]);
        let mut sums = [0.0; 4];
        for corner in 0..4 {
            let pixel = place.pixels[corner] as usize * channels..(place.pixels[corner] as usize + 1) * channels;
            let (x, x_rest) = S::as_simd_f32s(&self.x[pixel.clone()]);
            let (last, last_rest) = S::as_mut_simd_f32s(&mut self.last[pixel]);
            let weight = simd.splat_f32s(weights[corner] * mask);
            let mut sum = simd.splat_f32s(0.0);
            for ((grad, x), last) in grads.iter().zip(x).zip(last) {
                sum = simd.mul_add_e_f32s(*grad, *x, sum);
                *last = simd.mul_add_e_f32s(*grad, weight, *last);
            }
            if !grads_rest.is_empty() {
                let grad = simd.partial_load_f32s(grads_rest);
                sum = simd.mul_add_e_f32s(grad, simd.partial_load_f32s(x_rest), sum);
                let new = simd.mul_add_e_f32s(grad, weight, simd.partial_load_f32s(last_rest));
                simd.partial_store_f32s(last_rest, new);
            }
            sums[corner] = simd.reduce_sum_f32s(sum);
        }
        sums
    }
}
