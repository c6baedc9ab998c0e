//! Pictures of forecasts and one self-contained page per training run.
//!
//! [`write_gif`] animates past, truth, forecast and error side by side; [`write_strip`] lays the same frames out on one
//! picture; [`write_error_map`] shows where errors are large. [`write_run_page`] collects what the folder of a run holds
//! (configuration, losses, scores, pictures, log) into `report.html`, which needs nothing besides itself;
//! [`write_score_page`] makes such a page of a comparison alone. [`write_curves`] draws the learning curves of several runs into
//! one picture, and a [`ModelComparison`] sets several networks, each trained with several seeds, beside each other.
//!
//! Every file is written beside its place and renamed, so that nothing partial stands under a final name.
//!
//! ```
//! use foreframe_report::{Frames, Sample, write_gif};
//!
//! let values = vec![0.5; 2 * 16 * 16];
//! let frames = Frames { values: &values, time: 2, channels: 1, height: 16, width: 16 };
//! let sample = Sample { past: frames, truth: Some(frames), forecast: frames, range: (0.0, 1.0) };
//! let folder = tempfile::tempdir()?;
//! write_gif(&folder.path().join("clip.gif"), &sample, "persistence on a gray field")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod animation;
mod axis;
mod canvas;
mod chart;
mod colors;
mod curves;
mod error;
mod file;
mod frames;
mod model_comparison;
mod model_comparison_page;
mod page;
mod pictures;
mod run;
mod scores;
mod strip;
mod together;

pub use animation::write_gif;
pub use error::ReportError;
pub use frames::{Frames, Sample};
pub use model_comparison::{ComparedModel, ComparedRow, ComparedScore, ModelComparison, Spread};
pub use page::{write_run_page, write_score_page};
pub use strip::{write_error_map, write_frames, write_strip};
pub use together::write_curves;
