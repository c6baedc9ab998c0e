//! __title__: the stacked frames of the past go through two 3x3 convolutions, which forecast the change since the newest
//! frame.
//!
//! ```text
//! past [B, T, C, H, W] -> [B, T*C, H, W] -> conv -> GELU -> conv -> [B, T'*C, H, W] -> (+ newest frame) -> forecast
//! ```
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use foreframe___name__::{__Name__, __Name__Config};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//!
//! let device = Device::flex();
//! let clip = ClipShape::new([4, 4, 1, 16, 16]);
//! let network = __Name__::new(&__Name__Config::default(), &clip, &device)?;
//! let past = Tensor::random([1, 4, 1, 16, 16], Distribution::Uniform(0.0, 1.0), &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod model;

pub use config::__Name__Config;
pub use model::__Name__;
