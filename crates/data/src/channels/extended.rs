//! Clips with more channels than their frames have.

use std::sync::Arc;

use foreframe_core::ClipShape;

use super::Channels;
use crate::{ClipSource, DataError};

/// Clips whose frames are completed as [`Channels`] describe.
///
/// Channels of a future frame that are not to be forecast are as a forecaster knows them beforehand: observed ones stay
/// as they are in the newest frame of the past.
pub(crate) struct Extended {
    clips: Arc<dyn ClipSource>,
    channels: Arc<Channels>,
}

impl Extended {
    pub(crate) fn new(clips: Arc<dyn ClipSource>, channels: Arc<Channels>) -> Self {
        Self { clips, channels }
    }
}

impl ClipSource for Extended {
    fn shape(&self) -> ClipShape {
        ClipShape {
            channels: self.channels.count(),
            ..self.clips.shape()
        }
    }

    fn len(&self) -> usize {
        self.clips.len()
    }

    fn channels(&self) -> Option<&Channels> {
        Some(&self.channels)
    }

    fn times(&self, index: usize) -> Option<Vec<i64>> {
        self.clips.times(index)
    }

    fn read(&self, epoch: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        let shape = self.clips.shape();
        let mut observed = vec![0.0; shape.clip_len()];
        self.clips.read(epoch, index, &mut observed)?;
        let (plane, targets) = (shape.height * shape.width, self.channels.targets);
        let (past, future) = observed.split_at_mut(shape.past * shape.frame_len());
        let newest = &past[past.len() - shape.frame_len()..][targets * plane..];
        for frame in future.chunks_exact_mut(shape.frame_len()) {
            frame[targets * plane..].copy_from_slice(newest);
        }
        let times = self.clips.times(index);
        frames.copy_from_slice(&self.channels.complete(&observed, times.as_deref(), plane));
        Ok(())
    }
}
