//! ConvLSTM: "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting" (Shi et al., NeurIPS
//! 2015, arXiv:1506.04214), as OpenSTL computes it: without peepholes.
//!
//! Every frame is cut into patches, whose pixels become channels. A stack of LSTM cells, whose products are convolutions,
//! reads one frame and forecasts the next; what was forecast is read where nothing was observed.
//!
//! ```text
//! frame --> patches --> cell 1 --> cell 2 --> ... --> 1x1 --> patches --> next frame
//!                       ^   |      ^   |
//!                       +h,c+      +h,c+      from frame to frame
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_convlstm::{ConvLstm, ConvLstmConfig};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//!
//! let device = Device::flex();
//! let config = ConvLstmConfig { widths: vec![8, 8], ..ConvLstmConfig::default() };
//! let network = ConvLstm::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod cell;
mod config;
mod model;
mod pytorch;

pub use config::ConvLstmConfig;
pub use model::{ConvLstm, ConvLstmState};
