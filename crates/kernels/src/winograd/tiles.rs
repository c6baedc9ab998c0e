//! Where tiles lie on images, and the way of their values from images to the points and back.

use std::ops::Range;

use pulp::Simd;

use super::planes::channels_last;
use super::transform::both_sides;

/// Images of `channels` planes each.
#[derive(Clone, Copy)]
pub(super) struct Images<'a> {
    pub(super) values: &'a [f32],
    pub(super) channels: usize,
    pub(super) size: [usize; 2],
}

/// The tiles of all images, and the blocks of them that one task works on at a time.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    images: usize,
    /// Tiles down and across an image.
    tiles: [usize; 2],
    /// Tiles down (over the bounds of images) and across a block.
    block: [usize; 2],
}

/// The part of a block that lies on one image.
pub(super) struct Segment {
    pub(super) image: usize,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    /// Number of the first tile within the block.
    pub(super) first: usize,
}

impl Grid {
    /// The grid of tiles of `pitch` pixels on images of `size`, in blocks of about `most` tiles.
    pub(super) fn new(images: usize, size: [usize; 2], pitch: usize, most: usize) -> Self {
        let tiles = size.map(|side| side.div_ceil(pitch));
        let across = tiles[1].div_ceil(tiles[1].div_ceil(most).max(1)).max(1);
        let rows = images * tiles[0];
        let down = rows.div_ceil(rows.div_ceil((most / across).max(1)).max(1)).max(1);
        Self {
            images,
            tiles,
            block: [down, across],
        }
    }

    pub(super) fn blocks(&self) -> usize {
        (self.images * self.tiles[0]).div_ceil(self.block[0]) * self.tiles[1].div_ceil(self.block[1])
    }

    /// The most tiles in a block.
    pub(super) fn capacity(&self) -> usize {
        self.block[0] * self.block[1]
    }

    fn ranges(&self, block: usize) -> [Range<usize>; 2] {
        let across = self.tiles[1].div_ceil(self.block[1]);
        let part = |index: usize, size: usize, len: usize| index * size..((index + 1) * size).min(len);
        [
            part(block / across, self.block[0], self.images * self.tiles[0]),
            part(block % across, self.block[1], self.tiles[1]),
        ]
    }

    /// Tiles in a block.
    pub(super) fn len(&self, block: usize) -> usize {
        let [rows, columns] = self.ranges(block);
        rows.len() * columns.len()
    }

    /// A block, image by image.
    #[inline(always)]
    pub(super) fn segments(&self, block: usize) -> impl Iterator<Item = Segment> + use<> {
        let [rows, columns] = self.ranges(block);
        let down = self.tiles[0];
        let images = rows.start / down..rows.end.div_ceil(down);
        images.map(move |image| {
            let start = rows.start.max(image * down);
            let end = rows.end.min((image + 1) * down);
            Segment {
                image,
                rows: start - image * down..end - image * down,
                columns: columns.clone(),
                first: (start - rows.start) * columns.len(),
            }
        })
    }

    /// Floats that the largest segment's window takes for `lanes` channels.
    pub(super) fn window_len(&self, pitch: usize, tile: usize, lanes: usize) -> usize {
        let [down, across] =
            [self.block[0].min(self.tiles[0]), self.block[1]].map(|n| n * pitch + tile.max(pitch) - pitch);
        down * across * lanes
    }
}

/// A block of transformed tiles: for every point and every vector of channels, one vector a tile.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    /// Distance between vectors of channels.
    pub(super) channel_stride: usize,
    /// Distance between points.
    pub(super) point_stride: usize,
}

impl Panels {
    pub(super) fn new<S: Simd>(tiles: usize, channels: usize) -> Self {
        let channel_stride = tiles * S::F32_LANES;
        Self {
            channel_stride,
            // A cache line more, or all points of a tile would compete for one set of the cache.
            point_stride: channels.div_ceil(S::F32_LANES).max(1) * channel_stride + S::F32_LANES,
        }
    }
}

/// Transforms the tiles of `block`: each is `Q` pixels a side, the first has its corner `offset` before the image's,
/// the next is `pitch` pixels on. Pixels outside the image are zero.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) fn transform<S: Simd, const P: usize, const Q: usize>(
    simd: S,
    matrix: &[[f32; Q]; P],
    images: Images,
    channels: Range<usize>,
    grid: Grid,
    block: usize,
    [pitch, top, left]: [isize; 3],
    window: &mut [f32],
    panels: Panels,
    result: &mut [f32],
) {
    let lanes = S::F32_LANES;
    for segment in grid.segments(block) {
        let [height, width] =
            [&segment.rows, &segment.columns].map(|range| (range.len() as isize - 1) * pitch + Q as isize);
        let corner = [
            segment.rows.start as isize * pitch - top,
            segment.columns.start as isize * pitch - left,
        ];
        for (vector, first) in channels.clone().step_by(lanes).enumerate() {
            let some = first..(first + lanes).min(channels.end);
            let size = [height as usize, width as usize];
            channels_last(images, segment.image, some, corner, size, lanes, window);
            let window = &window[..size[0] * size[1] * lanes];
            let mut target = vector * panels.channel_stride + segment.first * lanes;
            for row in 0..segment.rows.len() {
                for column in 0..segment.columns.len() {
                    let source = &window[(row * size[1] + column) * pitch as usize * lanes..];
                    both_sides::<S, P, Q>(
                        simd,
                        matrix,
                        #[inline(always)]
                        |i, j| load::<S>(source, (i * size[1] + j) * lanes),
                        #[inline(always)]
                        |i, j, value| store::<S>(result, target + (i * P + j) * panels.point_stride, value),
                    );
                    target += lanes;
                }
            }
        }
    }
}

/// The vector that starts at `at`.
#[inline(always)]
pub(super) fn load<S: Simd>(from: &[f32], at: usize) -> S::f32s {
    let from = &from[at..at + S::F32_LANES];
    // SAFETY: as many floats as a vector has, and vectors have the alignment of f32.
    unsafe { from.as_ptr().cast::<S::f32s>().read_unaligned() }
}

/// Writes the vector that starts at `at`.
#[inline(always)]
pub(super) fn store<S: Simd>(to: &mut [f32], at: usize, vector: S::f32s) {
    let to = &mut to[at..at + S::F32_LANES];
    // SAFETY: as many floats as a vector has, and vectors have the alignment of f32.
    unsafe { to.as_mut_ptr().cast::<S::f32s>().write_unaligned(vector) }
}
