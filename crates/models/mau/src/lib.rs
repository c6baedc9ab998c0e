//! MAU: "MAU: A Motion-Aware Unit for Video Prediction and Beyond" (Chang et al., NeurIPS 2021), as OpenSTL computes it.
//!
//! Every frame is encoded into a latent image. A stack of cells passes it on as the spatial state; each cell keeps a temporal
//! state of its own, and compares the spatial state with its newest ones to see which of its earlier temporal states the
//! motion resembles. The last layer's spatial state is decoded into the next frame.
//!
//! ```text
//! frame --> encoder --> cell 1 --> cell 2 --> ... --> decoder --> next frame
//!                       ^    |     ^    |
//!                       +T, S+     +T, S+      the newest of each, from frame to frame
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_mau::{Mau, MauConfig};
//!
//! let device = Device::flex();
//! let config = MauConfig { widths: vec![8, 8], ..MauConfig::default() };
//! let network = Mau::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod cell;
mod config;
mod model;
mod pytorch;

pub use config::MauConfig;
pub use model::{Mau, MauState};
