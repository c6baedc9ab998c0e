//! Judging a network beside persistence, in constant memory.

use std::sync::Arc;

use burn::tensor::Tensor;
use foreframe_core::ConfigError;
use foreframe_data::{ClipSource, HostBatch, Loader, LoaderConfig, Normalization};
use foreframe_metrics::{Comparison, Row, ScoreOptions, ScoreSpec, Scores};

use crate::error::TrainError;
use crate::model::Network;
use crate::progress::Progress;

/// What to judge on, and how.
#[derive(Clone, Debug)]
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
}

/// Scores `network` and persistence (the last observed frame, repeated) on the same clips.
///
/// Batches come one after the other and nothing of them is kept but sums, so that memory does not grow with their number.
///
/// # Errors
/// The clips do not fit the network or the horizon, they cannot be read, or a forecast is not finite.
pub fn evaluate(
    network: &dyn Network,
    source: Arc<dyn ClipSource>,
    evaluation: &Evaluation<'_>,
    progress: &mut dyn Progress,
) -> Result<Comparison, TrainError> {
    let shape = source.shape();
    let horizon = evaluation.horizon.unwrap_or(shape.future);
    fits(network, &source, horizon)?;
    let spec = ScoreSpec {
        lead_times: horizon,
        channels: shape.channels,
        height: shape.height,
        width: shape.width,
        mean: evaluation.normalization.mean.clone(),
        std: evaluation.normalization.std.clone(),
    };
    let mut scores = Scores::with_options(spec.clone(), evaluation.scores.clone())?;
    let mut persistence = Scores::with_options(spec, evaluation.scores.clone())?;
    let frame = shape.frame_len();
    let device = network.device().inner();
    let mut repeated = vec![0.0; horizon * frame];
    let total = limited(source.len(), evaluation.clips);
    progress.begin(evaluation.split, total as u64, 0);
    let mut done = 0;
    for batch in batches(source, evaluation.batch)? {
        let batch = batch?;
        let clips = batch.clips.min(total - done);
        let forecast = forecast_host(network, batch.to_clip(&device).past, horizon);
        for clip in 0..clips {
            let truth = &batch.future(clip)[..horizon * frame];
            scores.add(&forecast[clip * horizon * frame..][..horizon * frame], truth)?;
            let past = batch.past(clip);
            repeated
                .chunks_mut(frame)
                .for_each(|lead| lead.copy_from_slice(&past[past.len() - frame..]));
            persistence.add(&repeated, truth)?;
        }
        done += clips;
        progress.advance(done as u64, "");
        if done == total {
            break;
        }
    }
    progress.end();
    let rows = [(network.name(), scores), ("persistence", persistence)];
    let rows: Result<Vec<Row>, TrainError> = rows
        .into_iter()
        .map(|(model, scores)| {
            Ok(Row {
                model: model.to_owned(),
                summary: scores.summary()?,
            })
        })
        .collect();
    Ok(Comparison {
        data: evaluation.data.to_owned(),
        split: evaluation.split.to_owned(),
        rows: rows?,
    })
}

/// Mean squared error of the forecasts of the first `clips` clips (0 for all), in normalised units.
pub(crate) fn validation_loss(
    network: &dyn Network,
    source: Arc<dyn ClipSource>,
    batch: usize,
    clips: usize,
    progress: &mut dyn Progress,
) -> Result<f64, TrainError> {
    fits(network, &source, source.shape().future)?;
    let total = limited(source.len(), clips);
    let device = network.device().inner();
    let (mut sum, mut done) = (0.0, 0);
    progress.begin("validation", total as u64, 0);
    for batch in batches(source, batch)? {
        let batch = batch?;
        let clips = batch.clips.min(total - done);
        let mut clip = batch.to_clip(&device);
        clip.past = clip.past.narrow(0, 0, clips);
        clip.future = clip.future.narrow(0, 0, clips);
        sum += network.validation_loss(clip) * clips as f64;
        done += clips;
        progress.advance(done as u64, "");
        if done == total {
            break;
        }
    }
    progress.end();
    Ok(sum / done as f64)
}

fn limited(len: usize, most: usize) -> usize {
    if most == 0 { len } else { len.min(most) }
}

fn batches(
    source: Arc<dyn ClipSource>,
    batch: usize,
) -> Result<impl Iterator<Item = Result<HostBatch, foreframe_data::DataError>>, TrainError> {
    let config = LoaderConfig {
        batch,
        seed: 0,
        shuffle: false,
        drop_last: false,
    };
    Ok(Loader::new(source, config)?.epoch(0, 0))
}

fn forecast_host(network: &dyn Network, past: Tensor<5>, horizon: usize) -> Vec<f32> {
    network.forecast(past, horizon).into_data().iter::<f32>().collect()
}

fn fits(network: &dyn Network, source: &Arc<dyn ClipSource>, horizon: usize) -> Result<(), TrainError> {
    let (found, built) = (source.shape(), network.clip());
    if source.is_empty() {
        return Err(ConfigError::new("data", "has no clip in this split", "use more data or a larger share").into());
    }
    if horizon == 0 || horizon > found.future {
        let problem = format!("is {horizon}, but the clips have {} future frames", found.future);
        return Err(ConfigError::new(
            "horizon",
            problem,
            "set data.future to the horizon, or ask for fewer frames",
        )
        .into());
    }
    for (field, found, built) in [
        ("data.past", found.past, built.past),
        ("data (channels)", found.channels, built.channels),
        ("data (height)", found.height, built.height),
        ("data (width)", found.width, built.width),
    ] {
        if found != built {
            let problem = format!("is {found}, but the network was built for {built}");
            return Err(ConfigError::new(field, problem, "use data of the size that it was trained on").into());
        }
    }
    Ok(())
}
