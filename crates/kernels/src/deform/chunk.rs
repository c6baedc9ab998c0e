//! Channels that are read together.

use super::DeformConv2d;
use crate::parallel::{Shared, range, tasks};

/// Most channels of a chunk: what a tile gathers of them stays in the cache.
const CHANNELS: usize = 64;

/// Images that keep all threads busy by themselves; with fewer, chunks are a quarter as large.
const IMAGES: usize = 4;

/// Neighboring channels of one group and one offset group.
pub(super) struct Chunk {
    /// First channel.
    pub(super) first: usize,
    /// Number of channels.
    pub(super) len: usize,
    /// Their group.
    pub(super) group: usize,
    /// Their offset group.
    pub(super) offset_group: usize,
}

impl Chunk {
    /// All chunks in the order of their channels.
    pub(super) fn all(shape: &DeformConv2d) -> Vec<Self> {
        let most = if shape.batch < IMAGES { CHANNELS / 4 } else { CHANNELS };
        let [group, offset_group] = [shape.groups, shape.offset_groups].map(|groups| shape.in_channels / groups);
        let mut bounds: Vec<_> = (0..=shape.in_channels)
            .filter(|channel| channel.is_multiple_of(group) || channel.is_multiple_of(offset_group))
            .collect();
        bounds.dedup();
        let parts = bounds.windows(2).flat_map(|bounds| {
            let (first, len) = (bounds[0], bounds[1] - bounds[0]);
            let parts = len.div_ceil(most);
            (0..parts).map(move |part| (first, range(len, part, parts)))
        });
        let chunk = |(first, range): (usize, std::ops::Range<usize>)| Self {
            first: first + range.start,
            len: range.len(),
            group: (first + range.start) / group,
            offset_group: (first + range.start) / offset_group,
        };
        parts.map(chunk).collect()
    }

    /// Whether this is where its group begins.
    pub(super) fn first_of_group(&self, shape: &DeformConv2d) -> bool {
        self.first.is_multiple_of(shape.in_channels / shape.groups)
    }

    /// Where its channels of an image begin.
    pub(super) fn start(&self, shape: &DeformConv2d, image: usize) -> usize {
        (image * shape.in_channels + self.first) * shape.in_pixels()
    }

    /// The weights of its channels: `[group_out, taps, channels]`.
    pub(super) fn weights(&self, shape: &DeformConv2d, w: &[f32]) -> Vec<f32> {
        let (taps, channels) = (shape.taps(), shape.in_channels / shape.groups);
        let mut weights = Vec::with_capacity(shape.group_out() * taps * self.len);
        for out in 0..shape.group_out() {
            let row = (self.group * shape.group_out() + out) * channels + self.first % channels;
            for tap in 0..taps {
                weights.extend((row..row + self.len).map(|channel| w[channel * taps + tap]));
            }
        }
        weights
    }
}

/// Lays out every chunk of every image with its channels last: `[batch, in_channels / len, pixels, len]`.
pub(super) fn channels_last(shape: &DeformConv2d, chunks: &[Chunk], x: &[f32], last: &mut [f32]) {
    let pixels = shape.in_pixels();
    last[x.len()..].fill(0.0);
    let last = Shared::new(last);
    tasks(shape.batch * chunks.len(), x.len(), |task| {
        let chunk = &chunks[task % chunks.len()];
        let start = chunk.start(shape, task / chunks.len());
        let place = start..start + chunk.len * pixels;
        // SAFETY: no other task has this chunk of this image.
        let last = unsafe { last.slice(place.clone()) };
        transpose([chunk.len, pixels], &x[place], last);
    });
}

/// Writes the transpose of a row-major matrix.
#[inline(always)]
pub(super) fn transpose([rows, columns]: [usize; 2], from: &[f32], to: &mut [f32]) {
    // Whole cache lines on both sides.
    const SIDE: usize = 16;
    for first in (0..columns).step_by(SIDE) {
        for row in 0..rows {
            for column in first..columns.min(first + SIDE) {
                to[column * rows + row] = from[row * columns + column];
            }
        }
    }
}
