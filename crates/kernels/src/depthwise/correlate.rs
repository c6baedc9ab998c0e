//! The inner loop of the forward pass and of the gradient of the input.

use pulp::Simd;

use super::axis::Padded;

/// A tap of the kernel.
#[derive(Clone, Copy)]
pub(super) struct Tap {
    /// Where it reads for the first output.
    pub(super) offset: usize,
    /// Its weights.
    pub(super) weight: f32,
}

/// Writes `rows * columns` outputs, each `start` plus the sum over the taps of `weight * padded[offset + position]`,
/// the position being `row * pitch + column`.
///
/// `padded` has `S::F32_LANES` elements more than the taps reach. `wide` is room that is kept between calls.
#[inline(always)]
pub(super) fn correlate<S: Simd>(
    simd: S,
    padded: Padded,
    taps: &[Tap],
    start: f32,
    [rows, columns]: [usize; 2],
    wide: &mut Vec<f32>,
    out: &mut [f32],
) {
    if rows == 0 || columns == 0 {
        return;
    }
    let plane = Plane {
        simd,
        padded,
        taps,
        start,
    };
    // Rows that fill their vectors badly are cheaper as one long row with what lies between them, thrown away later.
    let long = (rows - 1) * padded.pitch + columns;
    if columns.div_ceil(S::F32_LANES) * rows > long.div_ceil(S::F32_LANES) {
        wide.resize(long, 0.0);
        plane.outputs([1, long], wide);
        for (out, wide) in out.chunks_exact_mut(columns).zip(wide.chunks(padded.pitch)) {
            out.copy_from_slice(&wide[..columns]);
        }
    } else {
        plane.outputs([rows, columns], out);
    }
}

struct Plane<'a, S> {
    simd: S,
    padded: Padded<'a>,
    taps: &'a [Tap],
    start: f32,
}

impl<S: Simd> Plane<'_, S> {
    /// Vectors of outputs in ascending order: what one writes beyond its row, the next row overwrites.
    #[inline(always)]
    fn outputs(&self, [rows, columns]: [usize; 2], out: &mut [f32]) {
        let lanes = S::F32_LANES;
        assert_eq!(out.len(), rows * columns);
        let furthest = self.taps.iter().map(|tap| tap.offset).max().unwrap_or(0);
        assert!(furthest + (rows - 1) * self.padded.pitch + columns - 1 + lanes <= self.padded.values.len());
        let each = columns.div_ceil(lanes);
        let (mut next, mut row, mut column) = (0, 0, 0);
        let mut places = || {
            let place = (row * self.padded.pitch + column, row * columns + column);
            column += lanes;
            if column >= columns {
                (row, column) = (row + 1, 0);
            }
            place
        };
        while next + 8 <= rows * each {
            // SAFETY: `places` is called once for each vector, and gives rows below `rows` and columns below `columns`.
            unsafe { self.block::<8>(&mut places, out) };
            next += 8;
        }
        while next + 4 <= rows * each {
            // SAFETY: as above.
            unsafe { self.block::<4>(&mut places, out) };
            next += 4;
        }
        while next < rows * each {
            // SAFETY: as above.
            unsafe { self.block::<1>(&mut places, out) };
            next += 1;
        }
    }

    /// `N` vectors of outputs, each with its place in the padded plane and its place in `out`.
    ///
    /// # Safety
    /// For every place `(from, to)`, `from + S::F32_LANES` plus any tap's offset is inside the padded plane, and `to` is
    /// inside `out`.
    #[inline(always)]
    unsafe fn block<const N: usize>(&self, places: &mut impl FnMut() -> (usize, usize), out: &mut [f32]) {
        let simd = self.simd;
        let places: [_; N] = std::array::from_fn(|_| places());
        let mut sums = [simd.splat_f32s(self.start); N];
        // SAFETY: inside the padded plane, as the caller promises.
        let from = places.map(|(from, _)| unsafe { self.padded.values.as_ptr().add(from) });
        for tap in self.taps {
            let weight = simd.splat_f32s(tap.weight);
            for (sum, from) in sums.iter_mut().zip(from) {
                // SAFETY: a whole vector is inside the padded plane, as the caller promises.
                let x = unsafe { from.add(tap.offset).cast::<S::f32s>().read_unaligned() };
                *sum = simd.mul_add_e_f32s(x, weight, *sum);
            }
        }
        for (sum, (_, to)) in sums.into_iter().zip(places) {
            // SAFETY: inside, as the caller promises.
            let out = unsafe { out.get_unchecked_mut(to..) };
            if out.len() >= S::F32_LANES {
                // SAFETY: there is room for a whole vector.
                unsafe { out.as_mut_ptr().cast::<S::f32s>().write_unaligned(sum) };
            } else {
                simd.partial_store_f32s(out, sum);
            }
        }
    }
}
