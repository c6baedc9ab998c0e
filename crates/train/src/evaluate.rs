//! Scoring a network beside persistence and other references, in constant memory.

mod answer;
mod evaluator;
mod fit;
mod part;
mod perceptual;
mod validation;
mod video;

use std::sync::Arc;

use foreframe_core::{ClipShape, ConfigError};
use foreframe_data::{ClipSource, HostBatch, Normalization, fill_missing, first_channels, persistence};
use foreframe_fvd::Fvd;
use foreframe_lpips::Lpips;
use foreframe_metrics::{Comparison, ScoreError, ScoreOptions, ScoreSpec, Scores};

use crate::error::TrainError;
use crate::model::Network;
use crate::progress::Progress;

pub use evaluator::Evaluator;
pub use fit::fit;

pub(crate) use answer::targets_of;
pub use validation::validation_loss;

use answer::{answer, times};
use part::{Part, fits};

/// The model from whose forecasts anomalies are taken.
pub const CLIMATOLOGY: &str = "climatology";
/// The last row of every comparison.
pub const PERSISTENCE: &str = "persistence";

/// The clips to evaluate on, and how.
#[derive(Clone)]
pub struct Evaluation<'a> {
    /// Name of the dataset, for the table.
    pub data: &'a str,
    /// Name of the split, for the table.
    pub split: &'a str,
    /// Clips forecast at a time.
    pub batch: usize,
    /// At most so many clips, the first ones; 0 for all.
    pub clips: usize,
    /// Frames to forecast, at most as many as the clips have; all of them when absent.
    pub horizon: Option<usize>,
    /// How to make values physical again.
    pub normalization: &'a Normalization,
    /// How scores are defined.
    pub scores: &'a ScoreOptions,
    /// Other forecasters to compare with, built for the same clips, and [fitted](fit) where they are of that kind.
    pub against: &'a [Box<dyn Network>],
    /// Weights for the perceptual distance, one more score.
    pub lpips: Option<&'a Lpips>,
    /// Weights for the Fréchet video distance, one more score.
    pub fvd: Option<&'a Fvd>,
}

/// Checks that clips of this shape, all of whose channels are to be forecast, can be scored as `scores` says, before
/// anything is spent on them.
///
/// # Errors
/// Names the key of the options, or what is wrong with the normalization.
pub fn check_scores(clip: &ClipShape, normalization: &Normalization, scores: &ScoreOptions) -> Result<(), TrainError> {
    let spec = score_spec(clip, normalization);
    Scores::with_options(spec, scores.clone()).map_err(by_key)?;
    Ok(())
}

fn score_spec(clip: &ClipShape, normalization: &Normalization) -> ScoreSpec {
    ScoreSpec {
        lead_times: clip.future,
        channels: clip.channels,
        height: clip.height,
        width: clip.width,
        mean: normalization.mean.clone(),
        std: normalization.std.clone(),
    }
}

/// An option's error under the key that users write.
pub(crate) fn by_key(error: ScoreError) -> TrainError {
    match error {
        ScoreError::Option { key, problem, remedy } => {
            ConfigError::new(format!("eval.scores.{key}"), problem, remedy).into()
        }
        other => other.into(),
    }
}

/// Scores `network`, the references of the evaluation, and persistence (what was last observed, repeated) on the same clips.
///
/// Batches come one after the other and nothing of them is kept but sums, so that memory does not grow with their number.
///
/// # Errors
/// The clips do not fit the network, a reference or the horizon, they cannot be read, or a forecast is not finite.
pub fn evaluate(
    network: &dyn Network,
    source: Arc<dyn ClipSource>,
    evaluation: &Evaluation<'_>,
    progress: &mut dyn Progress,
) -> Result<Comparison, TrainError> {
    let shape = source.shape();
    let horizon = evaluation.horizon.unwrap_or(shape.future);
    let networks: Vec<&dyn Network> = std::iter::once(network)
        .chain(evaluation.against.iter().map(Box::as_ref))
        .collect();
    for network in &networks {
        fits(*network, &source, horizon)?;
    }
    let targets = targets_of(source.as_ref());
    let evaluated = ClipShape {
        channels: targets.count(shape.channels),
        future: horizon,
        ..shape
    };
    let (frame, values) = (evaluated.frame_len(), evaluated.future * evaluated.frame_len());
    let part = Part {
        source: source.clone(),
        batch: evaluation.batch,
        clips: evaluation.clips,
        task: evaluation.split,
    };
    // Persistence comes last.
    let names = networks.iter().map(|network| network.name()).chain([PERSISTENCE]);
    let names: Vec<String> = names.map(str::to_owned).collect();
    let mut evaluator = Evaluator::new(evaluation, names, evaluated, part.len())?;
    let has_references = networks.iter().any(|network| network.parameters() == 0);
    let mut first = 0;
    let mut score = |batch: &HostBatch, clips: usize| {
        let times = times(source.as_ref(), first, batch.clips, shape.past, horizon);
        first += batch.clips;
        let carried = (has_references && batch.has_missing()).then(|| batch.carried_forward());
        let of = |network: &&dyn Network| -> Vec<f32> {
            // A model without weights has not learned to handle missing values.
            let shown = carried.as_ref().filter(|_| network.parameters() == 0).unwrap_or(batch);
            let clip = shown.to_clip(&network.device().inner());
            let forecast = answer(*network, clip, horizon, targets, times.clone());
            let forecast = forecast.into_data().convert::<f32>();
            forecast.try_into_vec().expect("it was converted to this type")
        };
        let forecasts: Vec<Vec<f32>> = networks.iter().map(of).collect();
        for clip in 0..clips {
            let truth = first_channels(batch.future(clip), &shape, evaluated.channels);
            let past = first_channels(batch.past(clip), &shape, evaluated.channels);
            let mut newest = persistence(&past, frame, horizon);
            fill_missing(&mut newest);
            let of_clip = forecasts.iter().map(|all| &all[clip * values..][..values]);
            let all: Vec<&[f32]> = of_clip.chain([&newest[..]]).collect();
            evaluator.add(&past, &truth[..values], &all)?;
        }
        Ok(())
    };
    part.each_batch(progress, &mut score)?;
    evaluator.finish()
}
