//! The innermost loop of a matrix product: a few rows by three vectors of columns, held in registers.

use pulp::Simd;

use super::{COLUMN_VECTORS, columns, rows};

/// The values that the products are added to.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// Nothing: the target is overwritten.
    Zero,
    /// A number for every row: the target is overwritten.
    Bias(&'a [f32]),
    /// The values in the target.
    Target,
}

impl<'a> Start<'a> {
    /// The same for the rows from `row` on.
    #[inline(always)]
    fn skip(self, row: usize) -> Self {
        match self {
            Start::Bias(bias) => Start::Bias(&bias[row..]),
            other => other,
        }
    }
}

/// `c (=|+=) a . b` on one thread, with `a` (`m x k`) packed by [`pack_rows`](super::pack_rows), `b` (`k x n`) packed
/// by [`pack_columns`](super::pack_columns), and the rows of `c` (`m x n`) `row_stride` apart.
///
/// # Panics
/// If a slice is too short.
#[inline(always)]
pub fn block<S: Simd>(
    simd: S,
    [m, n, k]: [usize; 3],
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    row_stride: usize,
    start: Start,
) {
    assert!(
        m == 0 || n == 0 || (m - 1) * row_stride + n <= c.len(),
        "the target is too short"
    );
    // SAFETY: every place written is inside `c`, as just checked, and `c` is borrowed for this call alone.
    unsafe { block_at(simd, [m, n, k], a, b, c.as_mut_ptr(), row_stride, start) }
}

/// [`block`] with a target that other threads write to elsewhere.
///
/// # Safety
/// The `n` floats from `c + i * row_stride` are valid for every `i < m`, and nobody else uses them during the call.
#[inline(always)]
pub(crate) unsafe fn block_at<S: Simd>(
    simd: S,
    [m, n, k]: [usize; 3],
    a: &[f32],
    b: &[f32],
    c: *mut f32,
    row_stride: usize,
    start: Start,
) {
    let (height, width) = (rows::<S>(), columns::<S>());
    assert!(
        a.len() >= m.div_ceil(height) * height * k,
        "the packed rows are too short"
    );
    assert!(
        b.len() >= n.div_ceil(width) * width * k,
        "the packed columns are too short"
    );
    if let Start::Bias(bias) = start {
        assert!(bias.len() >= m, "the bias is too short");
    }
    for row in (0..m).step_by(height) {
        for column in (0..n).step_by(width) {
            // SAFETY: the panels from these offsets hold `k` rows or columns each, as asserted; the tile is clipped to
            // `m x n`, which the caller vouches for.
            unsafe {
                let tile = Tile {
                    k,
                    a: a.as_ptr().add(row * k),
                    b: b.as_ptr().add(column * k),
                    c: c.add(row * row_stride + column),
                    row_stride,
                    rows: (m - row).min(height),
                    columns: (n - column).min(width),
                };
                if height == 8 {
                    tile.run::<S, 8>(simd, start.skip(row));
                } else {
                    tile.run::<S, 4>(simd, start.skip(row));
                }
            }
        }
    }
}

/// One panel of rows times one panel of columns.
struct Tile {
    k: usize,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    row_stride: usize,
    rows: usize,
    columns: usize,
}

impl Tile {
    /// Takes the smallest kernel that covers the tile, so that edges do not cost as much as whole tiles.
    ///
    /// # Safety
    /// `a` and `b` are whole panels of `k` steps, `HEIGHT` is the height of a panel, and `rows x columns` places from
    /// `c` may be written.
    #[inline(always)]
    unsafe fn run<S: Simd, const HEIGHT: usize>(self, simd: S, start: Start) {
        let vectors = self.columns.div_ceil(S::F32_LANES);
        // SAFETY: the caller's promise, and rows <= ROWS, columns <= VECTORS * lanes by the choice made here.
        unsafe {
            match (self.rows, vectors) {
                (5.., 3) => self.kernel::<S, HEIGHT, HEIGHT, 3>(simd, start),
                (5.., 2) => self.kernel::<S, HEIGHT, HEIGHT, 2>(simd, start),
                (5.., _) => self.kernel::<S, HEIGHT, HEIGHT, 1>(simd, start),
                (3.., 3) => self.kernel::<S, HEIGHT, 4, 3>(simd, start),
                (3.., 2) => self.kernel::<S, HEIGHT, 4, 2>(simd, start),
                (3.., _) => self.kernel::<S, HEIGHT, 4, 1>(simd, start),
                (_, 3) => self.kernel::<S, HEIGHT, 2, 3>(simd, start),
                (_, 2) => self.kernel::<S, HEIGHT, 2, 2>(simd, start),
                (_, _) => self.kernel::<S, HEIGHT, 2, 1>(simd, start),
            }
        }
    }

    /// # Safety
    /// As for [`run`](Self::run); `self.rows <= ROWS <= HEIGHT` and `self.columns <= VECTORS * lanes`.
    #[inline(always)]
    unsafe fn kernel<S: Simd, const HEIGHT: usize, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        start: Start,
    ) {
        let lanes = S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let (mut a, mut b) = (self.a, self.b);
        for _ in 0..self.k {
            // SAFETY: `k` steps of HEIGHT and of COLUMN_VECTORS * lanes floats lie in the panels; vectors have the
            // alignment of f32.
            unsafe {
                let mut columns = [simd.splat_f32s(0.0); VECTORS];
                for (v, column) in columns.iter_mut().enumerate() {
                    *column = *b.add(v * lanes).cast::<S::f32s>();
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let factor = simd.splat_f32s(*a.add(r));
                    for (sum, &column) in sums.iter_mut().zip(&columns) {
                        *sum = simd.mul_add_e_f32s(factor, column, *sum);
                    }
                }
                a = a.add(HEIGHT);
                b = b.add(COLUMN_VECTORS * lanes);
            }
        }
        let last = self.columns - (VECTORS - 1) * lanes;
        for (r, sums) in sums.iter().enumerate() {
            if r >= self.rows {
                break;
            }
            for (v, &sum) in sums.iter().enumerate() {
                let width = if v + 1 == VECTORS { last } else { lanes };
                // SAFETY: row `r < rows` and `width` columns from `v * lanes` are inside the tile.
                let target =
                    unsafe { std::slice::from_raw_parts_mut(self.c.add(r * self.row_stride + v * lanes), width) };
                store(simd, target, sum, start, r);
            }
        }
    }
}

/// Writes as many of the sums as the target has room for.
#[inline(always)]
fn store<S: Simd>(simd: S, target: &mut [f32], sum: S::f32s, start: Start, row: usize) {
    if target.len() == S::F32_LANES {
        let (target, _) = S::as_mut_simd_f32s(target);
        target[0] = match start {
            Start::Zero => sum,
            Start::Bias(bias) => simd.add_f32s(sum, simd.splat_f32s(bias[row])),
            Start::Target => simd.add_f32s(sum, target[0]),
        };
    } else {
        let sum = match start {
            Start::Zero => sum,
            Start::Bias(bias) => simd.add_f32s(sum, simd.splat_f32s(bias[row])),
            Start::Target => simd.add_f32s(sum, simd.partial_load_f32s(target)),
        };
        simd.partial_store_f32s(target, sum);
    }
}
