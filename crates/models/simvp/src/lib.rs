//! SimVP: "SimVP: Simpler yet Better Video Prediction" (Gao et al., CVPR 2022, arXiv:2206.05099) and "SimVPv2: Towards
//! Simple yet Powerful Spatiotemporal Predictive Learning" (Tan et al., arXiv:2211.12509).
//!
//! An encoder turns every observed frame into a latent, and a decoder turns latents back into frames. In between, all
//! latents of a clip are stacked on the channel axis, and a *translator* turns those of the past into those of the future
//! at once, without recurrence. Whatever mixes positions and channels of an image can translate; OpenSTL compares twelve
//! networks in this place, and [`TranslatorKind`] chooses among them.
//!
//! ```text
//! past [B,T,C,H,W] --> encoder --+--> T*h channels --> translator --> T*h channels --> decoder --> future
//!                                |                                                      ^
//!                                +-------- full-size features of the first layer -------+
//!
//! translator:  block --> 1x1 --> block --> ... --> block --> 1x1        (IncepU is a U of inception layers instead)
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_simvp::{SimVp, SimVpConfig, TranslatorKind};
//!
//! let device = Device::flex();
//! let config = SimVpConfig {
//!     translator: TranslatorKind::ConvNeXt,
//!     spatial_channels: 8,
//!     spatial_depth: 2,
//!     temporal_channels: 16,
//!     temporal_depth: 2,
//!     ..SimVpConfig::default()
//! };
//! let network = SimVp::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod linear;
mod model;
mod presets;
mod translators;

pub use config::SimVpConfig;
pub use model::SimVp;
pub use translators::TranslatorKind;
pub use translators::gsta::{GatedAttention, GstaBlock};
pub use translators::incepu::{IncepU, IncepUConfig};
pub use translators::uniformer::LocalUniformerBlock;
