//! The convolution itself, which is also the gradient of its input.

use pulp::{Simd, WithSimd};

use super::kernels::{Kernels, Transform};
use super::multiply::{Product, VECTORS, rows};
use super::planes::write_planes;
use super::tiles::{Grid, Images, Panels, load, store, transform};
use super::transform::{Matrices, both_sides};
use crate::gemm::Scratch;
use crate::parallel::{Shared, range, tasks};

/// Tiles that a task transforms, multiplies by all kernels and transforms back: enough to read the kernels seldom, few
/// enough for the second level of the cache.
const TILES: usize = 32;

/// Tasks below which output channels are split too.
const TASKS: usize = 16;

/// Adds `bias` to the convolution of `images` with `kernels`, with `padding` zeros above and left (fewer than none if
/// negative), and writes as many outputs as `size` says to `target`.
pub(super) struct Apply<'a, const N: usize, const M: usize, const R: usize> {
    pub(super) images: Images<'a>,
    pub(super) batch: usize,
    pub(super) kernels: Kernels<'a>,
    pub(super) bias: Option<&'a [f32]>,
    pub(super) padding: [isize; 2],
    pub(super) size: [usize; 2],
    pub(super) target: &'a mut [f32],
}

impl<const N: usize, const M: usize, const R: usize> WithSimd for Apply<'_, N, M, R> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        let kernels = self.kernels;
        let panels = kernels.panels::<S>();
        let grid = Grid::new(self.batch, self.size, M, TILES);
        let blocks = grid.blocks();
        let groups = TASKS.div_ceil(blocks.max(1)).clamp(1, panels.max(1));
        let work = self.images.values.len() + self.target.len();
        let mut transformed = Scratch::new(panels * N * N * kernels.point_stride::<S>());
        Transform::<N, M, R> {
            kernels,
            target: &mut transformed,
        }
        .run(simd);
        let target = Shared::new(self.target);
        tasks(blocks * groups, work, |task| {
            simd.vectorize(Part::<N, M, R> {
                images: self.images,
                kernels,
                transformed: &transformed,
                bias: self.bias,
                padding: self.padding,
                size: self.size,
                grid,
                block: task / groups,
                panels: range(panels, task % groups, groups),
                target,
            });
        });
    }
}

/// One block of tiles and some panels of kernels.
struct Part<'a, const N: usize, const M: usize, const R: usize> {
    images: Images<'a>,
    kernels: Kernels<'a>,
    transformed: &'a [f32],
    bias: Option<&'a [f32]>,
    padding: [isize; 2],
    size: [usize; 2],
    grid: Grid,
    block: usize,
    panels: std::ops::Range<usize>,
    target: Shared<'a>,
}

impl<const N: usize, const M: usize, const R: usize> WithSimd for Part<'_, N, M, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let layout = Panels::new::<S>(self.grid.capacity(), self.kernels.inputs);
        let lens = [
            N * N * layout.point_stride,
            self.grid.capacity() * sums_stride::<S, N>(),
            self.grid.window_len(M, N, S::F32_LANES),
        ];
        let mut scratch = Scratch::new(lens.iter().sum());
        let (inputs, rest) = scratch.split_at_mut(lens[0]);
        let (sums, window) = rest.split_at_mut(lens[1]);
        transform::<S, N, N>(
            simd,
            &Matrices::<N, M, R>::VALUE.input,
            self.images,
            0..self.kernels.inputs,
            self.grid,
            self.block,
            [M as isize, self.padding[0], self.padding[1]],
            window,
            layout,
            inputs,
        );
        for panel in self.panels.clone() {
            self.multiply(simd, panel, layout, inputs, sums);
            self.finish(simd, panel, sums, window);
        }
    }
}

/// Distance between tiles in the sums: all points, and a cache line so that tiles do not compete for one set.
#[inline(always)]
fn sums_stride<S: Simd, const N: usize>() -> usize {
    (N * N * VECTORS + 1) * S::F32_LANES
}

impl<const N: usize, const M: usize, const R: usize> Part<'_, N, M, R> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, simd: S, panel: usize, layout: Panels, inputs: &[f32], sums: &mut [f32]) {
        let lanes = S::F32_LANES;
        let kernel_stride = self.kernels.point_stride::<S>();
        let tiles = self.grid.len(self.block);
        let parts = tiles.div_ceil(rows::<S>());
        for point in 0..N * N {
            let kernels = &self.transformed[(panel * N * N + point) * kernel_stride..][..kernel_stride];
            for part in 0..parts {
                let some = range(tiles, part, parts);
                let product = Product {
                    depth: self.kernels.inputs,
                    tiles: &inputs[point * layout.point_stride..][some.start * lanes..],
                    channel_stride: layout.channel_stride,
                    kernels,
                    target: &mut sums[some.start * sums_stride::<S, N>() + point * VECTORS * lanes..],
                    target_stride: sums_stride::<S, N>(),
                };
                product.run(simd, some.len());
            }
        }
    }

    /// Transforms the sums back and writes the outputs.
    #[inline(always)]
    fn finish<S: Simd>(&self, simd: S, panel: usize, sums: &[f32], pixels: &mut [f32]) {
        let lanes = S::F32_LANES;
        for vector in 0..VECTORS {
            let first = (panel * VECTORS + vector) * lanes;
            let outputs = first..(first + lanes).min(self.kernels.outputs);
            if outputs.is_empty() {
                continue;
            }
            let bias = self.bias.map_or(simd.splat_f32s(0.0), |bias| {
                simd.partial_load_f32s(&bias[outputs.clone()])
            });
            for segment in self.grid.segments(self.block) {
                let across = segment.columns.len();
                for tile in 0..segment.rows.len() * across {
                    let sums = &sums[(segment.first + tile) * sums_stride::<S, N>()..][..sums_stride::<S, N>()];
                    let corner = tile / across * M * across * M + tile % across * M;
                    let pixels = &mut pixels[corner * lanes..];
                    both_sides::<S, M, N>(
                        simd,
                        &Matrices::<N, M, R>::VALUE.output,
                        #[inline(always)]
                        |i, j| load::<S>(sums, ((i * N + j) * VECTORS + vector) * lanes),
                        #[inline(always)]
                        |i, j, value| store::<S>(pixels, (i * across * M + j) * lanes, simd.add_f32s(value, bias)),
                    );
                }
                let plane = segment.image * self.kernels.outputs;
                // SAFETY: these rows and columns of these channels are this task's alone.
                unsafe {
                    write_planes(
                        pixels,
                        across * M,
                        segment.rows.len() * M,
                        lanes,
                        self.target,
                        plane + outputs.start..plane + outputs.end,
                        self.size,
                        [segment.rows.start * M, segment.columns.start * M],
                    );
                }
            }
        }
    }
}
