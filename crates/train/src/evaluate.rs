//! Judging a network beside persistence and other references, in constant memory.

use std::sync::Arc;

use burn::tensor::Tensor;
use foreframe_core::{Clip, ClipShape, ConfigError, Targets};
use foreframe_data::{Channels, ClipSource, HostBatch, Loader, LoaderConfig, Normalization, first_channels};
use foreframe_metrics::{Comparison, Row, ScoreError, ScoreOptions, ScoreSpec, Scores};

use crate::error::TrainError;
use crate::model::Network;
use crate::progress::Progress;

/// What the mean of the training part is called among forecasters.
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
    /// Other forecasters to compare with, built for the same clips.
    pub against: &'a [Box<dyn Network>],
    /// What is normal at every pixel, normalised, `[C, H, W]`: one more forecaster, and what anomalies are taken from.
    pub climatology: Option<&'a [f32]>,
}

/// Which channels of the clips of a source are to be forecast.
pub(crate) fn targets_of(source: &dyn ClipSource) -> Targets {
    source.channels().map_or(Targets::All, Channels::as_targets)
}

/// The channels of a clip's future that are to be forecast, as a network sees them that was built for all channels, or for
/// these alone.
fn answer(network: &dyn Network, clip: Clip, horizon: usize, targets: Targets) -> Tensor<5> {
    match network.clip().channels == clip.past.dims()[2] {
        true => network.forecast_knowing(clip.past, horizon, &targets.known(&clip.future)),
        false => network.forecast(targets.of(clip.past), horizon),
    }
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
    let climatology = evaluation
        .climatology
        .map(|normal| first_channels(normal, &shape, judged.channels));
    let empty = match &climatology {
        Some(normal) => empty.with_climatology(normal)?,
        None => empty,
    };
    let frame = judged.frame_len();
    let values = horizon * frame;
    let mut scores = vec![empty.clone(); networks.len()];
    let mut normal = climatology.map(|normal| (normal.repeat(horizon), empty.clone()));
    let mut persistence = empty;
    let mut score = |batch: &HostBatch, clips: usize| {
        for (network, scores) in networks.iter().zip(&mut scores) {
            let clip = batch.to_clip(&network.device().inner());
            let forecast = answer(*network, clip, horizon, targets);
            let forecast: Vec<f32> = forecast.into_data().iter::<f32>().collect();
            for clip in 0..clips {
                let truth = first_channels(batch.future(clip), &shape, judged.channels);
                scores.add(&forecast[clip * values..][..values], &truth[..values])?;
            }
        }
        for clip in 0..clips {
            let past = first_channels(batch.past(clip), &shape, judged.channels);
            let truth = first_channels(batch.future(clip), &shape, judged.channels);
            let truth = &truth[..values];
            if let Some((forecast, scores)) = &mut normal {
                scores.add(forecast, truth)?;
            }
            persistence.add(&past[past.len() - frame..].repeat(horizon), truth)?;
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
    let rows = (networks.iter().map(|network| network.name()).zip(scores))
        .chain(normal.map(|(_, scores)| (CLIMATOLOGY, scores)))
        .chain([("persistence", persistence)]);
    let rows: Result<Vec<Row>, TrainError> = rows
        .map(|(model, scores)| {
            Ok(Row {
                model: model.to_owned(),
                summary: scores.summary()?,
            })
        })
        .collect();
    Ok(Comparison::new(evaluation.data, evaluation.split, rows?))
}

/// The mean of every frame of every clip, `[C, H, W]`, normalised like the clips: the climatology of a training split.
///
/// Frames that several clips share count as often as they are in one. Nothing is kept but a sum.
///
/// # Errors
/// There is no clip, or one cannot be read.
pub fn climatology(
    source: Arc<dyn ClipSource>,
    batch: usize,
    progress: &mut dyn Progress,
) -> Result<Vec<f32>, TrainError> {
    if source.is_empty() {
        return Err(no_clip());
    }
    let mut sums = vec![0.0f64; source.shape().frame_len()];
    let mut frames = 0u64;
    let mut add = |batch: &HostBatch, clips: usize| {
        for clip in 0..clips {
            for part in [batch.past(clip), batch.future(clip)] {
                for frame in part.chunks_exact(sums.len()) {
                    frames += 1;
                    sums.iter_mut()
                        .zip(frame)
                        .for_each(|(sum, value)| *sum += f64::from(*value));
                }
            }
        }
        Ok(())
    };
    let part = Part {
        source,
        batch,
        clips: 0,
        task: CLIMATOLOGY,
    };
    part.each_batch(progress, &mut add)?;
    Ok(sums.iter().map(|sum| (sum / frames as f64) as f32).collect())
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
    let (device, targets) = (network.device().inner(), targets_of(source.as_ref()));
    let (mut sum, mut judged) = (0.0, 0);
    let mut judge = |batch: &HostBatch, clips: usize| {
        let clip = batch.to_clip(&device);
        let clip = Clip {
            past: clip.past.narrow(0, 0, clips),
            future: clip.future.narrow(0, 0, clips),
        };
        sum += network.validation_loss(clip, targets) * clips as f64;
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

fn no_clip() -> TrainError {
    ConfigError::new("data", "has no clip in this split", "use more data or a larger share").into()
}

fn fits(network: &dyn Network, source: &Arc<dyn ClipSource>, horizon: usize) -> Result<(), TrainError> {
    let (found, built) = (source.shape(), network.clip());
    if source.is_empty() {
        return Err(no_clip());
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
    let targets = targets_of(source.as_ref()).count(found.channels);
    let channels = if built.channels == targets {
        targets
    } else {
        found.channels
    };
    for (field, found, built) in [
        ("data.past", found.past, built.past),
        ("data (channels)", channels, built.channels),
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
