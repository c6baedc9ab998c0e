//! PredFormer: "Video Prediction Transformers without Recurrence or Convolution" (Tang et al., 2024, arXiv:2410.04733).
//!
//! Frames are cut into patches, every patch is a token, and gated transformers look from token to token: within a frame, along
//! time at one place, or both. Nine arrangements of these are named in [`Arrangement`].
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_predformer::{PredFormer, PredFormerConfig};
//!
//! let device = Device::flex();
//! let config = PredFormerConfig { width: 16, heads: 2, head_width: 8, depth: 1, ..PredFormerConfig::default() };
//! let network = PredFormer::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod arrangement;
mod config;
mod model;
mod position;
mod presets;
mod pytorch;
mod transformer;

pub use arrangement::Arrangement;
pub use config::PredFormerConfig;
pub use model::PredFormer;
