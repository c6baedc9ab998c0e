//! Layer normalization over the channels of every pixel of `[batch, channels, inner]` (the channels-first form of Liu
//! et al. 2022), with vectors along pixels.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::parallel::{Shared, tasks};
use crate::pointwise::stream::{dispatch, map, update, update_sums};

/// Pixels of a task: their channels' segments are long enough to stream.
const PIXELS: usize = 256;

/// Channels whose sum is formed before it is added to the sum of all, for the sake of precision.
const BLOCK: usize = 8;

/// A task's pixels of one sample.
#[derive(Clone, Copy)]
struct Tile {
    /// Of the first channel's first pixel.
    start: usize,
    /// From one channel to the next.
    inner: usize,
    channels: usize,
    pixels: usize,
    /// Of the first pixel in `[batch, inner]`.
    pixel: usize,
}

impl Tile {
    fn count(batch: usize, inner: usize) -> usize {
        batch * inner.div_ceil(PIXELS)
    }

    fn new([channels, inner]: [usize; 2], task: usize) -> Self {
        let tiles = inner.div_ceil(PIXELS);
        let (sample, first) = (task / tiles, task % tiles * PIXELS);
        Self {
            start: sample * channels * inner + first,
            inner,
            channels,
            pixels: PIXELS.min(inner - first),
            pixel: sample * inner + first,
        }
    }

    #[inline(always)]
    fn channel(self, channel: usize) -> Range<usize> {
        let start = self.start + channel * self.inner;
        start..start + self.pixels
    }

    fn pixel_range(self) -> Range<usize> {
        self.pixel..self.pixel + self.pixels
    }
}

/// `out = (x - mean) inverse_std w + b`, where `mean` and `inverse_std`, both `[batch, inner]`, are those of a pixel's
/// channels; `x` and `out` are `[batch, channels, inner]`, `w` and `b` `[channels]`.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn channel_norm(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    w: &[f32],
    b: &[f32],
    epsilon: f32,
    out: &mut [f32],
    mean: &mut [f32],
    inverse_std: &mut [f32],
) {
    assert_eq!([x.len(), out.len()], [batch * channels * inner; 2]);
    assert_eq!([w.len(), b.len()], [channels; 2]);
    assert_eq!([mean.len(), inverse_std.len()], [batch * inner; 2]);
    let [out, mean, inverse_std] = [out, mean, inverse_std].map(Shared::new);
    tasks(Tile::count(batch, inner), 2 * x.len(), |task| {
        let tile = Tile::new([channels, inner], task);
        // SAFETY: every tile has its own pixels.
        let [mean, inverse_std] = [mean, inverse_std].map(|shared| unsafe { shared.slice(tile.pixel_range()) });
        dispatch(Forward {
            tile,
            x,
            w,
            b,
            epsilon,
            out,
            mean,
            inverse_std,
        });
    });
}

struct Forward<'a> {
    tile: Tile,
    x: &'a [f32],
    w: &'a [f32],
    b: &'a [f32],
    epsilon: f32,
    /// Nothing else may write to the tile meanwhile.
    out: Shared<'a>,
    mean: &'a mut [f32],
    inverse_std: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tile, x, mean, .. } = self;
        let share = simd.splat_f32s(1.0 / tile.channels as f32);
        let zero = &[0.0; PIXELS][..tile.pixels];
        let rest = &mut [0.0; PIXELS][..tile.pixels];
        let square = self.inverse_std;
        mean.fill(0.0);
        add_deviations(simd, tile, x, zero, mean, rest);
        update(
            simd,
            [],
            [&mut *mean],
            #[inline(always)]
            |[sum]| [simd.mul_f32s(sum, share)],
        );
        rest.fill(0.0);
        square.fill(0.0);
        add_deviations(simd, tile, x, mean, rest, square);
        let epsilon = simd.splat_f32s(self.epsilon);
        update(
            simd,
            [rest],
            [&mut *mean, &mut *square],
            #[inline(always)]
            |[rest, mean, square]| {
                // Correction of the mean's rounding error.
                let missed = simd.mul_f32s(rest, share);
                let square = simd.negate_mul_add_e_f32s(missed, rest, square);
                let root = simd.sqrt_f32s(simd.mul_add_e_f32s(square, share, epsilon));
                [simd.add_f32s(mean, missed), simd.div_f32s(simd.splat_f32s(1.0), root)]
            },
        );
        for channel in 0..tile.channels {
            let [w, b] = [self.w[channel], self.b[channel]].map(|x| simd.splat_f32s(x));
            // SAFETY: the tile is this normalization's own.
            let out = unsafe { self.out.slice(tile.channel(channel)) };
            map(
                simd,
                [&x[tile.channel(channel)], &*mean, &*square],
                [out],
                #[inline(always)]
                |[x, mean, inverse_std]| {
                    [simd.mul_add_e_f32s(simd.mul_f32s(simd.sub_f32s(x, mean), inverse_std), w, b)]
                },
            );
        }
    }
}

