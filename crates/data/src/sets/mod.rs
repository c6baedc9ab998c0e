//! The datasets of this crate, one function each, for a registry of theirs.

mod files;
mod moving_digits;
mod moving_mnist;
mod taxibj;

pub use files::files;
pub use moving_digits::moving_digits;
pub use moving_mnist::moving_mnist;
pub use taxibj::taxibj;
