//! Scores of forecasts, each with its exact definition.
//!
//! [`Scores`] reads clips one at a time and keeps running sums, so its memory does not grow with the number of clips.
//! Every metric is reported in total and per lead time, under a name that says which definition it follows:
//!
//! * `openstl_*`: the definitions behind most published tables of this field (OpenSTL, Tan et al. 2023). Squared and
//!   absolute errors are *summed* over the pixels of a frame, and SSIM takes a data range of 2 for values in `[0, 1]`.
//! * `mse`, `mae`, `rmse`, `ssim`, `psnr`: the textbook definitions, per value, with a stated data range.
//!
//! * `csi_*`, `pod_*`, `far_*`, `hss_*`, `bias_*`, `fss_*`: events, which are values that reach a threshold, where
//!   [`ScoreOptions::thresholds`] names any.
//! * `lat_weighted_rmse`, `acc`: weather, where latitudes or a climatology are given.
//!
//! Each [`Metric`] carries its definition as a sentence. Edge cases are decided here, once:
//!
//! * A frame smaller than the window of an SSIM has no such SSIM: the metric is absent and [`Summary::notes`] says so.
//! * Where the truth is NaN it is missing and counts nowhere; [`Summary::missing_share`] says how much of it is. SSIM counts
//!   the windows without a missing cell; a frame with none of them, or without any truth, is in no mean over frames.
//! * An infinity, or a forecast that is NaN where there is a truth, makes [`Scores::summary`] an error that says where.
//! * Where nothing happened and nothing was forecast, the scores of events are not defined: NaN, shown as `-`.
//! * A frame forecast without any error has an infinite PSNR, and so has every mean that includes it.
//!
//! ```
//! use foreframe_metrics::{Scores, ScoreSpec};
//!
//! let spec = ScoreSpec { lead_times: 2, channels: 1, height: 4, width: 4, mean: vec![0.0], std: vec![1.0] };
//! let mut scores = Scores::new(spec)?;
//! scores.add(&[0.5; 32], &[0.25; 32])?;
//! let summary = scores.summary()?;
//! assert_eq!(summary.metric("mse").unwrap().total, 0.0625);
//! assert_eq!(summary.metric("openstl_mse").unwrap().total, 1.0); // 16 pixels
//! assert!(summary.metric("ssim").is_none()); // 4x4 is smaller than its 11x11 window
//! # Ok::<(), foreframe_metrics::ScoreError>(())
//! ```

mod comparison;
mod definitions;
mod error;
mod events;
mod extent;
mod fractions;
mod non_finite;
mod number;
mod options;
mod planes;
mod scores;
mod skill;
mod spec;
mod ssim;
mod summary;
mod sums;
mod weather;

pub use comparison::{Comparison, Row, format_value};
pub use error::ScoreError;
pub use options::ScoreOptions;
pub use scores::Scores;
pub use skill::{Skill, SkillScore};
pub use spec::ScoreSpec;
pub use summary::{Metric, Summary};
