//! PhyDNet: "Disentangling Physical Dynamics from Unknown Factors for Unsupervised Video Prediction" (Le Guen and Thome, CVPR
//! 2020, arXiv:2003.01460), as OpenSTL computes it.
//!
//! Every frame is encoded into a latent image, which two branches continue: a cell of convolutions that are drawn towards
//! partial derivatives, corrected by what is observed, and a stack of LSTM cells for the rest. The sum of both is decoded.
//!
//! ```text
//!               +--> PhyCell  (derivatives, correction) --+
//! frame --> E --+                                         + --> D --> sigmoid --> next frame
//!               +--> ConvLSTM, ConvLSTM, ConvLSTM --------+
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_phydnet::{PhyDNet, PhyDNetConfig};
//!
//! let device = Device::flex();
//! let config = PhyDNetConfig { width: 16, widths: vec![16, 32], ..PhyDNetConfig::default() };
//! let network = PhyDNet::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod blocks;
mod coders;
mod config;
mod lstm;
mod model;
mod moments;
mod phycell;
mod pytorch;

pub use config::PhyDNetConfig;
pub use model::{PhyDNet, PhyDNetState};
