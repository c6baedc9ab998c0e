//! Models that are fitted in one pass.

use std::sync::Arc;

use foreframe_core::{ClipShape, ConfigError};
use foreframe_data::{ClipSource, HostBatch, first_channels};

use super::part::Part;
use crate::error::TrainError;
use crate::model::Network;
use crate::progress::Progress;

/// Shows `network` the training data, if it is a model that is fitted in one pass; others are left as they are. One that was
/// built for fewer channels than the data have sees the first, which are those to forecast.
///
/// Frames that several clips share are shown as often as they are in one. Nothing is kept but what the model keeps.
///
/// # Errors
/// There is no clip for a model that needs some, or one cannot be read.
pub fn fit(
    network: &mut dyn Network,
    source: &Arc<dyn ClipSource>,
    batch: usize,
    progress: &mut dyn Progress,
) -> Result<(), TrainError> {
    let (name, channels) = (network.name(), network.clip().channels);
    let shape = source.shape();
    let frame = ClipShape { channels, ..shape }.frame_len();
    network.fit(&mut |see| {
        if source.is_empty() {
            let problem = format!("leaves no training clip, which `{name}` is fitted to");
            return Err(ConfigError::new("data.split", problem, "do without it, or split the data").into());
        }
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
