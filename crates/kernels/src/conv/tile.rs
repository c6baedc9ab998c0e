//! A tile of output pixels, and the copy of the input rows under it with zeros around them.

use std::ops::Range;

use super::gather::Axis;

/// Pixels of a tile that are neighbors in a row of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Number in the tile of the first pixel.
    pub(super) pixel: usize,
    pub(super) len: usize,
    pub(super) image: usize,
    pub(super) y: usize,
    pub(super) x: usize,
    /// Row of the staged input that the first tap reads.
    pub(super) line: usize,
}

/// Rows of an image that are staged together.
#[derive(Clone, Copy, Debug)]
struct Band {
    image: usize,
    /// First row, counted from the first one that output 0 reads.
    first: usize,
    /// Rows.
    len: usize,
    /// Rows staged before these.
    line: usize,
}

/// One of the interleaved copies that a staged row is split into.
#[derive(Clone, Copy, Debug)]
struct Copy {
    /// Where it begins in the staged row.
    place: usize,
    /// Zeros before the first input.
    before: usize,
    /// The first input.
    first: usize,
    /// Inputs.
    len: usize,
}

impl Copy {
    /// The copy for the inputs a whole number of steps from `first`, which may be before the row, with `width` places.
    fn new(place: usize, first: isize, axis: &Axis, width: usize) -> Self {
        let before = first.min(0).unsigned_abs().div_ceil(axis.step).min(width);
        let first = (first + (before * axis.step) as isize).unsigned_abs();
        let len = axis
            .inputs
            .saturating_sub(first)
            .div_ceil(axis.step)
            .min(width - before);
        // No place past the row is ever sliced off.
        let first = if len == 0 { 0 } else { first };
        Self {
            place,
            before,
            first,
            len,
        }
    }

    #[inline(always)]
    fn stage(&self, row: &[f32], step: usize, copy: &mut [f32]) {
        let (before, rest) = copy.split_at_mut(self.before);
        let (inside, after) = rest.split_at_mut(self.len);
        before.fill(0.0);
        after.fill(0.0);
        let row = &row[self.first..];
        match step {
            1 => inside.copy_from_slice(&row[..self.len]),
            2 => {
                // Whole pairs, which vectorizes, and the single element that may end the row.
                let pairs = row.chunks_exact(2);
                if let (Some(last), [x]) = (inside.get_mut(pairs.len()), pairs.remainder()) {
                    *last = *x;
                }
                inside.iter_mut().zip(pairs).for_each(|(copy, pair)| *copy = pair[0]);
            }
            _ => inside
                .iter_mut()
                .zip(row.iter().step_by(step))
                .for_each(|(copy, &x)| *copy = x),
        }
    }
}

/// Consecutive pixels of one or several images.
pub(super) struct Tile {
    pub(super) axes: [Axis; 2],
    pub(super) pixels: Range<usize>,
    pub(super) segments: Vec<Segment>,
    bands: Vec<Band>,
    pub(super) images: usize,
    /// First column, and columns, of the outputs.
    pub(super) columns: Range<usize>,
    /// Of each tap across: where its copy of a staged row begins. Rows are split into as many interleaved copies as
    /// the step is long, so that the inputs of neighboring outputs are neighbors.
    pub(super) taps: Vec<usize>,
    /// The copies that some tap reads.
    copies: Vec<Copy>,
    /// Floats in a copy.
    width: usize,
    pub(super) lines: usize,
}

impl Tile {
    /// The tile of `pixels`, numbered through from the first pixel of an image.
    pub(super) fn new(axes: [Axis; 2], pixels: Range<usize>) -> Self {
        let [down, across] = axes;
        let whole = down.outputs * across.outputs;
        let (mut segments, mut bands) = (Vec::<Segment>::new(), Vec::<Band>::new());
        let (mut pixel, mut lines) = (pixels.start, 0);
        while pixel < pixels.end {
            let (image, y, x) = (pixel / whole, pixel % whole / across.outputs, pixel % across.outputs);
            let first = y * down.step;
            match bands.last_mut() {
                Some(band) if band.image == image => band.len = first - band.first + down.reach() + 1,
                _ => bands.push(Band {
                    image,
                    first,
                    len: down.reach() + 1,
                    line: lines,
                }),
            }
            let band = bands[bands.len() - 1];
            lines = band.line + band.len;
            let len = (across.outputs - x).min(pixels.end - pixel);
            segments.push(Segment {
                pixel: pixel - pixels.start,
                len,
                image,
                y,
                x,
                line: band.line + first - band.first,
            });
            pixel += len;
        }
        let columns = match segments[..] {
            [Segment { x, len, .. }] => x..x + len,
            _ => 0..across.outputs,
        };
        let width = columns.len() + across.reach() / across.step;
        let taps = (0..across.taps).map(|tap| tap * across.gap % across.step * width + tap * across.gap / across.step);
        let taps: Vec<usize> = taps.collect();
        let first = (columns.start * across.step) as isize + across.offset;
        let copies = (0..across.step)
            .filter(|phase| taps.iter().any(|tap| tap / width == *phase))
            .map(|phase| Copy::new(phase * width, first + phase as isize, &across, width));
        Self {
            copies: copies.collect(),
            axes,
            pixels,
            images: bands.len(),
            segments,
            bands,
            columns,
            taps,
            width,
            lines,
        }
    }

    /// Elements in a plane of the input.
    pub(super) const fn plane(&self) -> usize {
        self.axes[0].inputs * self.axes[1].inputs
    }

    /// Floats in a staged row.
    pub(super) const fn line(&self) -> usize {
        self.width * self.axes[1].step
    }

    /// Floats that the staged rows of so many channels take, with room for a vector read from the last one.
    pub(super) fn staged_len(&self, channels: usize, lanes: usize) -> usize {
        channels * self.lines * self.line() + lanes
    }

    /// Copies the rows that the tile reads, with zeros around them.
    #[inline(always)]
    pub(super) fn stage(&self, input: &[f32], image_step: usize, channels: usize, staged: &mut [f32]) {
        let [down, across] = self.axes;
        let mut lines = staged.chunks_exact_mut(self.line().max(1));
        for channel in 0..channels {
            for band in &self.bands {
                let plane = &input[band.image * image_step + channel * self.plane()..][..self.plane()];
                for (row, line) in (band.first..band.first + band.len).zip(&mut lines) {
                    match row.checked_add_signed(down.offset).filter(|&row| row < down.inputs) {
                        Some(row) => {
                            let row = &plane[row * across.inputs..][..across.inputs];
                            for copy in &self.copies {
                                copy.stage(row, across.step, &mut line[copy.place..][..self.width]);
                            }
                        }
                        None => line.fill(0.0),
                    }
                }
            }
        }
    }

    /// Whether every tap of every pixel is inside the input and neighbors are neighbors there.
    pub(super) fn inside(&self) -> bool {
        let fits = |axis: &Axis| {
            axis.offset >= 0 && axis.offset as usize + (axis.outputs - 1) * axis.step + axis.reach() < axis.inputs
        };
        self.axes.iter().all(fits) && self.axes[1].step == 1
    }
}
