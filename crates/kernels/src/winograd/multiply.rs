//! The innermost loop: sums of products of a few factors with a few vectors, held in registers.

use pulp::Simd;

use super::tiles::{load, store};

/// Vectors of output channels that are summed side by side.
pub(super) const VECTORS: usize = 2;

/// An operand: where the next row (a factor, or a vector) and the next step of the sum are.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    pub(super) values: &'a [f32],
    pub(super) row: usize,
    pub(super) step: usize,
}

impl Operand<'_> {
    /// Whether all reads of `width` floats are inside.
    #[inline(always)]
    fn holds(&self, rows: usize, steps: usize, width: usize) -> bool {
        steps == 0 || (rows - 1) * self.row + (steps - 1) * self.step + width <= self.values.len()
    }
}

/// `sums[r][v] += sum over steps of factors[r] * vectors[v]`.
#[inline(always)]
pub(super) fn accumulate<S: Simd, const ROWS: usize, const COLUMNS: usize>(
    simd: S,
    steps: usize,
    factors: Operand,
    vectors: Operand,
    mut sums: [[S::f32s; COLUMNS]; ROWS],
) -> [[S::f32s; COLUMNS]; ROWS] {
    assert!(factors.holds(ROWS, steps, 1), "too few factors");
    assert!(vectors.holds(COLUMNS, steps, S::F32_LANES), "too few vectors");
    let (mut a, mut b) = (factors.values.as_ptr(), vectors.values.as_ptr());
    for _ in 0..steps {
        // SAFETY: every read is inside the operands, as just checked; vectors have the alignment of f32. The pointers
        // move past the end at most after the last step, when they are no longer used.
        unsafe {
            let mut columns = [simd.splat_f32s(0.0); COLUMNS];
            for (v, column) in columns.iter_mut().enumerate() {
                *column = b.add(v * vectors.row).cast::<S::f32s>().read_unaligned();
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = simd.splat_f32s(*a.add(r * factors.row));
                for (sum, &column) in sums.iter_mut().zip(&columns) {
                    *sum = simd.mul_add_e_f32s(factor, column, *sum);
                }
            }
            a = a.wrapping_add(factors.step);
            b = b.wrapping_add(vectors.step);
        }
    }
    sums
}

/// Tiles whose sums fit into the registers together.
#[inline(always)]
pub(super) const fn rows<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 14 } else { 6 }
}

/// Multiplies a few transformed tiles by a panel of [`VECTORS`] vectors of transformed kernels at one point.
pub(super) struct Product<'a> {
    /// Channels in.
    pub(super) depth: usize,
    /// From the first tile on; vectors of channels are `channel_stride` apart.
    pub(super) tiles: &'a [f32],
    pub(super) channel_stride: usize,
    pub(super) kernels: &'a [f32],
    /// Tiles are `target_stride` apart here.
    pub(super) target: &'a mut [f32],
    pub(super) target_stride: usize,
}

/// Channels whose products are summed by themselves, so that rounding errors do not grow with the sum of all.
const CHAIN: usize = 32;

impl Product<'_> {
    #[inline(always)]
    fn rows<S: Simd, const ROWS: usize>(self, simd: S) {
        let lanes = S::F32_LANES;
        for start in (0..self.depth.max(1)).step_by(CHAIN) {
            let end = self.depth.min(start + CHAIN);
            let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
            for first in (start..end).step_by(lanes) {
                let factors = Operand {
                    values: &self.tiles[first / lanes * self.channel_stride..],
                    row: lanes,
                    step: 1,
                };
                let vectors = Operand {
                    values: &self.kernels[first * VECTORS * lanes..],
                    row: lanes,
                    step: VECTORS * lanes,
                };
                sums = accumulate::<S, ROWS, VECTORS>(simd, lanes.min(end - first), factors, vectors, sums);
            }
            write::<S, ROWS>(simd, sums, self.target, self.target_stride, start == 0);
        }
    }

    /// Runs with `rows` tiles, at most [`rows`].
    #[inline(always)]
    pub(super) fn run<S: Simd>(self, simd: S, rows: usize) {
        match rows {
            1 => self.rows::<S, 1>(simd),
            2 => self.rows::<S, 2>(simd),
            3 => self.rows::<S, 3>(simd),
            4 => self.rows::<S, 4>(simd),
            5 => self.rows::<S, 5>(simd),
            6 => self.rows::<S, 6>(simd),
            7 => self.rows::<S, 7>(simd),
            8 => self.rows::<S, 8>(simd),
            9 => self.rows::<S, 9>(simd),
            10 => self.rows::<S, 10>(simd),
            11 => self.rows::<S, 11>(simd),
            12 => self.rows::<S, 12>(simd),
            13 => self.rows::<S, 13>(simd),
            _ => self.rows::<S, 14>(simd),
        }
    }
}

/// `target[r][v] = sum over tiles of factors[r] * vectors[v]`, or `+=` unless `fresh`, where `target` has vectors next to
/// each other and rows `stride` apart.
#[inline(always)]
pub(super) fn add_products<S: Simd, const ROWS: usize>(
    simd: S,
    steps: usize,
    factors: Operand,
    vectors: Operand,
    target: &mut [f32],
    stride: usize,
    fresh: bool,
) {
    let sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let sums = accumulate::<S, ROWS, VECTORS>(simd, steps, factors, vectors, sums);
    write::<S, ROWS>(simd, sums, target, stride, fresh);
}

#[inline(always)]
fn write<S: Simd, const ROWS: usize>(
    simd: S,
    sums: [[S::f32s; VECTORS]; ROWS],
    target: &mut [f32],
    stride: usize,
    fresh: bool,
) {
    for (r, sums) in sums.into_iter().enumerate() {
        for (v, sum) in sums.into_iter().enumerate() {
            let at = r * stride + v * S::F32_LANES;
            let sum = if fresh {
                sum
            } else {
                simd.add_f32s(sum, load::<S>(target, at))
            };
            store::<S>(target, at, sum);
        }
    }
}
