//! STLight: "STLight: a Fully Convolutional Approach for Efficient Predictive Learning by Spatio-Temporal joint
//! Processing" (Alfarano et al., WACV 2025, arXiv:2411.10198).
//!
//! All observed frames are stacked on the channel axis and cut into patches by one strided convolution; identical blocks
//! of two depthwise convolutions (the second one dilated) and a 1x1 convolution mix them, space and time jointly, at
//! constant size; a pixel shuffle and a 1x1 convolution turn them into all future frames at once. There is no recurrence
//! and no attention. One addition, from a third of the depth to two thirds, is the only connection between distant blocks.
//!
//! ```text
//! past [B,T,C,H,W] --> [B,T*C,H,W] --> patch encoder: strided conv, norm, GELU --> [B,width,H/p,W/p]
//!                                                                                        |
//!        +-------------------------------------------------------------------------------+
//!        v
//! blocks 1/3 --+--> blocks 1/3 --> + --> blocks 1/3 --> pixel shuffle --> 1x1 conv --> future [B,T',C,H,W]
//!              |                   ^
//!              +-------------------+
//!
//! block:  x --> depthwise --> dilated depthwise --> GELU --> norm --> + x --> 1x1 conv --> GELU --> norm
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_stlight::{StLight, StLightConfig};
//!
//! let device = Device::flex();
//! let config = StLightConfig { width: 16, depth: 3, ..StLightConfig::default() };
//! let network = StLight::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod cost;
mod decoder;
mod encoder;
mod mixer;
mod model;
mod presets;
mod pytorch;

pub use config::{Reassembly, StLightConfig};
pub use cost::published_flops;
pub use model::StLight;
