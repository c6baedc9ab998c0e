//! Convolution as a matrix product whose right operand is gathered from the input tile by tile.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::patches::Patches;
use super::tile::{Segment, Tile};
use super::weights::Kernels;
use crate::gemm::{DEPTH, Scratch, Start, Target, block_at, columns, packed_rows_len, part};
use crate::parallel::tasks;

/// One side of a gather: output `o` reads inputs `o * step + tap * gap + offset`, zero where there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) step: usize,
    pub(super) taps: usize,
    pub(super) gap: usize,
    pub(super) offset: isize,
}

impl Axis {
    /// Distance from the first input that an output reads to the last.
    pub(super) const fn reach(&self) -> usize {
        self.taps.saturating_sub(1) * self.gap
    }
}

/// Where the pixels of a gather go in a plane of the target: `(y, x)` to `first + y * steps[0] + x * steps[1]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) plane: usize,
    pub(super) first: usize,
    pub(super) steps: [usize; 2],
}

/// One set of taps, and the pixels of the target that are sums over them.
pub(super) struct Gather {
    pub(super) axes: [Axis; 2],
    pub(super) places: Places,
    pub(super) kernels: Kernels,
}

impl Gather {
    pub(super) fn pixels(&self) -> usize {
        self.axes[0].outputs * self.axes[1].outputs
    }

    pub(super) fn taps(&self) -> usize {
        self.axes[0].taps * self.axes[1].taps
    }

    /// Whether pixels that follow each other do so in the target as well.
    fn contiguous(&self) -> bool {
        self.places.steps == [self.axes[1].outputs, 1]
    }
}

/// Channels whose taps make up one range of the summed dimension.
pub(super) fn channels_at_once(channels: usize, taps: usize) -> usize {
    (DEPTH / taps.max(1)).clamp(1, channels.max(1))
}

/// Several gathers from one input to one target.
pub(super) struct Convolution<'a> {
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Channels of the input in a group.
    pub(super) channels: usize,
    /// Channels of the target in a group.
    pub(super) rows: usize,
    pub(super) input: &'a [f32],
    pub(super) weights: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
    pub(super) gathers: &'a [Gather],
    pub(super) target: Target,
}

/// How the work is cut up; from the shape alone.
struct Cut {
    /// Images whose pixels are numbered through.
    images: usize,
    /// Pixels in a tile.
    tile: usize,
    tiles: usize,
    /// Target channels in a task.
    rows: usize,
    row_parts: usize,
}

/// Rows up to which a panel of columns is packed and used at once, while it is in the first level of the cache.
const FEW_ROWS: usize = 64;

impl Convolution<'_> {
    fn cut<S: Simd>(&self) -> Cut {
        let width = columns::<S>();
        let pixels = self.gathers.iter().map(Gather::pixels).max().unwrap_or(0);
        // With few pixels in an image a tile spans several; otherwise it stays in one and its sums go straight to
        // the target.
        let images = if pixels < 96 { self.batch } else { 1 };
        let spans = self.batch.div_ceil(images.max(1)) * self.groups;
        let most = if self.rows <= FEW_ROWS { 1536 } else { 384 };
        // At least 16 tasks where the tiles stay large enough to be worth packing for.
        let wanted = (images * pixels * spans / 16).clamp(192, most);
        let tiles = (images * pixels).div_ceil(wanted).max(1);
        let tile = (images * pixels).div_ceil(tiles).next_multiple_of(width).max(width);
        let row_parts = 16usize
            .div_ceil((spans * tiles).max(1))
            .min(self.rows.div_ceil(FEW_ROWS))
            .max(1);
        let rows = self.rows.div_ceil(row_parts).next_multiple_of(8).max(8);
        Cut {
            images,
            tile,
            tiles: (images * pixels).div_ceil(tile),
            rows,
            row_parts: self.rows.div_ceil(rows),
        }
    }

    /// Computes every pixel of the target that a gather places.
    pub(super) fn run(&self) {
        Arch::new().dispatch(self);
    }
}

impl WithSimd for &Convolution<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        let cut = self.cut::<S>();
        let sums: usize = self
            .gathers
            .iter()
            .map(|gather| gather.pixels() * gather.taps().max(1))
            .sum();
        let elements = self.batch * self.groups * self.rows * sums;
        if elements == 0 {
            return;
        }
        let depth: usize = self.gathers.iter().map(|gather| self.channels * gather.taps()).sum();
        let tall = packed_rows_len::<S>(self.rows, 1);
        let mut packed = Scratch::new(self.groups * tall * depth);
        let mut rest = &mut *packed;
        for gather in self.gathers {
            let len = self.groups * tall * self.channels * gather.taps();
            let (packed, after) = rest.split_at_mut(len);
            gather
                .kernels
                .pack(simd, self.weights, [self.groups, self.rows, self.channels], packed);
            rest = after;
        }
        let packed = &*packed;
        let spans = self.batch / cut.images;
        let work = cut.row_parts * cut.tiles;
        tasks(spans * self.groups * work, elements, |task| {
            let (span, group) = (task / work / self.groups, task / work % self.groups);
            let mut first = 0;
            for gather in self.gathers {
                let depth = self.channels * gather.taps();
                simd.vectorize(Task {
                    convolution: self,
                    gather,
                    weights: &packed[first + group * tall * depth..][..tall * depth],
                    group,
                    image: span * cut.images,
                    pixels: part(cut.images * gather.pixels(), task % cut.tiles, cut.tile),
                    rows: part(self.rows, task % work / cut.tiles, cut.rows),
                });
                first += self.groups * tall * depth;
            }
        });
    }
}

