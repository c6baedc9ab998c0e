//! Operations that the networks spend their time in, as functions on tensors.
//!
//! Every function is differentiable and runs on every backend. They are functions of their own, rather than calls into
//! Burn at each place, so that a faster implementation reaches all networks at once.

mod convolution;
mod deformable;
mod depthwise;
mod gelu;
mod patch;
mod pixel_shuffle;
mod warp;

pub use convolution::{conv2d, same};
pub use deformable::deform_conv2d;
pub use depthwise::depthwise_conv2d;
pub use gelu::gelu;
pub use patch::{patchify, unpatchify};
pub use pixel_shuffle::{pixel_shuffle, pixel_unshuffle};
pub use warp::{Outside, Pixels, sample, warp};
