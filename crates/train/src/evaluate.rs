//! Judging a network beside persistence and other references, in constant memory.

use std::sync::Arc;

use burn::tensor::Tensor;
use foreframe_core::{Clip, ClipShape, ConfigError, Targets};
use foreframe_data::{
    Channels, ClipSource, HostBatch, Loader, LoaderConfig, Normalization, fill_missing, first_channels,
};
use foreframe_lpips::Lpips;
use foreframe_metrics::{Comparison, Row, ScoreError, ScoreOptions, ScoreSpec, Scores};

use crate::error::TrainError;
use crate::model::Network;
use crate::perceptual::Perceptual;
use crate::progress::Progress;

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
}

/// Which channels of the clips of a source are to be forecast.
pub(crate) fn targets_of(source: &dyn ClipSource) -> Targets {
    source.channels().map_or(Targets::All, Channels::as_targets)
}

/// The channels of a clip's future that are to be forecast, as a network sees them that was built for all channels, or for
/// these alone.
///
/// `times` are those of the frames to forecast, which only networks for these channels alone are told: others read them, if
/// they look at them, as channels.
fn answer(
    network: &dyn Network,
    clip: Clip,
    horizon: usize,
    targets: Targets,
    times: &[Option<Vec<i64>>],
) -> Tensor<5> {
    match targets {
        Targets::First(_) if network.clip().channels == clip.past.dims()[2] => {
            network.forecast_knowing(clip.past, horizon, &targets.known(&clip.future))
        }
        _ => network.forecast_at(targets.of(clip.past), horizon, times),
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
    let part = Part {
        source: source.clone(),
        batch: evaluation.batch,
        clips: evaluation.clips,
        task: evaluation.split,
    };
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
            let all = forecasts.iter().map(of_clip).chain([newest]);
            for (forecast, (scores, perceptual)) in all.zip(&mut scores) {
                match &normal {
                    Some(normal) => scores.add_beside(&forecast, truth, normal)?,
                    None => scores.add(&forecast, truth)?,
                }
                if let Some(perceptual) = perceptual {
                    perceptual.add(&forecast, truth);
                }
            }
        }
        Ok(())
    };
    part.each_batch(progress, &mut score)?;
    let names = networks.iter().map(|network| network.name()).chain(["persistence"]);
    let rows: Result<Vec<Row>, TrainError> = names
        .zip(scores)
        .map(|(model, (scores, perceptual))| {
            let mut summary = scores.summary()?;
            summary.metrics.extend(perceptual.map(|perceptual| perceptual.metric()));
            Ok(Row {
                model: model.to_owned(),
                summary,
            })
        })
        .collect();
    Ok(Comparison::new(evaluation.data, evaluation.split, rows?))
}

/// Of which moments the forecasts of `clips` clips from number `first` on are; unknown of clips that only fill a batch.
fn times(source: &dyn ClipSource, first: usize, clips: usize, past: usize, horizon: usize) -> Vec<Option<Vec<i64>>> {
    let of_clip = |index: usize| {
        let times = (index < source.len()).then(|| source.times(index)).flatten()?;
        times.get(past..past + horizon).map(<[i64]>::to_vec)
    };
    (first..first + clips).map(of_clip).collect()
}

/// Shows `network` the training data, if it is a model that is fitted in one pass; others are left as they are. One that was
/// built for fewer channels than the data have sees the first, which are those to forecast.
///
/// Frames that several clips share are shown as often as they are in one. Nothing is kept but what the model keeps.
///
/// # Errors
/// There is no clip, or one cannot be read.
pub fn fit(
    network: &mut dyn Network,
    source: &Arc<dyn ClipSource>,
    batch: usize,
    progress: &mut dyn Progress,
) -> Result<(), TrainError> {
    if source.is_empty() {
        return Err(no_clip());
    }
    let (name, channels) = (network.name(), network.clip().channels);
    let shape = source.shape();
    let frame = ClipShape { channels, ..shape }.frame_len();
    network.fit(&mut |see| {
        let part = Part {
            source: source.clone(),
            batch,
            clips: 0,
            task: name,
        };
        let mut first = 0;
        part.each_batch(progress, &mut |batch: &HostBatch, clips: usize| {
            for clip in 0..clips {
                let times = source.times(first + clip);
                let [past, future] =
                    [batch.past(clip), batch.future(clip)].map(|frames| first_channels(frames, &shape, channels));
                for (number, frame) in past.chunks_exact(frame).chain(future.chunks_exact(frame)).enumerate() {
                    see(frame, times.as_ref().map(|times| times[number]));
                }
            }
            first += clips;
            Ok(())
        })
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
    let (device, targets) = (network.device().inner(), targets_of(source.as_ref()));
    let (mut sum, mut judged) = (0.0, 0);
    let mut judge = |batch: &HostBatch, clips: usize| {
        let clip = batch.to_clip(&device).first(clips);
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
