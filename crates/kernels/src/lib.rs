//! The loops behind Foreframe's CPU operations, on plain slices of `f32`.
//!
//! Every array is contiguous and row-major; images are `[batch, channels, height, width]`. A function that takes an
//! output slice writes every element of it and reads none before. Instructions are chosen at run time (AVX-512, AVX2,
//! NEON, plain), work is spread over rayon's threads, and a result never depends on how many threads there are.
//!
//! Nothing here knows of tensors or of Burn: `foreframe-ops` does, checks the shapes and decides when these loops run.

pub mod adam;
pub mod conv;
pub mod deform;
pub mod depthwise;
pub mod gates;
pub mod gemm;
pub mod norm;
pub mod parallel;
pub mod pointwise;
pub mod sample;
pub mod shuffle;
pub mod softmax;
pub mod winograd;

#[cfg(test)]
mod testing;