/// Adds every channel's difference from `center`, and the square of it.
#[inline(always)]
fn add_deviations<S: Simd>(simd: S, tile: Tile, x: &[f32], center: &[f32], sum: &mut [f32], square: &mut [f32]) {
    let blocks = tile.channels - tile.channels % BLOCK;
    for first in (0..blocks).step_by(BLOCK) {
        let [a, b, c, d, e, f, g, h]: [&[f32]; BLOCK] = std::array::from_fn(|k| &x[tile.channel(first + k)]);
        update(
            simd,
            [a, b, c, d, e, f, g, h, center],
            [&mut *sum, &mut *square],
            #[inline(always)]
            |[a, b, c, d, e, f, g, h, center, sum, square]| {
                let [mut differences, mut squares] = [simd.splat_f32s(0.0); 2];
                for x in [a, b, c, d, e, f, g, h] {
                    let difference = simd.sub_f32s(x, center);
                    differences = simd.add_f32s(differences, difference);
                    squares = simd.mul_add_e_f32s(difference, difference, squares);
                }
                [simd.add_f32s(sum, differences), simd.add_f32s(square, squares)]
            },
        );
    }
    for channel in blocks..tile.channels {
        update(
            simd,
            [&x[tile.channel(channel)], center],
            [&mut *sum, &mut *square],
            #[inline(always)]
            |[x, center, sum, square]| {
                let difference = simd.sub_f32s(x, center);
                [
                    simd.add_f32s(sum, difference),
                    simd.mul_add_e_f32s(difference, difference, square),
                ]
            },
        );
    }
}

/// The gradients of [`channel_norm`], given the `mean` and `inverse_std` it found.
///
/// # Panics
/// If a length does not fit the shape.
#[allow(clippy::too_many_arguments)]
pub fn channel_norm_backward(
    batch: usize,
    channels: usize,
    inner: usize,
    x: &[f32],
    mean: &[f32],
    inverse_std: &[f32],
    w: &[f32],
    grad: &[f32],
    dx: &mut [f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    assert_eq!([x.len(), grad.len(), dx.len()], [batch * channels * inner; 3]);
    assert_eq!([w.len(), dw.len(), db.len()], [channels; 3]);
    assert_eq!([mean.len(), inverse_std.len()], [batch * inner; 2]);
    let count = Tile::count(batch, inner);
    let mut shares = [(); 2].map(|()| vec![0.0; count * channels]);
    {
        let dx = Shared::new(dx);
        let shares = shares.each_mut().map(|share| Shared::new(share));
        tasks(count, 3 * x.len(), |task| {
            let tile = Tile::new([channels, inner], task);
            let own = task * channels..(task + 1) * channels;
            // SAFETY: every tile has its own share.
            let [dw, db] = shares.map(|shared| unsafe { shared.slice(own.clone()) });
            dispatch(Backward {
                tile,
                x,
                mean: &mean[tile.pixel_range()],
                inverse_std: &inverse_std[tile.pixel_range()],
                w,
                grad,
                dx,
                dw,
                db,
            });
        });
    }
    for (share, total) in shares.iter().zip([dw, db]) {
        super::sum_rows(share, total);
    }
}

struct Backward<'a> {
    tile: Tile,
    x: &'a [f32],
    mean: &'a [f32],
    inverse_std: &'a [f32],
    w: &'a [f32],
    grad: &'a [f32],
    /// Nothing else may write to the tile meanwhile.
    dx: Shared<'a>,
    dw: &'a mut [f32],
    db: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            tile,
            mean,
            inverse_std,
            ..
        } = self;
        let [mut offset, mut slope] = [[0.0; PIXELS]; 2];
        let [offset, slope] = [&mut offset[..tile.pixels], &mut slope[..tile.pixels]];
        for first in (0..tile.channels).step_by(BLOCK) {
            let [mut plain, mut scaled] = [[0.0; PIXELS]; 2];
            let [plain, scaled] = [&mut plain[..tile.pixels], &mut scaled[..tile.pixels]];
            for channel in first..tile.channels.min(first + BLOCK) {
                let w = simd.splat_f32s(self.w[channel]);
                let range = tile.channel(channel);
                let [db, dw] = update_sums(
                    simd,
                    [&self.x[range.clone()], &self.grad[range], mean, inverse_std],
                    [&mut *plain, &mut *scaled],
                    #[inline(always)]
                    |[x, grad, mean, inverse_std, plain, scaled]| {
                        let dw = simd.mul_f32s(grad, simd.mul_f32s(simd.sub_f32s(x, mean), inverse_std));
                        let sums = [simd.mul_add_e_f32s(grad, w, plain), simd.mul_add_e_f32s(dw, w, scaled)];
                        (sums, [grad, dw])
                    },
                );
                self.db[channel] = db as f32;
                self.dw[channel] = dw as f32;
            }
            update(
                simd,
                [plain, scaled],
                [&mut *offset, &mut *slope],
                #[inline(always)]
                |[plain, scaled, offset, slope]| [simd.add_f32s(offset, plain), simd.add_f32s(slope, scaled)],
            );
        }
        let share = simd.splat_f32s(1.0 / tile.channels as f32);
        for channel in 0..tile.channels {
            let w = simd.splat_f32s(self.w[channel]);
            let range = tile.channel(channel);
            // SAFETY: the tile is this gradient's own.
            let dx = unsafe { self.dx.slice(range.clone()) };
            map(
                simd,
                [
                    &self.x[range.clone()],
                    &self.grad[range],
                    mean,
                    inverse_std,
                    &*offset,
                    &*slope,
                ],
                [dx],
                #[inline(always)]
                |[x, grad, mean, inverse_std, offset, slope]| {
                    let normal = simd.mul_f32s(simd.sub_f32s(x, mean), inverse_std);
                    let rest = simd.mul_f32s(simd.mul_add_e_f32s(normal, slope, offset), share);
                    [simd.mul_f32s(inverse_std, simd.sub_f32s(simd.mul_f32s(grad, w), rest))]
                },
            );
        }
    }
}
