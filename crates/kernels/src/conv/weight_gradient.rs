//! The gradient of the weights: a product whose summed dimension is the pixels of all images.
//!
//! A row of it is a tap of an input channel, whose inputs are read one by one where they are; its columns are output
//! channels, so the output's gradient is turned round, tile by tile, to have these next to each other.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::gather::Axis;
use super::patches::Patches;
use super::tap_product::Product;
use super::tile::Tile;
use crate::gemm::{COLUMN_VECTORS, Scratch, rows};
use crate::parallel::{Shared, range, tasks};

/// The operands, and how they are laid out.
pub(super) struct WeightGradient<'a> {
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Input channels in a group.
    pub(super) channels: usize,
    /// Output channels in a group.
    pub(super) columns: usize,
    pub(super) axes: [Axis; 2],
    pub(super) input: &'a [f32],
    pub(super) grad: &'a [f32],
    pub(super) target: &'a mut [f32],
}

/// How the work is cut up; from the shape alone.
#[derive(Clone, Copy)]
struct Cut {
    /// Ranges of tiles that are summed apart.
    sums: usize,
    /// Ranges of channels.
    channel_parts: usize,
    /// Images in a tile.
    images: usize,
    /// Tiles in so many images.
    parts: usize,
    tiles: usize,
}

impl WeightGradient<'_> {
    fn pixels(&self) -> usize {
        self.axes[0].outputs * self.axes[1].outputs
    }

    fn taps(&self) -> usize {
        self.axes[0].taps * self.axes[1].taps
    }

    fn cut<S: Simd>(&self) -> Cut {
        let (pixels, rows) = (self.pixels(), self.channels * self.taps());
        // A panel of the turned gradient then takes at most an eighth of a second-level cache of 1 MB.
        let wanted = 8192
            / self
                .columns
                .next_multiple_of(S::F32_LANES)
                .clamp(1, COLUMN_VECTORS * S::F32_LANES);
        let images = (wanted / pixels).clamp(1, self.batch);
        let parts = pixels.div_ceil(wanted).min(pixels / self.unit());
        let tiles = self.batch.div_ceil(images) * parts;
        // Enough rows in each part to be worth turning the gradient for, and few private sums where they are large.
        let channel_parts = (rows / 256).clamp(1, self.channels);
        let tasks: usize = if rows * self.columns <= 1 << 16 { 32 } else { 8 };
        Cut {
            sums: tasks.div_ceil(self.groups * channel_parts).min(tiles),
            channel_parts,
            images,
            parts,
            tiles,
        }
    }

    /// Pixels that stay together in a tile: a row of the image, unless it is long.
    fn unit(&self) -> usize {
        if self.axes[1].outputs <= 256 {
            self.axes[1].outputs
        } else {
            1
        }
    }

    /// The pixels of a tile, numbered through from the first pixel of the batch.
    fn tile(&self, cut: Cut, tile: usize) -> Range<usize> {
        let (pixels, unit) = (self.pixels(), self.unit());
        let first = tile / cut.parts * cut.images;
        let images = cut.images.min(self.batch - first);
        let units = range(images * pixels / unit, tile % cut.parts, cut.parts);
        first * pixels + units.start * unit..first * pixels + units.end * unit
    }

    /// Computes the gradient.
    pub(super) fn run(self) {
        if self.target.is_empty() {
            return;
        }
        if self.batch * self.pixels() == 0 {
            self.target.fill(0.0);
            return;
        }
        Arch::new().dispatch(self);
    }
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    fn with_simd<S: Simd>(mut self, simd: S) {
        let cut = self.cut::<S>();
        let rows = self.channels * self.taps();
        let stride = self.columns.next_multiple_of(S::F32_LANES);
        let target = std::mem::take(&mut self.target);
        let (columns, taps) = (self.columns, self.taps());
        let mut sums = Scratch::new(cut.sums * self.groups * rows * stride);
        {
            let shared = Shared::new(&mut sums);
            let work = self.batch * self.pixels() * rows * self.columns * self.groups;
            tasks(cut.sums * self.groups * cut.channel_parts, work, |task| {
                let (sum, group) = (
                    task / cut.channel_parts / self.groups,
                    task / cut.channel_parts % self.groups,
                );
                let channels = range(self.channels, task % cut.channel_parts, cut.channel_parts);
                let first = (sum * self.groups + group) * rows;
                // SAFETY: no other task has this range of tiles, group and range of channels.
                let sums = unsafe {
                    shared.slice((first + channels.start * taps) * stride..(first + channels.end * taps) * stride)
                };
                let tiles = range(cut.tiles, sum, cut.sums);
                simd.vectorize(Task {
                    gradient: &self,
                    cut,
                    group,
                    channels,
                    tiles,
                    sums,
                });
            });
        }
        // Adds the private sums up and turns them round.
        let (sums, groups, parts) = (&*sums, self.groups, columns.div_ceil(16));
        let shared = Shared::new(target);
        tasks(groups * parts, groups * rows * stride * cut.sums, |task| {
            let (group, block) = (task / parts, task % parts * 16..(task % parts * 16 + 16).min(columns));
            let place = group * columns + block.start;
            // SAFETY: no other task has this group and these output channels.
            let target = unsafe { shared.slice(place * rows..(place + block.len()) * rows) };
            for row in 0..rows {
                let mut total = [0.0f32; 16];
                for sum in 0..cut.sums {
                    let sums = &sums[((sum * groups + group) * rows + row) * stride + block.start..][..block.len()];
                    total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
                }
                for (column, total) in total[..block.len()].iter().enumerate() {
                    target[column * rows + row] = *total;
                }
            }
        });
    }
}

