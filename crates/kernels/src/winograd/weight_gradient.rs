//! The gradient of the kernels: the transposed algorithm.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::multiply::{Operand, VECTORS, add_products};
use super::tiles::{Grid, Images, Panels, load, transform};
use super::transform::{Matrices, both_sides};
use crate::gemm::Scratch;
use crate::parallel::{Shared, tasks};

/// Tiles whose products are summed in registers.
const TILES: usize = 32;

/// Floats of transformed input that are kept at a time: they stay in the last level of the cache.
const KEPT: usize = 3 << 20;

/// Sums the products of `images` and `grads` over all pixels for every tap and writes `[outputs, inputs, R, R]`.
pub(super) struct WeightGradient<'a, const N: usize, const M: usize, const R: usize> {
    pub(super) batch: usize,
    pub(super) images: Images<'a>,
    pub(super) grads: Images<'a>,
    pub(super) padding: [isize; 2],
    pub(super) target: &'a mut [f32],
}

impl<const N: usize, const M: usize, const R: usize> WithSimd for WeightGradient<'_, N, M, R> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        let (inputs, outputs) = (self.images.channels, self.grads.channels);
        let grid = Grid::new(self.batch, self.grads.size, M, TILES);
        if grid.blocks() == 0 {
            self.target.fill(0.0);
            return;
        }
        let wide = inputs.next_multiple_of(VECTORS * lanes);
        let layout = Panels::new::<S>(grid.capacity(), wide);
        let block_len = N * N * layout.point_stride;
        let kept = (KEPT / block_len.max(1)).clamp(1, grid.blocks());
        let sums_len = outputs.next_multiple_of(lanes) * N * N * wide;
        let work = self.images.values.len() + self.grads.values.len();
        let mut scratch = Scratch::new(kept * block_len + sums_len);
        let (transformed, sums) = scratch.split_at_mut(kept * block_len);
        let (sums, target) = (Shared::new(sums), Shared::new(self.target));
        for first in (0..grid.blocks()).step_by(kept) {
            let blocks = first..(first + kept).min(grid.blocks());
            let shared = Shared::new(transformed);
            tasks(blocks.len(), work, |task| {
                simd.vectorize(Inputs::<N, M, R> {
                    images: self.images,
                    padding: self.padding,
                    grid,
                    block: blocks.start + task,
                    layout,
                    // SAFETY: every task has a block of its own.
                    target: unsafe { shared.slice(task * block_len..(task + 1) * block_len) },
                });
            });
            tasks(outputs.div_ceil(lanes), work, |task| {
                let channels = task * lanes..((task + 1) * lanes).min(outputs);
                let len = lanes * N * N * wide;
                let taps = inputs * R * R;
                simd.vectorize(Part::<N, M, R> {
                    images: self.grads,
                    grid,
                    blocks: blocks.clone(),
                    layout,
                    transformed,
                    wide,
                    // SAFETY: every task has a vector of output channels of its own.
                    sums: unsafe { sums.slice(task * len..(task + 1) * len) },
                    // SAFETY: as above.
                    target: unsafe { target.slice(channels.start * taps..channels.end * taps) },
                    channels,
                    inputs,
                });
            });
        }
    }
}

/// Transforms a block of the input.
struct Inputs<'a, const N: usize, const M: usize, const R: usize> {
    images: Images<'a>,
    padding: [isize; 2],
    grid: Grid,
    block: usize,
    layout: Panels,
    target: &'a mut [f32],
}

impl<const N: usize, const M: usize, const R: usize> WithSimd for Inputs<'_, N, M, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut window = Scratch::new(self.grid.window_len(M, N, S::F32_LANES));
        transform::<S, N, N>(
            simd,
            &Matrices::<N, M, R>::VALUE.input,
            self.images,
            0..self.images.channels,
            self.grid,
            self.block,
            [M as isize, self.padding[0], self.padding[1]],
            &mut window,
            self.layout,
            self.target,
        );
    }
}

