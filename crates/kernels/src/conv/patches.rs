//! The right operand of a convolution: for every pixel of a tile the inputs under each tap.

use std::ops::Range;

use pulp::Simd;

use super::tile::{Segment, Tile};
use crate::gemm::{COLUMN_VECTORS, columns};

/// Inputs of some channels under a tile: the one under tap `t` of pixel `i` of segment `s` is
/// `values[firsts[s] + i + places[t]]`, where taps are numbered through all channels.
pub(super) struct Patches<'a> {
    tile: &'a Tile,
    pub(super) values: &'a [f32],
    pub(super) firsts: Vec<usize>,
    pub(super) places: Vec<usize>,
}

impl<'a> Patches<'a> {
    /// The first `channels` channels of `input`, whose images are `image_step` apart; `staged` is room for a copy.
    /// At least `lanes - 1` values follow the last one of each segment.
    #[inline(always)]
    pub(super) fn new(
        tile: &'a Tile,
        input: &'a [f32],
        image_step: usize,
        channels: usize,
        staged: &'a mut [f32],
        lanes: usize,
    ) -> Self {
        let [down, across] = tile.axes;
        let make = |values, firsts: Vec<usize>, channel_step: usize, row_step: usize| {
            let lines =
                (0..channels).flat_map(|c| (0..down.taps).map(move |t| c * channel_step + t * down.gap * row_step));
            let places = lines
                .flat_map(|line| tile.taps.iter().map(move |tap| line + tap))
                .collect();
            Self {
                tile,
                values,
                firsts,
                places,
            }
        };
        if tile.inside() {
            let first = |segment: &Segment| {
                let row = segment.y * down.step + down.offset as usize;
                segment.image * image_step + row * across.inputs + segment.x + across.offset as usize
            };
            let patches = make(
                input,
                tile.segments.iter().map(first).collect(),
                tile.plane(),
                across.inputs,
            );
            if patches.end() + lanes <= input.len() {
                return patches;
            }
        }
        tile.stage(input, image_step, channels, staged);
        let first = |segment: &Segment| segment.line * tile.line() + segment.x - tile.columns.start;
        make(
            staged,
            tile.segments.iter().map(first).collect(),
            tile.lines * tile.line(),
            tile.line(),
        )
    }

    /// The place after the last one that is read.
    pub(super) fn end(&self) -> usize {
        let ends = self
            .firsts
            .iter()
            .zip(&self.tile.segments)
            .map(|(first, segment)| first + segment.len);
        ends.max().unwrap_or(0) + self.places.iter().copied().max().unwrap_or(0)
    }

    /// Packs the panels of the tile's pixels from `pixels.start`, a multiple of the panel width, to `pixels.end`.
    #[inline(always)]
    pub(super) fn pack<S: Simd>(&self, _simd: S, pixels: Range<usize>, packed: &mut [f32]) {
        let (lanes, width, depth) = (S::F32_LANES, columns::<S>(), self.places.len());
        assert!(
            packed.len() >= pixels.len().next_multiple_of(width) * depth + lanes,
            "room for the panels"
        );
        assert!(
            depth == 0 || self.end() + lanes <= self.values.len() + 1,
            "inputs of the tile"
        );
        let segments = &self.tile.segments;
        let mut index = segments.partition_point(|segment| segment.pixel + segment.len <= pixels.start);
        for (panel, start) in pixels.clone().step_by(width).enumerate() {
            let mut pieces = [Piece::default(); COLUMN_VECTORS * MOST_LANES];
            let (mut count, mut pixel, end) = (0, start, (start + width).min(pixels.end));
            while pixel < end {
                let segment = segments[index];
                let skipped = pixel - segment.pixel;
                let len = (segment.len - skipped).min(end - pixel);
                for done in (0..len).step_by(lanes) {
                    let from = self.firsts[index] + skipped + done;
                    pieces[count] = Piece {
                        from,
                        to: pixel - start + done,
                    };
                    count += 1;
                }
                pixel += len;
                index += usize::from(skipped + len == segment.len);
            }
            let panel = packed[panel * width * depth..].as_mut_ptr();
            // SAFETY: a piece begins before the end of a segment, after which `values` goes on for `lanes - 1` places,
            // as asserted; it ends less than a vector past the panel's row, and so much room is left after the panel.
            unsafe {
                match pieces[..count] {
                    [a, b, c] => self.copy::<S>(&[a, b, c], panel),
                    ref pieces => self.copy::<S>(pieces, panel),
                }
            }
        }
    }

    /// Writes the rows of a panel, in order: what a vector writes past its piece is overwritten by the next one.
    ///
    /// # Safety
    /// For every place and piece, a vector may be read from `values`, and written to each row of the panel.
    #[inline(always)]
    unsafe fn copy<S: Simd>(&self, pieces: &[Piece], mut panel: *mut f32) {
        for &place in &self.places {
            for piece in pieces {
                // SAFETY: the caller's promise; vectors have the alignment of f32.
                unsafe {
                    let from = self.values.as_ptr().add(place + piece.from);
                    *panel.add(piece.to).cast::<S::f32s>() = *from.cast::<S::f32s>();
                }
            }
            // SAFETY: the panel has as many rows as there are places.
            panel = unsafe { panel.add(columns::<S>()) };
        }
    }
}

/// Floats in the longest vectors there are.
const MOST_LANES: usize = 16;

/// Neighboring pixels of a panel, at most a vector of them.
#[derive(Clone, Copy, Default)]
struct Piece {
    from: usize,
    to: usize,
}
