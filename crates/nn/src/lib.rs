//! nn

mod batch_norm;
mod buffer;

pub use batch_norm::{BatchNorm2d, BatchNorm2dConfig};
pub use buffer::Buffer;
