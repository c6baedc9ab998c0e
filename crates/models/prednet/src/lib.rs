//! PredNet: "Deep Predictive Coding Networks for Video Prediction and Unsupervised Learning" (Lotter et al., ICLR 2017,
//! arXiv:1605.08104), as OpenSTL computes it.
//!
//! Every layer predicts its input and hands on where it was wrong. Representations are updated from the top down, from their
//! own errors and from the layer above; then a frame is read, and errors are computed from the bottom up.
//!
//! ```text
//! frame --> [error of layer 0] --> [error of layer 1] --> ...
//!                ^    |                 ^    |
//!                |    v                 |    v
//!            [state of layer 0] <-- [state of layer 1] <-- ...
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_prednet::{PredNet, PredNetConfig};
//!
//! let device = Device::flex();
//! let config = PredNetConfig { widths: vec![4, 8], ..PredNetConfig::default() };
//! let network = PredNet::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod layer;
mod model;
mod pytorch;

pub use config::{ErrorWeights, PredNetConfig};
pub use model::{PredNet, PredNetState};
