//! Judging a network beside persistence, in constant memory.

use std::sync::Arc;

use foreframe_core::{Clip, ConfigError};
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
    let mut score = |batch: &HostBatch, clips: usize| {
        let past = batch.to_clip(&device).past;
        let forecast: Vec<f32> = network.forecast(past, horizon).into_data().iter::<f32>().collect();
        for clip in 0..clips {
            let truth = &batch.future(clip)[..horizon * frame];
            scores.add(&forecast[clip * horizon * frame..][..horizon * frame], truth)?;
            let past = batch.past(clip);
            let last = &past[past.len() - frame..];
            repeated.chunks_mut(frame).for_each(|lead| lead.copy_from_slice(last));
            persistence.add(&repeated, truth)?;
        }
        Ok(())
    };
    let part = Part {
        source,
        batch: evaluation.batch,
        clips: evaluation.clips,
        task: evaluation.split,
    };
    part.each_batch(progress, &mut score)?;
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
    let device = network.device().inner();
    let (mut sum, mut judged) = (0.0, 0);
    let mut judge = |batch: &HostBatch, clips: usize| {
        let clip = batch.to_clip(&device);
        let clip = Clip {
            past: clip.past.narrow(0, 0, clips),
            future: clip.future.narrow(0, 0, clips),
        };
        sum += network.validation_loss(clip) * clips as f64;
        judged += clips;
        Ok(())
    };
    Part {
        source,
        batch,
        clips,
        task: "validation",
    }
    .each_batch(progress, &mut judge)?;
    Ok(sum / judged as f64)
}

/// The first `clips` clips of a split, or all of them if `clips` is 0.
struct Part<'a> {
    source: Arc<dyn ClipSource>,
    batch: usize,
    clips: usize,
    task: &'a str,
}

impl Part<'_> {
    /// Shows every batch in order, with the number of its clips that count.
    fn each_batch(
        self,
        progress: &mut dyn Progress,
        show: &mut dyn FnMut(&HostBatch, usize) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let len = self.source.len();
        let total = if self.clips == 0 { len } else { len.min(self.clips) };
        let config = LoaderConfig {
            batch: self.batch,
            seed: 0,
            shuffle: false,
            drop_last: false,
        };
        let mut batches = Loader::new(self.source, config)?.epoch(0, 0);
        let mut all = |progress: &mut dyn Progress| {
            let mut done = 0;
            while done < total {
                let Some(batch) = batches.next().transpose()? else {
                    break;
                };
                let clips = batch.clips.min(total - done);
                show(&batch, clips)?;
                done += clips;
                progress.advance(done as u64, "");
            }
            Ok(())
        };
        progress.begin(self.task, total as u64, 0);
        let result = all(progress);
        progress.end();
        result
    }
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