/// The sum over some tiles for some channels of a group.
struct Task<'a> {
    gradient: &'a WeightGradient<'a>,
    cut: Cut,
    group: usize,
    channels: Range<usize>,
    tiles: Range<usize>,
    /// For each tap of each channel a row of output channels, up to a whole vector.
    sums: &'a mut [f32],
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            gradient,
            cut,
            group,
            channels,
            sums,
            ..
        } = self;
        let lanes = S::F32_LANES;
        let stride = gradient.columns.next_multiple_of(lanes);
        let plane = gradient.axes[0].inputs * gradient.axes[1].inputs;
        let image_step = gradient.groups * gradient.channels * plane;
        let input = &gradient.input[(group * gradient.channels + channels.start) * plane..];
        let mut accumulate = false;
        for tile in self.tiles {
            let tile = Tile::new(gradient.axes, gradient.tile(cut, tile));
            let lengths = [
                tile.staged_len(channels.len(), lanes).next_multiple_of(16),
                tile.pixels.len() * stride,
            ];
            let mut scratch = Scratch::new(lengths[0] + lengths[1]);
            let (staged, turned) = scratch.split_at_mut(lengths[0]);
            gradient.turn::<S>(&tile, group, turned);
            let patches = Patches::new(&tile, input, image_step, channels.len(), staged, lanes);
            assert!(patches.end() <= patches.values.len(), "inputs of the tile");
            for column in (0..stride).step_by(COLUMN_VECTORS * lanes) {
                let vectors = (stride - column).min(COLUMN_VECTORS * lanes) / lanes;
                let panel = &turned[column * tile.pixels.len()..][..vectors * lanes * tile.pixels.len()];
                let height = rows::<S>();
                for (places, sums) in patches.places.chunks(height).zip(sums.chunks_mut(height * stride)) {
                    let product = Product {
                        tile: &tile,
                        patches: &patches,
                        places,
                        panel,
                        accumulate,
                    };
                    let sums = &mut sums[column..];
                    match vectors {
                        1 => product.run::<S, 1>(simd, sums, stride),
                        2 => product.run::<S, 2>(simd, sums, stride),
                        _ => product.run::<S, COLUMN_VECTORS>(simd, sums, stride),
                    }
                }
            }
            accumulate = true;
        }
    }
}

impl WeightGradient<'_> {
    /// Copies the output's gradient at the tile's pixels into panels of as many output channels as the innermost loop
    /// holds, in which the channels of a pixel are next to each other. What is between the last channel and the end of
    /// its vector is left as it is.
    #[inline(always)]
    fn turn<S: Simd>(&self, tile: &Tile, group: usize, turned: &mut [f32]) {
        let (pixels, most) = (self.pixels(), COLUMN_VECTORS * S::F32_LANES);
        let len = tile.pixels.len();
        for first in (0..self.columns).step_by(most) {
            let columns = (self.columns - first).min(most);
            let width = columns.next_multiple_of(S::F32_LANES);
            let panel = &mut turned[first * len..][..width * len];
            let mut pixel = tile.pixels.start;
            while pixel < tile.pixels.end {
                let (image, start) = (pixel / pixels, pixel % pixels);
                // A few pixels at a time, so that their lines stay in the cache while the channels go by.
                let count = (tile.pixels.end - pixel).min(pixels - start).min(16);
                let panel = &mut panel[(pixel - tile.pixels.start) * width..][..count * width];
                for column in 0..columns {
                    let channel = (image * self.groups + group) * self.columns + first + column;
                    let values = &self.grad[channel * pixels + start..][..count];
                    for (turned, &value) in panel.chunks_exact_mut(width).zip(values) {
                        turned[column] = value;
                    }
                }
                pixel += count;
            }
        }
    }
}
