//! The one number that chooses a checkpoint.

use std::sync::Arc;

use foreframe_data::{ClipSource, HostBatch};

use super::answer::targets_of;
use super::part::{Part, fits};
use crate::error::TrainError;
use crate::model::Network;
use crate::progress::Progress;

/// Mean squared error of the forecasts of the first `clips` clips (0 for all), in normalized units: what training chooses
/// checkpoints by.
///
/// # Errors
/// The clips do not fit the network, or cannot be read.
pub fn validation_loss(
    network: &dyn Network,
    source: Arc<dyn ClipSource>,
    batch: usize,
    clips: usize,
    progress: &mut dyn Progress,
) -> Result<f64, TrainError> {
    fits(network, &source, source.shape().future)?;
    let (device, targets) = (network.device().inner(), targets_of(source.as_ref()));
    let (mut sum, mut evaluated) = (0.0, 0);
    let mut evaluate = |batch: &HostBatch, clips: usize| {
        let clip = batch.to_clip(&device).first(clips);
        sum += network.validation_loss(clip, targets) * clips as f64;
        evaluated += clips;
        Ok(())
    };
    Part {
        source,
        batch,
        clips,
        task: "validation",
    }
    .each_batch(progress, &mut evaluate)?;
    Ok(sum / evaluated as f64)
}
