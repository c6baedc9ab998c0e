//! Products of `f32` matrices.
//!
//! After Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (ACM TOMS 34(3), 2008): operands
//! are packed into panels of a few rows or columns, and the innermost loop multiplies two panels with all sums in
//! registers. [`block`] is that loop on operands already packed, [`matmul`] does everything.

mod micro;
mod panel;
mod scratch;
#[cfg(test)]
mod tests;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

pub(crate) use micro::block_at;
pub use micro::{Start, block};
pub use panel::{COLUMN_VECTORS, Matrix, columns, pack_columns, pack_rows, packed_columns_len, packed_rows_len, rows};
pub(crate) use scratch::Scratch;

use crate::parallel::{Shared, tasks};

/// Steps along the summed dimension between two passes over the target: a panel of columns then stays in the second
/// level of the cache, and the target is touched seldom.
pub(crate) const DEPTH: usize = 256;

/// Rows and columns of the target that one task computes, from the shape alone: whole panels of any width, and
/// at least eight tasks where they stay large enough.
fn task_size(m: usize, n: usize) -> usize {
    [384, 192]
        .into_iter()
        .find(|&size| m.div_ceil(size) * n.div_ceil(size) >= 8)
        .unwrap_or(96)
}

/// A pointer into a target that several tasks write to, each in places of its own.
#[derive(Clone, Copy)]
pub(crate) struct Target(*mut f32);

// SAFETY: a pointer by itself is harmless; whoever writes through it vouches for the place.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    /// The start of `slice`.
    pub(crate) fn new(slice: &mut [f32]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// The place `offset` floats further on.
    ///
    /// # Safety
    /// It is inside the slice that this was made from, or just after.
    #[inline(always)]
    pub(crate) unsafe fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }
}

/// `c = a . b`, or `c += a . b` if `accumulate`, on all threads: `a` is `m x k`, `b` is `k x n`, `c` is `m x n` and
/// row-major.
///
/// # Panics
/// If an operand is too short or `c` is not of `m x n` elements.
pub fn matmul(sizes: [usize; 3], a: Matrix, b: Matrix, c: &mut [f32], accumulate: bool) {
    Arch::new().dispatch(Product {
        sizes,
        a,
        b,
        c,
        accumulate,
    });
}

struct Product<'a> {
    sizes: [usize; 3],
    a: Matrix<'a>,
    b: Matrix<'a>,
    c: &'a mut [f32],
    accumulate: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            sizes: [m, n, k],
            a,
            b,
            c,
            accumulate,
        } = self;
        assert_eq!(c.len(), m * n, "elements of the target");
        assert!(a.holds(m, k), "the left operand is too short");
        assert!(b.holds(k, n), "the right operand is too short");
        let packed_a = Packing {
            matrix: a,
            sizes: [m, k],
            right: false,
        };
        let packed_b = Packing {
            matrix: b.transposed(),
            sizes: [n, k],
            right: true,
        };
        let len = packed_a.len::<S>();
        let size = task_size(m, n);
        let mut scratch = Scratch::new(len + packed_b.len::<S>());
        let (a, b) = scratch.split_at_mut(len);
        packed_a.run(simd, a);
        packed_b.run(simd, b);
        let blocks = [m.div_ceil(size), n.div_ceil(size)];
        let c = Target::new(c);
        tasks(blocks[0] * blocks[1], m * n * k, |task| {
            let parts = [part(m, task / blocks[1], size), part(n, task % blocks[1], size)];
            simd.vectorize(Task {
                sizes: [m, n, k],
                parts,
                a,
                b,
                c,
                accumulate,
            });
        });
    }
}

/// Rows or columns that one task packs, whole panels of any width.
const PACKED: usize = 96;

/// An operand to pack, the right one transposed: ranges of [`DEPTH`] along `k`, in each of which all panels.
struct Packing<'a> {
    matrix: Matrix<'a>,
    sizes: [usize; 2],
    right: bool,
}

impl Packing<'_> {
    fn len<S: Simd>(&self) -> usize {
        self.width::<S>() * self.sizes[1]
    }

    fn width<S: Simd>(&self) -> usize {
        let [m, _] = self.sizes;
        if self.right {
            packed_columns_len::<S>(m, 1)
        } else {
            packed_rows_len::<S>(m, 1)
        }
    }

    fn run<S: Simd>(&self, simd: S, packed: &mut [f32]) {
        let ([m, k], width) = (self.sizes, self.width::<S>());
        let (depths, blocks) = (k.div_ceil(DEPTH), m.div_ceil(PACKED));
        let packed = Shared::new(packed);
        tasks(depths * blocks, m * k, |task| {
            let (rows, depth) = (part(m, task % blocks, PACKED), part(k, task / blocks, DEPTH));
            let end = if rows.end == m { width } else { rows.end };
            let place = width * depth.start + rows.start * depth.len()..width * depth.start + end * depth.len();
            // SAFETY: no other task has these rows and this range of `k`, and panels do not overlap.
            let packed = unsafe { packed.slice(place) };
            let matrix = self.matrix.skip(rows.start, depth.start);
            simd.vectorize(Panels {
                matrix,
                sizes: [rows.len(), depth.len()],
                right: self.right,
                packed,
            });
        });
    }
}

/// One task of [`Packing`].
struct Panels<'a> {
    matrix: Matrix<'a>,
    sizes: [usize; 2],
    right: bool,
    packed: &'a mut [f32],
}

impl WithSimd for Panels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [m, k] = self.sizes;
        if self.right {
            pack_columns(simd, [k, m], self.matrix.transposed(), self.packed);
        } else {
            pack_rows(simd, [m, k], self.matrix, self.packed);
        }
    }
}

/// The product of some rows and some columns.
struct Task<'a> {
    sizes: [usize; 3],
    parts: [Range<usize>; 2],
    a: &'a [f32],
    b: &'a [f32],
    c: Target,
    accumulate: bool,
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            sizes: [m, n, k],
            parts: [rows, columns],
            a,
            b,
            ..
        } = self;
        let (tall, wide) = (packed_rows_len::<S>(m, 1), packed_columns_len::<S>(n, 1));
        for depth in (0..k.div_ceil(DEPTH).max(1)).map(|i| part(k, i, DEPTH)) {
            let start = if self.accumulate || depth.start > 0 {
                Start::Target
            } else {
                Start::Zero
            };
            let a = &a[tall * depth.start + rows.start * depth.len()..];
            let b = &b[wide * depth.start + columns.start * depth.len()..];
            // SAFETY: the block is inside `c`, and no other task has it.
            unsafe {
                let c = self.c.at(rows.start * n + columns.start);
                block_at(simd, [rows.len(), columns.len(), depth.len()], a, b, c, n, start);
            }
        }
    }
}

/// The `index`-th range of `size` out of `0..len`, the last one shorter.
pub(crate) fn part(len: usize, index: usize, size: usize) -> Range<usize> {
    index * size..((index + 1) * size).min(len)
}
