//! SwinLSTM: "SwinLSTM: Improving Spatiotemporal Prediction Accuracy using Swin Transformer and LSTM" (Tang et al., ICCV 2023,
//! arXiv:2308.09891), as OpenSTL computes it.
//!
//! A cell is an LSTM with one gate, whose products are attention within windows: blocks of a Swin transformer read the input and
//! the hidden state. SwinLSTM-B has one cell, SwinLSTM-D cells at several scales.
//!
//! ```text
//! frame --> patches --> cell --> merge --> cell --> merge --> cell --> expand --> cell --> expand --> sigmoid --> next frame
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_swinlstm::{SwinLstm, SwinLstmConfig};
//!
//! let device = Device::flex();
//! let config = SwinLstmConfig { width: 8, depths: vec![2], up_depths: vec![2], heads: vec![2], ..SwinLstmConfig::default() };
//! let network = SwinLstm::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod block;
mod cell;
mod config;
mod model;
mod pytorch;
mod scales;

pub use config::SwinLstmConfig;
pub use model::{SwinLstm, SwinLstmState};
