//! Clips with some of the channels of others.

use std::sync::Arc;

use foreframe_core::ClipShape;

use super::{Selection, pick};
use crate::{ClipSource, DataError, Normalization};

/// Clips of whose frames only the selected channels are used.
pub struct Chosen {
    clips: Arc<dyn ClipSource>,
    selection: Selection,
}

impl Chosen {
    /// The channels that `selection` keeps of `clips`.
    pub fn new(clips: Arc<dyn ClipSource>, selection: Selection) -> Self {
        Self { clips, selection }
    }
}

impl ClipSource for Chosen {
    fn shape(&self) -> ClipShape {
        ClipShape {
            channels: self.selection.chosen.len(),
            ..self.clips.shape()
        }
    }

    fn len(&self) -> usize {
        self.clips.len()
    }

    fn times(&self, index: usize) -> Option<Vec<i64>> {
        self.clips.times(index)
    }

    fn read(&self, epoch: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        let shape = self.clips.shape();
        let mut whole = vec![0.0; shape.clip_len()];
        self.clips.read(epoch, index, &mut whole)?;
        let plane = shape.height * shape.width;
        frames.copy_from_slice(&pick::planes(whole, shape.channels, plane, &self.selection.chosen));
        Ok(())
    }
}

impl Selection {
    /// How the selected channels are normalized.
    pub fn of_normalization(&self, whole: &Normalization) -> Normalization {
        let of_chosen = |values: &[f32]| match values {
            [one] => vec![*one],
            _ => self.chosen.iter().map(|channel| values[*channel]).collect(),
        };
        Normalization {
            mean: of_chosen(&whole.mean),
            std: of_chosen(&whole.std),
        }
    }
}
