//! MIM: "Memory In Memory: A Predictive Neural Network for Learning Higher-Order Non-Stationarity from Spatiotemporal
//! Dynamics" (Wang et al., CVPR 2019, arXiv:1811.07490), as OpenSTL computes it.
//!
//! A stack like PredRNN's, whose cells above the first have no forget gate for their own memory. In its place stand two
//! recurrent cells: one models how the layer below has changed since the last frame, the other takes that change and the
//! old memory to what of the memory stays.
//!
//! ```text
//! hidden state below, now - before --> non-stationary cell --> D
//!                                        (next layer's too)    |
//!                            old cell C --> stationary cell <--+
//!                                               |
//!                                   new C = what stays + i * g
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_mim::{Mim, MimConfig};
//!
//! let device = Device::flex();
//! let config = MimConfig { widths: vec![8, 8], ..MimConfig::default() };
//! let network = Mim::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod block;
mod config;
mod model;
mod peephole_lstm;
mod pytorch;

pub use config::MimConfig;
pub use model::{Mim, MimState};
