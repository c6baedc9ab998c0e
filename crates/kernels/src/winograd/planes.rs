//! Between planes, one a channel, and pixels that hold a vector of channels each.

use std::ops::Range;

use super::tiles::Images;
use crate::parallel::Shared;

/// Copies the window of `size` pixels at `corner` for a vector of channels, one vector a pixel, zeros where there are
/// no pixels or no channels.
#[inline(always)]
pub(super) fn channels_last(
    images: Images,
    image: usize,
    channels: Range<usize>,
    corner: [isize; 2],
    size: [usize; 2],
    lanes: usize,
    window: &mut [f32],
) {
    let [height, width] = images.size;
    let inside = |start: isize, len: usize, side: usize| {
        let clip = |at: isize| (at - start).clamp(0, len as isize) as usize;
        clip(0)..clip(side as isize)
    };
    let (rows, columns) = (inside(corner[0], size[0], height), inside(corner[1], size[1], width));
    let whole = rows.len() == size[0] && columns.len() == size[1] && channels.len() == lanes;
    if !whole {
        window[..size[0] * size[1] * lanes].fill(0.0);
    }
    if rows.is_empty() || columns.is_empty() {
        return;
    }
    let y = (corner[0] + rows.start as isize) as usize;
    let x = (corner[1] + columns.start as isize) as usize;
    let plane = height * width;
    let first = (image * images.channels + channels.start) * plane;
    let planes = &images.values[first..first + channels.len() * plane];
    // Channel after channel, because memory is read in order then and all of the window is in the cache anyway.
    let mut lane = 0;
    while lane < channels.len() {
        let four = lane + 4 <= channels.len();
        for (row, y) in rows.clone().zip(y..) {
            let at = |i: usize| &planes[(lane + i) * plane + y * width + x..][..columns.len()];
            let target = &mut window[(row * size[1] + columns.start) * lanes..][..columns.len() * lanes];
            if four {
                let source = [at(0), at(1), at(2), at(3)];
                let whole = columns.len() / 4 * 4;
                for pixel in (0..whole).step_by(4) {
                    let block = transposed([
                        four_at(source[0], pixel),
                        four_at(source[1], pixel),
                        four_at(source[2], pixel),
                        four_at(source[3], pixel),
                    ]);
                    for (i, block) in block.into_iter().enumerate() {
                        target[(pixel + i) * lanes + lane..][..4].copy_from_slice(&block);
                    }
                }
                for pixel in whole..columns.len() {
                    let block = [source[0][pixel], source[1][pixel], source[2][pixel], source[3][pixel]];
                    target[pixel * lanes + lane..][..4].copy_from_slice(&block);
                }
            } else {
                for (pixel, &value) in target.chunks_exact_mut(lanes).zip(at(0)) {
                    pixel[lane] = value;
                }
            }
        }
        lane += if four { 4 } else { 1 };
    }
}

/// Writes rows of pixels that hold one vector of channels each to the planes of an image. `at` is the first row and
/// column, `row_len` the pixels from one row in `pixels` to the next.
///
/// # Safety
/// Nobody else uses these pixels of these channels of `target` meanwhile.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn write_planes(
    pixels: &[f32],
    row_len: usize,
    rows: usize,
    lanes: usize,
    target: Shared,
    planes: Range<usize>,
    size: [usize; 2],
    at: [usize; 2],
) {
    let rows = rows.min(size[0] - at[0]);
    let columns = row_len.min(size[1] - at[1]);
    let mut lane = 0;
    while lane < planes.len() {
        let four = lane + 4 <= planes.len();
        for row in 0..rows {
            let source = &pixels[row * row_len * lanes..][..row_len * lanes];
            let at = |i: usize| {
                let start = ((planes.start + lane + i) * size[0] + at[0] + row) * size[1] + at[1];
                // SAFETY: the caller's promise; every plane and row is asked for once.
                unsafe { target.slice(start..start + columns) }
            };
            if four {
                let mut target = [at(0), at(1), at(2), at(3)];
                let whole = columns / 4 * 4;
                for pixel in (0..whole).step_by(4) {
                    let block = transposed([
                        four_at(source, pixel * lanes + lane),
                        four_at(source, (pixel + 1) * lanes + lane),
                        four_at(source, (pixel + 2) * lanes + lane),
                        four_at(source, (pixel + 3) * lanes + lane),
                    ]);
                    for (target, block) in target.iter_mut().zip(block) {
                        target[pixel..pixel + 4].copy_from_slice(&block);
                    }
                }
                for pixel in whole..columns {
                    for (i, target) in target.iter_mut().enumerate() {
                        target[pixel] = source[pixel * lanes + lane + i];
                    }
                }
            } else {
                for (target, pixel) in at(0).iter_mut().zip(source.chunks_exact(lanes)) {
                    *target = pixel[lane];
                }
            }
        }
        lane += if four { 4 } else { 1 };
    }
}

#[inline(always)]
fn four_at(from: &[f32], at: usize) -> [f32; 4] {
    let from = &from[at..at + 4];
    [from[0], from[1], from[2], from[3]]
}

/// Spelled out, it becomes a few shuffles; as a loop over lanes it would become scattered stores, which are slow.
#[inline(always)]
fn transposed([a, b, c, d]: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    [
        [a[0], b[0], c[0], d[0]],
        [a[1], b[1], c[1], d[1]],
        [a[2], b[2], c[2], d[2]],
        [a[3], b[3], c[3], d[3]],
    ]
}
