//! Reading images at given places, bilinearly (PyTorch's `grid_sample`).

pub(crate) mod bilinear;
#[cfg(test)]
mod tests;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::parallel::{Shared, tasks};
use bilinear::{Place, Size};

/// Output pixels of a task.
const TILE: usize = 1024;

/// Channels whose gradients one task adds up.
const CHANNELS: usize = 8;

/// Sizes of images and of what is read of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Images.
    pub batch: usize,
    /// Channels.
    pub channels: usize,
    /// Height and width of the images.
    pub input: [usize; 2],
    /// Height and width of the grid.
    pub output: [usize; 2],
    /// Whether there is the nearest pixel of the border outside, instead of 0.
    pub border: bool,
    /// Whether coordinates from -1 to 1 span from the center of the first pixel to that of the last, instead of from edge
    /// to edge.
    pub align_corners: bool,
}

impl Sample {
    fn in_pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    fn out_pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Fails unless the slices are as long as the sizes say.
    fn check(&self, x: &[f32], grid: &[f32], out: &[f32]) {
        assert!(self.in_pixels() <= u32::MAX as usize, "{self:?}: too many pixels");
        assert_eq!(x.len(), self.batch * self.channels * self.in_pixels(), "x");
        assert_eq!(grid.len(), self.batch * self.out_pixels() * 2, "grid");
        assert_eq!(out.len(), self.batch * self.channels * self.out_pixels(), "out");
    }

    /// The places that some points of the grid name, and the derivatives of their rows and columns.
    fn places(&self, grid: &[f32], image: usize, pixels: &Range<usize>) -> Vec<(Place, [f32; 2])> {
        let points = &grid[2 * image * self.out_pixels()..][2 * pixels.start..2 * pixels.end];
        let mut places = Vec::with_capacity(pixels.len());
        Arch::new().dispatch(Places {
            shape: self,
            points,
            places: &mut places,
        });
        places
    }

    fn tiles(&self) -> usize {
        self.out_pixels().div_ceil(TILE)
    }

    fn tile(&self, index: usize) -> Range<usize> {
        index * TILE..self.out_pixels().min((index + 1) * TILE)
    }

    fn in_plane(&self, image: usize, channel: usize) -> Range<usize> {
        let plane = image * self.channels + channel;
        plane * self.in_pixels()..(plane + 1) * self.in_pixels()
    }

    fn out_place(&self, image: usize, channel: usize, pixels: &Range<usize>) -> Range<usize> {
        let start = (image * self.channels + channel) * self.out_pixels();
        start + pixels.start..start + pixels.end
    }
}

/// The range of an axis that the coordinates from -1 to 1 span.
#[derive(Clone, Copy)]
struct Span {
    side: f32,
    /// Pixels that a coordinate passes when it grows by 1.
    scale: f32,
    border: bool,
    align_corners: bool,
}

impl Span {
    fn new(shape: &Sample, axis: usize) -> Self {
        let side = shape.input[axis] as f32;
        Self {
            side,
            scale: if shape.align_corners { side - 1.0 } else { side } / 2.0,
            border: shape.border,
            align_corners: shape.align_corners,
        }
    }

    /// The row or column that a coordinate points to, and its derivative.
    #[inline(always)]
    fn place(self, coordinate: f32) -> (f32, f32) {
        let last = self.side - 1.0;
        let place = if self.align_corners {
            (coordinate + 1.0) / 2.0 * last
        } else {
            ((coordinate + 1.0) * self.side - 1.0) / 2.0
        };
        // At the border itself the derivative is 0, as in PyTorch.
        match place {
            _ if !self.border => (place, self.scale),
            _ if place <= 0.0 => (0.0, 0.0),
            _ if place >= last => (last, 0.0),
            _ => (place, self.scale),
        }
    }
}

/// Finds places: the only loop here that gains from more than the least instructions.
struct Places<'a> {
    shape: &'a Sample,
    points: &'a [f32],
    places: &'a mut Vec<(Place, [f32; 2])>,
}

impl WithSimd for Places<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let size = Size::new(self.shape.input);
        let (vertical, horizontal) = (Span::new(self.shape, 0), Span::new(self.shape, 1));
        for [right, down] in self.points.as_chunks().0 {
            let (row, row_slope) = vertical.place(*down);
            let (column, column_slope) = horizontal.place(*right);
            self.places
                .push((Place::new([row, column], size), [row_slope, column_slope]));
        }
    }
}

