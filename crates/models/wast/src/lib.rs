//! WaST, "Wavelet-Driven Spatiotemporal Predictive Learning: Bridging Frequency and Time Variations" (Nie et al., AAAI
//! 2024).
//!
//! A network without recurrence: the frames of a clip are stacked on the channel axis, and blocks of large depthwise
//! kernels turn those of the past into those of the future at once. In the middle a 3-D Haar transform halves height and
//! width without losing anything: the low bands go through the bottleneck, the high ones past it to the inverse
//! transform. The loss adds to the mean squared error how badly the high frequencies of the spectrum are met.
//!
//! ```text
//! past [B,T,C,H,W] --+--> 3x3x3 --> blocks --+---------------------------------------+
//!                    |                       v                                       v
//!                    +--------------> wavelet embedding --> blocks --> wavelet       |
//!                                            |                     reconstruction -> + --> 3x3 --> blocks --> 3x3x3
//!                                            +---- six bands of details ----^
//!
//! block:  x --> norm --+--> 51x5 + 5x51 --> attention of rows and columns --+--> + x --> norm --> mixer --> + -->
//!                      +--> 5x5 ----------> attention of rows and columns --+
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_wast::{Wast, WastConfig};
//!
//! let device = Device::flex();
//! let config = WastConfig { encoder_channels: 4, depths: [1, 1, 1], ..WastConfig::default() };
//! let network = Wast::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod attention;
mod block;
mod config;
mod conv3d;
mod focal;
mod haar;
mod mixer;
mod model;
mod pytorch;
mod wavelet;

pub use config::WastConfig;
pub use focal::focal_frequency_loss;
pub use model::Wast;
