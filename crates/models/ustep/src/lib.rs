//! USTEP: "USTEP: Spatio-Temporal Predictive Learning under A Unified View" (Tan et al., TPAMI 2025, arXiv:2310.05829).
//!
//! A clip is cut into *micro* segments of a few frames, and a window of them, the *macro* segment, moves along it. Inside
//! a segment a network without recurrence (blocks of TAU, gSTA or Uniformer, or SimVP's U) sees all frames at once; from segment to segment gates
//! keep one state per time scale and let the macro state into the micro state, from which the next segment is read. What
//! was predicted takes the place of the observed until the horizon is reached, so any number of frames goes in and out.
//!
//! ```text
//! past --> encoder --> latents --> | U_1 | U_2 | ... | U_N |            micro segments of Δt frames
//!                                              |  V = U_(N-k+1) ... U_N, the last k of them
//!           micro network <-- U_N -------------+-------------- V --> macro network
//!                |                                                        |
//!                U̅                                                        V̅
//!                |            h_v = V̅ + σ(W_v V̅) h_v  <-------------------+
//!                +--> h_u = U̅ + σ(W_u U̅) h_u + σ(W_c U̅) h_v --> head --> U_(N+1) --> decoder --> Δt frames
//!                                                                          |
//!                                              fed back as the newest segment
//! ```
//!
//! The authors published neither code nor most sizes. This crate implements the equations as printed
//! ([`RecurrenceLayout::Single`]), and a stack of such recurrences around single blocks ([`RecurrenceLayout::Layerwise`]), whose numbers of
//! parameters are closer to the published ones. Neither is the authors' code.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_ustep::{UStep, UStepConfig};
//!
//! let device = Device::flex();
//! let config = UStepConfig {
//!     spatial_channels: 8,
//!     spatial_depth: 2,
//!     width: 16,
//!     micro_segment: 2,
//!     micro_depth: 1,
//!     macro_depth: 1,
//!     ..UStepConfig::default()
//! };
//! let network = UStep::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(network.forecast(past, 7).dims(), [1, 7, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod gates;
mod incepu;
mod layer;
mod model;
mod presets;
mod pytorch;
mod segment_net;
mod segmentation;

pub use config::{RecurrenceLayout, UStepConfig};
pub use model::{UStep, UStepGsta, UStepNetwork, UStepSimVp, UStepUniformer};
pub use segment_net::{BlockNet, GstaNet, SegmentBlock, SegmentNet, SegmentNetConfig, TauNet, UniformerNet};
pub use segmentation::Segmentation;
