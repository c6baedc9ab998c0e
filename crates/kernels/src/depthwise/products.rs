//! The inner loop of the gradient of the weights.

use pulp::Simd;

use super::axis::Padded;

/// Taps whose sums are kept in registers at once; lists of taps are a multiple of it long.
pub(super) const TAPS: usize = 5;

/// Outputs whose products are added up before they are added to the sums over everything.
const BLOCK: usize = 4096;

/// Adds to the sum of every tap the products of `grad` with what the tap reads of the padded plane.
///
/// `padded` has `S::F32_LANES` elements more than the taps reach; `grad` is `rows * columns`.
#[inline(always)]
pub(super) fn products<S: Simd>(
    simd: S,
    padded: Padded,
    offsets: &[usize],
    [rows, columns]: [usize; 2],
    grad: &[f32],
    sums: &mut [S::f32s],
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert_eq!(grad.len(), rows * columns);
    assert!(offsets.len() == sums.len() && offsets.len().is_multiple_of(TAPS));
    let furthest = offsets.iter().max().copied().unwrap_or(0);
    assert!(furthest + (rows - 1) * padded.pitch + columns - 1 + S::F32_LANES <= padded.values.len());

    let band = (BLOCK / columns).max(1);
    for first in (0..rows).step_by(band) {
        let rows = first..rows.min(first + band);
        let (twice, once) = offsets.as_chunks::<{ 2 * TAPS }>();
        let (twice_sums, once_sums) = sums.as_chunks_mut::<{ 2 * TAPS }>();
        for (offsets, sums) in twice.iter().zip(twice_sums) {
            // SAFETY: checked above.
            unsafe { band_products(simd, padded, offsets, rows.clone(), columns, grad, sums) };
        }
        for (offsets, sums) in once
            .as_chunks::<TAPS>()
            .0
            .iter()
            .zip(once_sums.as_chunks_mut::<TAPS>().0)
        {
            // SAFETY: checked above.
            unsafe { band_products(simd, padded, offsets, rows.clone(), columns, grad, sums) };
        }
    }
}

/// The products of some taps over some rows.
///
/// # Safety
/// `grad` is `columns` wide and has these rows; a vector read from any of them, any of the columns and any of the offsets
/// is inside `padded`.
#[inline(always)]
unsafe fn band_products<S: Simd, const N: usize>(
    simd: S,
    padded: Padded,
    offsets: &[usize; N],
    rows: std::ops::Range<usize>,
    columns: usize,
    grad: &[f32],
    sums: &mut [S::f32s; N],
) {
    let whole = columns / S::F32_LANES * S::F32_LANES;
    let mut band = [simd.splat_f32s(0.0); N];
    let add = |band: &mut [S::f32s; N], position: usize, grad: S::f32s| {
        for (sum, offset) in band.iter_mut().zip(offsets) {
            // SAFETY: inside, as the caller promises.
            let x = unsafe {
                padded
                    .values
                    .as_ptr()
                    .add(position + offset)
                    .cast::<S::f32s>()
                    .read_unaligned()
            };
            *sum = simd.mul_add_e_f32s(x, grad, *sum);
        }
    };
    for row in rows.clone() {
        for column in (0..whole).step_by(S::F32_LANES) {
            // SAFETY: a whole vector of the row, which `grad` has.
            let grad = unsafe {
                grad.as_ptr()
                    .add(row * columns + column)
                    .cast::<S::f32s>()
                    .read_unaligned()
            };
            add(&mut band, row * padded.pitch + column, grad);
        }
    }
    for (sum, band) in sums.iter_mut().zip(band) {
        *sum = simd.add_f32s(*sum, band);
    }
    if whole < columns {
        let mut rest = [simd.splat_f32s(0.0); N];
        for row in rows {
            let grad = simd.partial_load_f32s(&grad[row * columns + whole..][..columns - whole]);
            add(&mut rest, row * padded.pitch + whole, grad);
        }
        // Values read behind the ends of the rows may be infinite: they must not reach the sums, not even times 0.
        let ones = [1.0f32; 64];
        let inside = simd.partial_load_f32s(&ones[..columns - whole]);
        let inside = simd.equal_f32s(inside, simd.splat_f32s(1.0));
        for (sum, rest) in sums.iter_mut().zip(rest) {
            *sum = simd.add_f32s(*sum, simd.select_f32s(inside, rest, simd.splat_f32s(0.0)));
        }
    }
}
