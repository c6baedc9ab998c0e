//! GMG: "GMG: A Video Prediction Method Based on Global Focus and Motion Guided" (arXiv:2503.11297), a network for
//! precipitation nowcasting.
//!
//! MotionRNN's stack of spatio-temporal LSTM cells with motion between the layers, and three parts more. A *global focus
//! module* in every cell weighs its output with the whole image and with several scales of its input. A *self-attention
//! memory* lets every position look at all others and at the memory of all others. A *motion guided module* lets the trend
//! of a motion grow and decay, as rain does.
//!
//! ```text
//!                     +--------------------------- cell ---------------------------+
//! input, states ----->| ST-LSTM --> global focus --> self-attention memory --(+)---|--> motion guided path --> next layer
//! highway ------------|---------------------- (1 - o) * highway --------------^    |
//!                     +------------------------------------------------------------+
//! ```
//!
//! The published code runs only after a line is put back that its copy of MotionRNN's warp lost; with it, forecasts,
//! losses and gradients here are those of the code. Where paper and code differ, this crate follows the code, but for two
//! things that make its results depend on chance and on the batch: first states are 0 unless `random_start` asks for
//! random ones, and the decay of a motion's trend counts the frames read, as the paper says, unless `decay` asks for the
//! sample's place in the batch, as the code has it. The loss is the paper's (L1 + L2) unless `loss` asks for the code's.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_gmg::{Gmg, GmgConfig};
//!
//! let device = Device::flex();
//! let config = GmgConfig { widths: vec![8, 8], attention: 4, ..GmgConfig::default() };
//! let network = Gmg::new(&config, &ClipShape::new([5, 10, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 5, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 10).dims(), [1, 10, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```
//!
//! Frames that arrive one by one are what `foreframe_core::Stream` is for: the state is kept between them.

mod cell;
mod config;
mod focus;
mod model;
mod presets;
mod pytorch;

pub use config::{Decay, Focus, GmgConfig, Loss};
pub use model::Gmg;
