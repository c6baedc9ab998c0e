//! E3D-LSTM: "Eidetic 3D LSTM: A Model for Video Prediction and Beyond" (Wang et al., ICLR 2019), as OpenSTL computes it.
//!
//! Every frame is cut into patches, whose pixels become channels. Two frames in a row are a volume of two slices; a stack of
//! cells, whose products are convolutions as deep as the volume, reads one volume after the other. Each cell looks back at
//! all of its earlier states (the recall) where an LSTM has a forget gate.
//!
//! ```text
//! frames t-1, t --> patches --> cell 1 --> cell 2 --> ... --> 2x1x1 --> patches --> frame t+1
//!                               ^    |     ^    |
//!                               +h, C+     +h, C+     from frame to frame
//!                               C of all earlier frames
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_e3dlstm::{E3dLstm, E3dLstmConfig};
//!
//! let device = Device::flex();
//! let config = E3dLstmConfig { widths: vec![8, 8], ..E3dLstmConfig::default() };
//! let network = E3dLstm::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod cell;
mod config;
mod model;
mod pytorch;
mod recall;
mod volume;

pub use config::E3dLstmConfig;
pub use model::{E3dLstm, E3dLstmState};
