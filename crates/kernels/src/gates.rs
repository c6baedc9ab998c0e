//! The arithmetic of recurrent cells between their convolutions, fused.
//!
//! Arrays are `[batch, k channels, inner]`: `k` blocks of channels a sample, one for each gate, where `inner` is height
//! times width. The gradients recompute the gates, which costs less than keeping them.

mod cell;
mod lstm;
mod st_lstm;

pub use lstm::{lstm, lstm_backward};
pub use st_lstm::{st_lstm_memories, st_lstm_memories_backward, st_lstm_output, st_lstm_output_backward};

use crate::pointwise::Part;

/// `[batch, channels, inner]` of one gate.
#[derive(Clone, Copy)]
struct Shape {
    batch: usize,
    channels: usize,
    inner: usize,
}

impl Shape {
    /// Elements of one gate of one sample.
    fn block(self) -> usize {
        self.channels * self.inner
    }

    /// Elements of an array of so many gates.
    fn len(self, blocks: usize) -> usize {
        self.batch * self.block() * blocks
    }

    /// Where the gate `block` lies in an array of `blocks` gates.
    fn part(self, block: usize, blocks: usize) -> Part {
        Part {
            sample: blocks * self.block(),
            offset: block * self.block(),
        }
    }

    /// Where the `index`-th of several arrays of one gate lies that follow each other.
    fn stacked(self, index: usize) -> Part {
        Part {
            sample: self.block(),
            offset: index * self.len(1),
        }
    }

    /// Samples, and elements of each, that a gate's kernel runs over.
    fn extent(self) -> [usize; 2] {
        [self.batch, self.block()]
    }
}

#[cfg(test)]
mod tests;