/// Adds some blocks of tiles to the sums of one vector of output channels.
struct Part<'a, const N: usize, const M: usize, const R: usize> {
    images: Images<'a>,
    grid: Grid,
    blocks: Range<usize>,
    layout: Panels,
    transformed: &'a [f32],
    wide: usize,
    sums: &'a mut [f32],
    target: &'a mut [f32],
    channels: Range<usize>,
    inputs: usize,
}

impl<const N: usize, const M: usize, const R: usize> WithSimd for Part<'_, N, M, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let lanes = S::F32_LANES;
        let layout = Panels::new::<S>(self.grid.capacity(), lanes);
        let lens = [N * N * layout.point_stride, self.grid.window_len(M, M, lanes)];
        let mut scratch = Scratch::new(lens.iter().sum());
        let (grads, window) = scratch.split_at_mut(lens[0]);
        for block in self.blocks.clone() {
            transform::<S, N, M>(
                simd,
                &Matrices::<N, M, R>::VALUE.output_transposed,
                self.images,
                self.channels.clone(),
                self.grid,
                block,
                [M as isize, 0, 0],
                window,
                layout,
                grads,
            );
            self.multiply(simd, block, layout, grads);
        }
        if self.blocks.end == self.grid.blocks() {
            self.finish(simd);
        }
    }
}

impl<const N: usize, const M: usize, const R: usize> Part<'_, N, M, R> {
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, simd: S, block: usize, layout: Panels, grads: &[f32]) {
        let lanes = S::F32_LANES;
        let tiles = self.grid.len(block);
        let inputs = &self.transformed[(block - self.blocks.start) * N * N * self.layout.point_stride..];
        for point in 0..N * N {
            for column in (0..self.wide).step_by(VECTORS * lanes) {
                let vectors = Operand {
                    values: &inputs[point * self.layout.point_stride + column / lanes * self.layout.channel_stride..],
                    row: self.layout.channel_stride,
                    step: lanes,
                };
                let mut row = 0;
                while row < lanes {
                    let factors = Operand {
                        values: &grads[point * layout.point_stride + row..],
                        row: 1,
                        step: lanes,
                    };
                    let target = &mut self.sums[(point * lanes + row) * self.wide + column..];
                    let fresh = block == 0;
                    if lanes >= 8 && S::REGISTER_COUNT >= 32 {
                        add_products::<S, 8>(simd, tiles, factors, vectors, target, self.wide, fresh);
                        row += 8;
                    } else if lanes >= 4 {
                        add_products::<S, 4>(simd, tiles, factors, vectors, target, self.wide, fresh);
                        row += 4;
                    } else {
                        add_products::<S, 1>(simd, tiles, factors, vectors, target, self.wide, fresh);
                        row += 1;
                    }
                }
            }
        }
    }

    /// Transforms the sums back to taps.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S) {
        let lanes = S::F32_LANES;
        let mut taps = [[simd.splat_f32s(0.0); R]; R];
        for row in 0..self.channels.len() {
            for column in (0..self.inputs).step_by(lanes) {
                both_sides::<S, R, N>(
                    simd,
                    &Matrices::<N, M, R>::VALUE.kernel_transposed,
                    #[inline(always)]
                    |i, j| load::<S>(self.sums, ((i * N + j) * lanes + row) * self.wide + column),
                    #[inline(always)]
                    |i, j, value| taps[i][j] = value,
                );
                let taps: &[f32] = pulp::bytemuck::cast_slice(taps.as_flattened());
                let target = &mut self.target[(row * self.inputs + column) * R * R..];
                for (lane, target) in target
                    .chunks_exact_mut(R * R)
                    .take(lanes.min(self.inputs - column))
                    .enumerate()
                {
                    for (tap, target) in target.iter_mut().enumerate() {
                        *target = taps[tap * lanes + lane];
                    }
                }
            }
        }
    }
}
