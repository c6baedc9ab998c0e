//! The clips that are looked at, and whether a network can be.

use std::sync::Arc;

use foreframe_core::ConfigError;
use foreframe_data::{ClipSource, HostBatch, Loader, LoaderConfig};

use super::answer::targets_of;
use crate::error::TrainError;
use crate::model::Network;
use crate::progress::Progress;

/// The first `clips` clips of a split, or all of them if `clips` is 0.
pub(super) struct Part<'a> {
    pub(super) source: Arc<dyn ClipSource>,
    pub(super) batch: usize,
    pub(super) clips: usize,
    pub(super) task: &'a str,
}

impl Part<'_> {
    /// How many clips that are.
    pub(super) fn len(&self) -> usize {
        match self.clips {
            0 => self.source.len(),
            most => self.source.len().min(most),
        }
    }

    /// Shows every batch in order, with the number of its clips that count.
    pub(super) fn each_batch(
        self,
        progress: &mut dyn Progress,
        show: &mut dyn FnMut(&HostBatch, usize) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let total = self.len();
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

pub(super) fn no_clip() -> TrainError {
    ConfigError::new("data", "has no clip in this split", "use more data or a larger share").into()
}

/// Whether a network can forecast `horizon` frames of these clips.
pub(super) fn fits(network: &dyn Network, source: &Arc<dyn ClipSource>, horizon: usize) -> Result<(), TrainError> {
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
