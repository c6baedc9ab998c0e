//! Memory that a thread keeps from one task to the next.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Floats in a cache line.
const LINE: usize = 16;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Floats of arbitrary content that start at a cache line. Freshly mapped pages cost as much as the arithmetic of a
/// small task, so the memory goes back to the thread when this is dropped.
///
/// Not a function that takes a closure: the compiler would not give the closure's body the vector instructions of the
/// function around it.
pub(crate) struct Scratch {
    memory: Vec<f32>,
    skipped: usize,
    len: usize,
}

impl Scratch {
    pub(crate) fn new(len: usize) -> Self {
        let mut memory = KEPT.with_borrow_mut(Vec::pop).unwrap_or_default();
        if memory.len() < len + LINE {
            memory = vec![0.0; len + LINE];
        }
        let skipped = memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { memory, skipped, len }
    }
}

impl Deref for Scratch {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.memory[self.skipped..][..self.len]
    }
}

impl DerefMut for Scratch {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.skipped..][..self.len]
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        KEPT.with_borrow_mut(|kept| kept.push(memory));
    }
}
