//! Where the taps read.

use std::ops::Range;

use super::{DeformConv2d, Inputs};
use crate::sample::bilinear::{Place, Size};

/// The sample of one tap for one output pixel.
pub(super) struct Read {
    /// Where.
    pub(super) place: Place,
    /// Its weight.
    pub(super) mask: f32,
}

impl Read {
    /// Derivatives by the place's row and column and by the mask, given for each of the four pixels the sum over channels
    /// of what is there times its gradient.
    #[inline(always)]
    pub(super) fn derivatives(&self, sums: [f32; 4]) -> [f32; 3] {
        let [down, right] = self.place.slopes(sums);
        let [a, b, c, d] = self.place.weights();
        let value = (a * sums[0] + b * sums[1]) + (c * sums[2] + d * sums[3]);
        [self.mask * down, self.mask * right, value]
    }
}

/// Finds what all taps read for some output pixels, pixel by pixel, of an image and an offset group.
#[inline(always)]
pub(super) fn reads(
    shape: &DeformConv2d,
    inputs: &Inputs,
    [image, group]: [usize; 2],
    pixels: Range<usize>,
    reads: &mut Vec<Read>,
) {
    let (taps, out_pixels, out_width) = (shape.taps(), shape.out_pixels(), shape.output()[1]);
    let first = (image * shape.offset_groups + group) * taps;
    let offset = &inputs.offset[2 * first * out_pixels..][..2 * taps * out_pixels];
    let mask = inputs.mask.map(|mask| &mask[first * out_pixels..][..taps * out_pixels]);
    // Where the taps lie before they are moved, seen from the place of the output.
    let unmoved: Vec<[f32; 2]> = (0..taps)
        .map(|tap| [tap / shape.kernel[1], tap % shape.kernel[1]])
        .map(|tap| [0, 1].map(|axis| (tap[axis] * shape.dilation[axis]) as f32 - shape.padding[axis] as f32))
        .collect();
    let size = Size::new(shape.input);
    reads.clear();
    for pixel in pixels {
        let row = (pixel / out_width * shape.stride[0]) as f32;
        let column = (pixel % out_width * shape.stride[1]) as f32;
        for (tap, [tap_row, tap_column]) in unmoved.iter().enumerate() {
            let down = offset[2 * tap * out_pixels + pixel] + (tap_row + row);
            let right = offset[(2 * tap + 1) * out_pixels + pixel] + (tap_column + column);
            reads.push(Read {
                place: Place::new([down, right], size),
                mask: mask.map_or(1.0, |mask| mask[tap * out_pixels + pixel]),
            });
        }
    }
}
