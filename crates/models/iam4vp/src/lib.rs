//! IAM4VP, "Implicit Stacked Autoregressive Model for Video Prediction" (Seo et al., 2023, arXiv:2303.07849).
//!
//! A network without recurrence that is autoregressive all the same: it predicts one future frame at a time, from the
//! latents of the past *and* those of all frames predicted before, which are stacked rather than fed back, so that errors
//! do not replace observations. Learned tokens stand for the frames that are not known yet, and an embedding of the lead
//! time says which one is asked for. A second encoder reads the network's own frames.
//!
//! ```text
//! past [B,T,C,H,W] --> past encoder --+--> T latents --+
//!                                     |                +--> blocks, given the lead time --> decoder --> gather T
//! frames predicted --> future encoder | --> latents ---+                                    ^             |
//!        ^                            |     tokens ----+                                    |             v
//!        |                            +------------ full-size features ---------------------+        refinement
//!        |                                                                                                |
//!        +----------------------------------- frame ------------------------------------------------------+
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_iam4vp::{Iam4Vp, Iam4VpConfig};
//!
//! let device = Device::flex();
//! let config = Iam4VpConfig { spatial_channels: 4, temporal_depth: 2, ..Iam4VpConfig::default() };
//! let network = Iam4Vp::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod large_kernel;
mod model;
mod predictor;
mod pytorch;
mod spatial;
mod time;

pub use config::Iam4VpConfig;
pub use model::Iam4Vp;
