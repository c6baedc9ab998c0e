//! Operations that the networks spend their time in, as functions on tensors.
//!
//! Every function is differentiable and runs on every backend. They are functions of their own, rather than calls into
//! Burn at each place, so that a faster implementation reaches all networks at once: on the CPU backend `flex` the loops of
//! `foreframe-kernels` compute them, on all others Burn's own operations do. [`Implementation`] turns the loops off.

mod activation;
mod convolution;
mod deformable;
mod depthwise;
mod gates;
mod implementation;
mod kernel;
mod neighborhood;
mod normalization;
mod optimizer;
mod patch;
mod pixel_shuffle;
mod residual;
mod root;
mod st_lstm;
mod warp;

pub use activation::{gelu, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, tanh};
pub use convolution::{conv_transpose2d, conv2d, same};
pub use deformable::deform_conv2d;
pub use depthwise::depthwise_conv2d;
pub use gates::{GateOrder, lstm_gates};
pub use implementation::Implementation;
pub use neighborhood::neighborhood_warp;
pub use normalization::{BatchNormalized, Then, batch_norm, batch_norm_train, channel_norm, group_norm, layer_norm};
pub use optimizer::{Adam, Moments, adam, square_sum};
pub use patch::{patchify, unpatchify};
pub use pixel_shuffle::{pixel_shuffle, pixel_unshuffle};
pub use residual::scaled_add;
pub use root::root_of;
pub use st_lstm::{StLstmExtras, StLstmState, StLstmStep, StLstmWeights, st_lstm, st_lstm_of_gates};
pub use warp::{Outside, Pixels, sample, warp};
