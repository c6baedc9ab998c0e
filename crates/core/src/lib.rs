//! The vocabulary every Foreframe crate shares.
//!
//! A *clip* is a piece of a spatio-temporal field, `[batch, time, channels, height, width]`: its `past` was observed, its
//! `future` is the truth, and a *forecast* is what a network makes of the past. [`Forecast`] is all that a user of a
//! network needs; [`Architecture`] is what training, import and the command line need on top.

mod architecture;
mod benchmark;
mod clip;
mod cost;
mod error;
mod finite;
mod forecast;
mod import;
mod key_map;
mod known;
mod named;
mod objective;
mod prefix;
mod recurrent;

pub use architecture::{Architecture, Fitted, Preset, StepContext};
pub use benchmark::Benchmark;
pub use clip::{Clip, ClipShape, as_precise_as, channels_into_time, fold_time, lift, time_into_channels, unfold_time};
pub use cost::Cost;
pub use error::ConfigError;
pub use forecast::{Ahead, Forecast, roll_out};
pub use import::{ImportError, ImportReport, import, select};
pub use key_map::KeyMap;
pub use known::{Known, Targets};
pub use named::{
    AssignError, NamedMapper, NamedTensor, NamedVisitor, assign, count_parameters, gradients, is_buffer, map_named,
    named_shapes, named_tensors, one_for_all_steps, visit_named,
};
pub use objective::{Objective, mean_squared_error};
pub use recurrent::{
    Recurrent, Sampling, SamplingRule, State, Stream, StreamError, TrueFrames, unrolled, unrolled_from,
};
