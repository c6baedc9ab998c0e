//! Judging a network beside persistence and other references, in constant memory.

mod answer;
mod fit;
mod part;
mod perceptual;
mod validation;
mod video;

use std::sync::Arc;

use foreframe_core::{ClipShape, ConfigError};
use foreframe_data::{ClipSource, HostBatch, Normalization, fill_missing, first_channels};
use foreframe_fvd::Fvd;
use foreframe_lpips::Lpips;
use foreframe_metrics::{Comparison, Row, ScoreError, ScoreOptions, ScoreSpec, Scores};

use crate::error::TrainError;
use crate::model::Network;
use crate::progress::Progress;

pub use fit::fit;

pub(crate) use answer::targets_of;
pub use validation::validation_loss;

use answer::{answer, times};
use part::{Part, fits};
use perceptual::Perceptual;
use video::VideoDistance;

/// The model from whose forecasts anomalies are taken.
pub const CLIMATOLOGY: &str = "climatology";

/// What to judge on, and how.
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
/// Names the key of the options, or what is wrong with the normalisation.
pub fn check_scores(clip: &ClipShape, normalization: &Normalization, scores: &ScoreOptions) -> Result<(), TrainError> {
    let spec = score_spec(clip, clip.future, normalization);
    Scores::with_options(spec, scores.clone()).map_err(by_key)?;
    Ok(())
}

fn score_spec(clip: &ClipShape, horizon: usize, normalization: &Normalization) -> ScoreSpec {
    ScoreSpec {
        lead_times: horizon,
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

/// Scores `network`, the references of the evaluation, and persistence (the last observed frame, repeated) on the same clips.
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
    let judged = ClipShape {
        channels: targets.count(shape.channels),
        ..shape
    };
    let spec = score_spec(&judged, horizon, &evaluation.normalization.first(judged.channels));
    let empty = Scores::with_options(spec, evaluation.scores.clone()).map_err(by_key)?;
    let climatology = networks.iter().position(|network| network.name() == CLIMATOLOGY);
    let empty = match climatology {
        Some(_) => empty.with_anomalies(),
        None => empty,
    };
    let frame = judged.frame_len();
    let values = horizon * frame;
    let perceptual = evaluation
        .lpips
        .map(|lpips| Perceptual::new(lpips, evaluation, &judged, horizon))
        .transpose()?;
    // Persistence comes last.
    let mut scores = vec![(empty, perceptual); networks.len() + 1];
    let whole = ClipShape {
        future: horizon,
        ..judged
    };
    let part = Part {
        source: source.clone(),
        batch: evaluation.batch,
        clips: evaluation.clips,
        task: evaluation.split,
    };
    let mut video = evaluation
        .fvd
        .map(|fvd| VideoDistance::new(fvd, evaluation, whole, part.len(), scores.len()))
        .transpose()?;
    let mut first = 0;
    let mut score = |batch: &HostBatch, clips: usize| {
        let times = times(source.as_ref(), first, batch.clips, shape.past, horizon);
        first += batch.clips;
        let of = |network: &&dyn Network| -> Vec<f32> {
            let clip = batch.to_clip(&network.device().inner());
            let forecast = answer(*network, clip, horizon, targets, &times);
            forecast.into_data().iter::<f32>().collect()
        };
        let forecasts: Vec<Vec<f32>> = networks.iter().map(of).collect();
        for clip in 0..clips {
            let truth = first_channels(batch.future(clip), &shape, judged.channels);
            let truth = &truth[..values];
            let of_clip = |forecasts: &Vec<f32>| forecasts[clip * values..][..values].to_vec();
            let normal = climatology.map(|index| of_clip(&forecasts[index]));
            let past = first_channels(batch.past(clip), &shape, judged.channels);
            let mut newest = past[past.len() - frame..].repeat(horizon);
            fill_missing(&mut newest);
            let all: Vec<Vec<f32>> = forecasts.iter().map(of_clip).chain([newest]).collect();
            for (forecast, (scores, perceptual)) in all.iter().zip(&mut scores) {
                match &normal {
                    Some(normal) => scores.add_beside(forecast, truth, normal)?,
                    None => scores.add(forecast, truth)?,
                }
                if let Some(perceptual) = perceptual {
                    perceptual.add(forecast, truth);
                }
            }
            if let Some(video) = &mut video {
                video.add(&past, truth, &all);
            }
        }
        Ok(())
    };
    part.each_batch(progress, &mut score)?;
    let names = networks.iter().map(|network| network.name()).chain(["persistence"]);
    let rows: Result<Vec<Row>, TrainError> = names
        .zip(scores)
        .enumerate()
        .map(|(row, (model, (scores, perceptual)))| {
            let mut summary = scores.summary()?;
            summary.metrics.extend(perceptual.map(|perceptual| perceptual.metric()));
            match video.as_ref().map(|video| video.metric(row)) {
                Some(Ok(metric)) => summary.metrics.push(metric),
                Some(Err(note)) => summary.notes.push(note),
                None => {}
            }
            Ok(Row {
                model: model.to_owned(),
                summary,
            })
        })
        .collect();
    Ok(Comparison::new(evaluation.data, evaluation.split, rows?))
}
