//! Operands rearranged into panels, so that the innermost loop reads memory in order.

use pulp::Simd;

/// Vectors of columns that the innermost loop holds.
pub const COLUMN_VECTORS: usize = 3;

/// Rows in a panel of the left operand: with 32 registers 8 x 3 sums, 3 columns and a factor fit, with 16 half the rows.
#[inline(always)]
pub const fn rows<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 8 } else { 4 }
}

/// Columns in a panel of the right operand.
#[inline(always)]
pub const fn columns<S: Simd>() -> usize {
    COLUMN_VECTORS * S::F32_LANES
}

/// Floats that `m` packed rows of length `k` take.
pub const fn packed_rows_len<S: Simd>(m: usize, k: usize) -> usize {
    m.div_ceil(rows::<S>()) * rows::<S>() * k
}

/// Floats that `n` packed columns of length `k` take.
pub const fn packed_columns_len<S: Simd>(n: usize, k: usize) -> usize {
    n.div_ceil(columns::<S>()) * columns::<S>() * k
}

/// A matrix in a slice: element `(i, j)` is `values[i * steps[0] + j * steps[1]]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Where the elements are.
    pub values: &'a [f32],
    /// Distance between rows and between columns.
    pub steps: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// A matrix of `columns` columns, row after row.
    pub const fn row_major(values: &'a [f32], columns: usize) -> Self {
        Self {
            values,
            steps: [columns, 1],
        }
    }

    /// The transpose of this matrix.
    pub const fn transposed(self) -> Self {
        Self {
            values: self.values,
            steps: [self.steps[1], self.steps[0]],
        }
    }

    /// Whether all of `rows x columns` elements exist.
    pub(crate) fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.steps[0] + (columns - 1) * self.steps[1] < self.values.len()
    }

    /// The same matrix without its first `row` rows and `column` columns.
    #[inline(always)]
    pub(crate) fn skip(self, row: usize, column: usize) -> Self {
        Self {
            values: &self.values[(row * self.steps[0] + column * self.steps[1]).min(self.values.len())..],
            steps: self.steps,
        }
    }
}

/// Packs `m x k` elements of a left operand: panels of [`rows`] rows, in each of which a step along `k` is contiguous.
/// Rows past `m` are zero.
#[inline(always)]
pub fn pack_rows<S: Simd>(_simd: S, [m, k]: [usize; 2], a: Matrix, packed: &mut [f32]) {
    if rows::<S>() == 8 {
        pack::<8>(m, k, a, packed);
    } else {
        pack::<4>(m, k, a, packed);
    }
}

/// Packs `k x n` elements of a right operand: panels of [`columns`] columns, in each of which a step along `k` is
/// contiguous. Columns past `n` are zero.
#[inline(always)]
pub fn pack_columns<S: Simd>(_simd: S, [k, n]: [usize; 2], b: Matrix, packed: &mut [f32]) {
    let b = b.transposed();
    match S::F32_LANES {
        16 => pack::<{ COLUMN_VECTORS * 16 }>(n, k, b, packed),
        8 => pack::<{ COLUMN_VECTORS * 8 }>(n, k, b, packed),
        4 => pack::<{ COLUMN_VECTORS * 4 }>(n, k, b, packed),
        _ => pack::<COLUMN_VECTORS>(n, k, b, packed),
    }
}

/// Panels of `WIDTH` rows of `matrix` (`m x k`).
#[inline(always)]
fn pack<const WIDTH: usize>(m: usize, k: usize, matrix: Matrix, packed: &mut [f32]) {
    let [step, along] = matrix.steps;
    if k == 0 {
        return;
    }
    for (panel, packed) in packed.chunks_exact_mut(WIDTH * k).take(m.div_ceil(WIDTH)).enumerate() {
        let first = panel * WIDTH;
        let width = (m - first).min(WIDTH);
        let values = &matrix.values[first * step..];
        if step == 1 && width == WIDTH {
            for (packed, i) in packed.chunks_exact_mut(WIDTH).zip(0..) {
                packed.copy_from_slice(&values[i * along..][..WIDTH]);
            }
        } else {
            if width < WIDTH {
                packed.fill(0.0);
            }
            // A few steps at a time, so that their lines stay in the cache while the rows go by.
            for (some, packed) in packed.chunks_mut(16 * WIDTH).enumerate() {
                for r in 0..width {
                    let row = &values[r * step + some * 16 * along..];
                    if let (1, Some(row), Some(packed)) = (along, row.first_chunk::<16>(), packed.get_mut(..16 * WIDTH))
                    {
                        for (i, &x) in row.iter().enumerate() {
                            packed[i * WIDTH + r] = x;
                        }
                    } else {
                        for (packed, i) in packed.chunks_exact_mut(WIDTH).zip(0..) {
                            packed[r] = row[i * along];
                        }
                    }
                }
            }
        }
    }
}
