//! Activations and sums of two tensors.

mod activation;
mod elementwise;
pub(crate) mod functions;
mod scaled;
pub(crate) mod stream;

pub use activation::{Activation, backward, forward};
pub(crate) use activation::{Function, Gelu, Identity, LeakyRelu, Silu};
pub(crate) use elementwise::{ElementwiseKernel, Part, elementwise};
pub use scaled::{add, multiply, scaled_add, scaled_add_backward};

#[cfg(test)]
mod tests;
