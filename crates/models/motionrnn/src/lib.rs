//! MotionRNN: "MotionRNN: A Flexible Model for Video Prediction with Spacetime-Varying Motions" (Wu et al., CVPR 2021,
//! arXiv:2103.02243), on PredRNN's cells, as GMG's authors coded it for OpenSTL.
//!
//! A stack of spatio-temporal LSTM cells. Between two layers the hidden state is halved, a recurrent unit estimates where
//! every neighborhood moves to, as something transient and a trend, and warps the features along it; a gate lets the
//! result in. A highway carries what motion makes vanish past each cell.
//!
//! ```text
//! frame --> patches --> cell 1 --> motion path --> cell 2 --> motion path --> ... --> cell n --> 1x1 --> next frame
//!              |          ^                          ^
//!              +-- 1x1 ---+-------- highway ---------+------ ...
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_motionrnn::{MotionRnn, MotionRnnConfig};
//!
//! let device = Device::flex();
//! let config = MotionRnnConfig { widths: vec![8, 8], ..MotionRnnConfig::default() };
//! let network = MotionRnn::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod model;
mod stack;

pub use config::{MotionRnnConfig, validate_motion};
pub use model::MotionRnn;
pub use stack::{GATE, MotionCell, MotionStack, MotionStackConfig, MotionStackState, gated};
