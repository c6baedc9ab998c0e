//! An allocator that counts, so that a test can say how much memory a reader takes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// More than any test may ask for at once: refused, so that a machine does not have to swap first.
const ABSURD: usize = 1 << 32;

/// The system's allocator, counted.
pub struct Counting;

impl Counting {
    fn add(size: usize) {
        MOST.fetch_max(NOW.fetch_add(size, Relaxed) + size, Relaxed);
    }
}

// SAFETY: everything is passed on to the system's allocator as it comes, or refused by a null pointer.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_absurd(layout.size()) {
            return std::ptr::null_mut();
        }
        Self::add(layout.size());
        // SAFETY: the caller's promises are the system's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_absurd(layout.size()) {
            return std::ptr::null_mut();
        }
        Self::add(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_absurd(size) {
            return std::ptr::null_mut();
        }
        Self::add(size);
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// A null pointer ends the program, so that the reason must be told here, and without allocating.
fn is_absurd(size: usize) -> bool {
    let is_absurd = size >= ABSURD;
    if is_absurd {
        let (parser, round) = crate::check::current();
        let mut line = [0; 200];
        let mut rest = line.as_mut_slice();
        // Entries that do not fit are left out.
        let _ = writeln!(rest, "\n{parser}, round {round}: {size} bytes are asked for");
        let _ = std::io::stderr().write_all(&line);
    }
    is_absurd
}

/// The most bytes that were allocated at a time while `work` ran, beyond those that were before it.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let result = work();
    (result, MOST.load(Relaxed).saturating_sub(before))
}