/// Some rows of the target at some pixels, numbered through from the first one of `image`.
struct Task<'a> {
    convolution: &'a Convolution<'a>,
    gather: &'a Gather,
    weights: &'a [f32],
    group: usize,
    image: usize,
    pixels: Range<usize>,
    rows: Range<usize>,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            convolution, gather, ..
        } = self;
        if self.pixels.is_empty() || self.rows.is_empty() {
            return;
        }
        let taps = gather.taps();
        let channels = if taps == 0 { 0 } else { convolution.channels };
        let tile = Tile::new(gather.axes, self.pixels.clone());
        let at_once = channels_at_once(channels, taps);
        let direct = gather.contiguous() && tile.images == 1;
        let panels = if self.rows.len() <= FEW_ROWS { 1 } else { usize::MAX };
        let width = (tile.pixels.len())
            .next_multiple_of(columns::<S>())
            .min(panels.saturating_mul(columns::<S>()));
        let lengths = [
            tile.staged_len(at_once, S::F32_LANES),
            width * at_once * taps + S::F32_LANES,
            if direct { 0 } else { self.rows.len() * tile.pixels.len() },
        ];
        // Whole cache lines, so that each part starts at one.
        let lengths = lengths.map(|len| len.next_multiple_of(16));
        let mut scratch = Scratch::new(lengths.iter().sum());
        let (staged, rest) = scratch.split_at_mut(lengths[0]);
        let (packed, sums) = rest.split_at_mut(lengths[1]);
        let (target, stride) = if direct {
            // SAFETY: the first pixel of the tile in the first of the rows is in the target.
            (
                unsafe { convolution.target.at(self.place(&tile.segments[0])) },
                gather.places.plane,
            )
        } else {
            (sums.as_mut_ptr(), tile.pixels.len())
        };
        let tall = packed_rows_len::<S>(convolution.rows, 1);
        let input = &convolution.input[(self.image * convolution.groups + self.group) * channels * tile.plane()..];
        let image_step = convolution.groups * channels * tile.plane();
        let mut start = match convolution.bias {
            Some(bias) => Start::Bias(&bias[self.group * convolution.rows + self.rows.start..]),
            None => Start::Zero,
        };
        for part in (0..channels.div_ceil(at_once).max(1)).map(|i| part(channels, i, at_once)) {
            let depth = part.len() * taps;
            let weights = &self.weights[tall * part.start * taps + self.rows.start * depth..];
            let patches = Patches::new(
                &tile,
                &input[(part.start * tile.plane()).min(input.len())..],
                image_step,
                part.len(),
                staged,
                S::F32_LANES,
            );
            for first in (0..tile.pixels.len()).step_by(width) {
                let pixels = first..(first + width).min(tile.pixels.len());
                patches.pack(simd, pixels.clone(), packed);
                // SAFETY: direct: rows `rows` of the target at the pixels of this tile, which no other task has;
                // otherwise: rows of `sums`, which is `stride` wide.
                unsafe {
                    let sizes = [self.rows.len(), pixels.len(), depth];
                    block_at(simd, sizes, weights, packed, target.add(first), stride, start);
                }
            }
            start = Start::Target;
        }
        if !direct {
            self.scatter(&tile, sums);
        }
    }
}

impl Task<'_> {
    /// Where the first pixel of the segment is in the target, in the first of the rows.
    #[inline(always)]
    fn place(&self, segment: &Segment) -> usize {
        let Places { plane, first, steps } = self.gather.places;
        let Convolution { groups, rows, .. } = *self.convolution;
        let row = ((self.image + segment.image) * groups + self.group) * rows + self.rows.start;
        row * plane + first + segment.y * steps[0] + segment.x * steps[1]
    }

    /// Moves the sums to their places.
    #[inline(always)]
    fn scatter(&self, tile: &Tile, sums: &[f32]) {
        let Places { plane, steps, .. } = self.gather.places;
        let width = tile.pixels.len();
        for row in 0..self.rows.len() {
            for segment in &tile.segments {
                let place = self.place(segment) + row * plane;
                let sums = &sums[row * width + segment.pixel..][..segment.len];
                // SAFETY: pixels of the gather are at these places of the target, and no other task has them.
                unsafe {
                    let target = self.convolution.target.at(place);
                    if steps[1] == 1 {
                        target.copy_from_nonoverlapping(sums.as_ptr(), sums.len());
                    } else {
                        for (i, &sum) in sums.iter().enumerate() {
                            *target.add(i * steps[1]) = sum;
                        }
                    }
                }
            }
        }
    }
}