/// Reads `x` at the places of `grid`.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - `grid`: `[batch, out_height, out_width, 2]`, the column and then the row, each from -1 to 1
/// - `out`: `[batch, channels, out_height, out_width]`
pub fn forward(shape: &Sample, x: &[f32], grid: &[f32], out: &mut [f32]) {
    shape.check(x, grid, out);
    if x.is_empty() {
        out.fill(0.0);
        return;
    }
    let out_len = out.len();
    let out = Shared::new(out);
    tasks(shape.batch * shape.tiles(), out_len, |task| {
        let (image, pixels) = (task / shape.tiles(), shape.tile(task % shape.tiles()));
        let places = shape.places(grid, image, &pixels);
        for channel in 0..shape.channels {
            let x = &x[shape.in_plane(image, channel)];
            // SAFETY: no other task has these pixels of this image.
            let out = unsafe { out.slice(shape.out_place(image, channel, &pixels)) };
            for (out, (place, _)) in out.iter_mut().zip(&places) {
                let [a, b, c, d] = place.pixels.map(|pixel| x[pixel as usize]);
                let weights = place.weights();
                *out = (a * weights[0] + b * weights[1]) + (c * weights[2] + d * weights[3]);
            }
        }
    });
}

/// Gradients of the images and of the grid, given that of the output; each only if it is wanted.
///
/// At the center of a pixel the derivative by the place is that of the side below or to the right, and at or beyond the
/// border, where that is what is outside, it is 0: as in PyTorch.
///
/// # Shapes
/// - `x` and `dx`: `[batch, channels, height, width]`
/// - `grid` and `dgrid`: `[batch, out_height, out_width, 2]`, the column and then the row, each from -1 to 1
/// - `grad`: `[batch, channels, out_height, out_width]`
pub fn gradients(
    shape: &Sample,
    x: &[f32],
    grid: &[f32],
    grad: &[f32],
    dx: Option<&mut [f32]>,
    dgrid: Option<&mut [f32]>,
) {
    shape.check(x, grid, grad);
    if let Some(dx) = dx {
        assert_eq!(dx.len(), x.len(), "dx");
        input_gradient(shape, grid, grad, dx);
    }
    if let Some(dgrid) = dgrid {
        assert_eq!(dgrid.len(), grid.len(), "dgrid");
        grid_gradient(shape, x, grid, grad, dgrid);
    }
}

fn input_gradient(shape: &Sample, grid: &[f32], grad: &[f32], dx: &mut [f32]) {
    if dx.is_empty() {
        return;
    }
    let parts = shape.channels.div_ceil(CHANNELS);
    let dx = Shared::new(dx);
    tasks(shape.batch * parts, grad.len(), |task| {
        let (image, part) = (task / parts, task % parts);
        let channels = part * CHANNELS..shape.channels.min((part + 1) * CHANNELS);
        let own = shape.in_plane(image, channels.start).start..shape.in_plane(image, channels.end).start;
        // SAFETY: no other task has these channels of this image.
        let dx = unsafe { dx.slice(own) };
        dx.fill(0.0);
        for pixels in (0..shape.tiles()).map(|tile| shape.tile(tile)) {
            let places = shape.places(grid, image, &pixels);
            for (channel, dx) in channels.clone().zip(dx.chunks_exact_mut(shape.in_pixels())) {
                let grad = &grad[shape.out_place(image, channel, &pixels)];
                for (grad, (place, _)) in grad.iter().zip(&places) {
                    for (pixel, weight) in place.pixels.into_iter().zip(place.weights()) {
                        dx[pixel as usize] += grad * weight;
                    }
                }
            }
        }
    });
}

fn grid_gradient(shape: &Sample, x: &[f32], grid: &[f32], grad: &[f32], dgrid: &mut [f32]) {
    if x.is_empty() {
        dgrid.fill(0.0);
        return;
    }
    let dgrid = Shared::new(dgrid);
    tasks(shape.batch * shape.tiles(), grad.len(), |task| {
        let (image, pixels) = (task / shape.tiles(), shape.tile(task % shape.tiles()));
        let start = 2 * image * shape.out_pixels();
        // SAFETY: no other task has these pixels of this image.
        let dgrid = unsafe { dgrid.slice(start + 2 * pixels.start..start + 2 * pixels.end) };
        let places = shape.places(grid, image, &pixels);
        // For each pixel around a place, the sum over channels of its value times the gradient.
        let mut sums = vec![[0.0; 4]; places.len()];
        for channel in 0..shape.channels {
            let x = &x[shape.in_plane(image, channel)];
            let grad = &grad[shape.out_place(image, channel, &pixels)];
            for ((sums, (place, _)), grad) in sums.iter_mut().zip(&places).zip(grad) {
                for (sum, pixel) in sums.iter_mut().zip(place.pixels) {
                    *sum += x[pixel as usize] * grad;
                }
            }
        }
        for ((dgrid, sums), (place, scale)) in dgrid.as_chunks_mut().0.iter_mut().zip(sums).zip(&places) {
            let [down, right] = place.slopes(sums);
            *dgrid = [right * scale[1], down * scale[0]];
        }
    });
}
