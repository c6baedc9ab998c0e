//! Training networks, keeping what was trained, and scoring it.
//!
//! A [`Model`] is a registry entry; [`config::resolve`] turns defaults, preset, file and command line into a
//! [`config::RunConfig`]; [`run::train`] trains it into a run folder that a killed run continues from, bit for bit;
//! [`evaluate`](evaluate::evaluate) scores it beside persistence; [`live`] forecasts as observations come in; [`weights`] and [`import`] read what was trained here or
//! published elsewhere.

mod average;
pub mod config;
mod erased;
mod error;
pub mod evaluate;
mod files;
mod forecaster;
mod gradient;
pub mod import;
pub mod live;
pub mod model;
mod observer;
pub mod optimizer;
mod pack;
mod precision;
pub mod progress;
pub mod run;
mod sampling;
mod schedule;
mod tensors;
pub mod weights;

pub use config::{EvalConfig, NormalizationOf, RunConfig, TrainConfig};
pub use error::{FolderError, TrainError};
pub use evaluate::{CLIMATOLOGY, Evaluation, Evaluator, PERSISTENCE, check_scores, evaluate, fit};
pub use forecaster::Forecaster;
pub use model::{Model, ModelError, Network, NotFinite, StepError, StepOutcome};
pub use observer::Observer;
pub use sampling::SamplingSchedule;
pub use schedule::{RunLength, Schedule};
