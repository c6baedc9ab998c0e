//! Spreading work over threads without making the result depend on their number.

use std::ops::Range;

use rayon::prelude::*;

/// Elements below which a loop over memory is quicker on one thread than woken up on several.
pub const SMALL: usize = 1 << 14;

/// A slice that several threads write to, each in places of its own.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    start: *mut f32,
    len: usize,
    borrow: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: `slice` is the only way to the elements, and its caller promises that no two threads get the same ones.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    /// Shares `slice` for as long as it is borrowed.
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            borrow: std::marker::PhantomData,
        }
    }

    /// The elements of `range`.
    ///
    /// # Safety
    /// No other slice of these elements is alive.
    ///
    /// # Panics
    /// If `range` is not inside the shared slice.
    #[inline(always)]
    pub unsafe fn slice(&self, range: Range<usize>) -> &'a mut [f32] {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "{range:?} of {}",
            self.len
        );
        // SAFETY: inside the slice, as just checked; not aliased, as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.end - range.start) }
    }
}

/// Calls `work` for every task from 0 to `tasks`, on all threads when `elements`, the amount of memory touched
/// altogether, is worth waking them.
pub fn tasks(tasks: usize, elements: usize, work: impl Fn(usize) + Send + Sync) {
    if tasks <= 1 || elements < SMALL {
        (0..tasks).for_each(work);
    } else {
        (0..tasks).into_par_iter().for_each(work);
    }
}

/// The `part`-th of `parts` nearly equal ranges that make up `0..len`.
pub fn range(len: usize, part: usize, parts: usize) -> Range<usize> {
    len * part / parts..len * (part + 1) / parts
}
