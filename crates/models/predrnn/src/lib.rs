//! The PredRNN family, as OpenSTL computes it.
//!
//! * PredRNN: "PredRNN: Recurrent Neural Networks for Predictive Learning using Spatiotemporal LSTMs" (Wang et al., NeurIPS
//!   2017). Every cell has, besides its own memory, a share in one memory that climbs from layer to layer and goes on
//!   with the lowest layer of the next frame.
//! * PredRNN++: "PredRNN++: Towards A Resolution of the Deep-in-Time Dilemma in Spatiotemporal Predictive Learning" (Wang
//!   et al., ICML 2018, arXiv:1804.06300). The two memories are cascaded, and a highway above the first layer carries
//!   gradients through time.
//! * PredRNNv2: "PredRNN: A Recurrent Neural Network for Spatiotemporal Predictive Learning" (Wang et al., TPAMI 2022,
//!   arXiv:2103.09504). A penalty keeps the two memories from learning the same; training shows more and more of the past
//!   (reverse scheduled sampling).
//!
//! ```text
//!                                       next frame
//!                                           ^ 1x1
//!                  +----> cell 4 ----- M ---|------+
//!                  M        ^               |      |
//!                cell 2 ... |               |      |   M goes on
//!                  M        h               |      |
//!   frame ---->  cell 1 ----+               |      +---> cell 1 of the next frame
//!                  ^ h, c from the frame before
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_predrnn::{PredRnn, PredRnnConfig};
//!
//! let device = Device::flex();
//! let config = PredRnnConfig { widths: vec![8, 8], ..PredRnnConfig::default() };
//! let network = PredRnn::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod decoupled;
mod model;
mod plus_plus;
mod pytorch;

pub use config::{PredRnnConfig, PredRnnPlusPlusConfig, PredRnnV2Config};
pub use decoupled::PredRnnV2;
pub use model::{PredRnn, PredRnnState};
pub use plus_plus::{PredRnnPlusPlus, PredRnnPlusPlusState};
