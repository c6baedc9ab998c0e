//! TAU: "Temporal Attention Unit: Towards Efficient Spatiotemporal Predictive Learning" (Tan et al., CVPR 2023,
//! arXiv:2206.12126).
//!
//! An encoder turns every observed frame into a latent, and a decoder turns latents back into frames. In between, all
//! latents of a clip are stacked on the channel axis, and blocks of temporal attention turn those of the past into those
//! of the future at once, without recurrence: *statical* attention looks far within frames, *dynamical* attention weighs
//! frames and features against each other. The loss adds to the mean squared error how badly the changes from frame to
//! frame are met.
//!
//! ```text
//! past [B,T,C,H,W] --> encoder --+--> T*h channels --> block, block, ..., block --> latents --> decoder --> future
//!                                |                                                                 ^
//!                                +------------ full-size features of the first layer --------------+
//!
//! block:  x --> norm --> 1x1, GELU --+--> statical: 5x5, 7x7 dilated, 1x1 --+--> * --> 1x1 --> + x --> norm --> MLP --> +
//!                                    +--> dynamical: mean, squeeze, excite -+    ^
//!                                    +-------------------------------------------+
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_tau::{Tau, TauConfig};
//!
//! let device = Device::flex();
//! let config = TauConfig { spatial_channels: 8, spatial_depth: 2, temporal_channels: 16, temporal_depth: 2, ..TauConfig::default() };
//! let network = Tau::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod attention;
mod config;
mod divergence;
mod model;
mod pytorch;

pub use attention::{TauBlock, TemporalGate};
pub use config::TauConfig;
pub use divergence::differential_divergence;
pub use model::Tau;
