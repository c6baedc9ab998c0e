//! Batches on their way to the device.

use std::borrow::Cow;

use burn::tensor::{Bool, Device, Tensor, TensorData};
use foreframe_core::{Clip, ClipShape};

/// What a network sees where values are missing (NaN): 0, in normalised units.
pub fn fill_missing(frames: &mut [f32]) {
    let missing = frames.iter_mut().filter(|value| value.is_nan());
    missing.for_each(|value| *value = 0.0);
}

/// A batch on the host. The consumer uploads it, so that at most one batch is on the device before it is needed.
#[derive(Clone, Debug, PartialEq)]
pub struct HostBatch {
    /// `[clips, T + T', channels, height, width]`, normalised; NaN where a value is missing and masked.
    pub values: Vec<f32>,
    /// Number of clips.
    pub clips: usize,
    /// The size of each.
    pub shape: ClipShape,
}

impl HostBatch {
    /// Uploads the batch, with 0 where values are missing, and where that is.
    pub fn to_clip(&self, device: &Device) -> Clip {
        let ClipShape {
            channels,
            height,
            width,
            ..
        } = self.shape;
        let upload = |time: usize, part: fn(&Self, usize) -> &[f32]| {
            let mut values = Vec::with_capacity(self.clips * time * self.shape.frame_len());
            (0..self.clips).for_each(|clip| values.extend_from_slice(part(self, clip)));
            fill_missing(&mut values);
            Tensor::from_data(
                TensorData::new(values, [self.clips, time, channels, height, width]),
                device,
            )
        };
        Clip {
            past: upload(self.shape.past, Self::past),
            future: upload(self.shape.future, Self::future),
            missing: self.missing(device),
        }
    }

    /// `[clips, T + T', channels, height, width]`
    fn missing(&self, device: &Device) -> Option<Tensor<5, Bool>> {
        if !self.values.iter().any(|value| value.is_nan()) {
            return None;
        }
        let missing: Vec<bool> = self.values.iter().map(|value| value.is_nan()).collect();
        let ClipShape {
            channels,
            height,
            width,
            ..
        } = self.shape;
        let shape = [self.clips, self.shape.frames(), channels, height, width];
        Some(Tensor::from_data(TensorData::new(missing, shape), device))
    }

    /// The observed frames of clip number `clip`, `[T, channels, height, width]`.
    pub fn past(&self, clip: usize) -> &[f32] {
        let start = clip * self.shape.clip_len();
        &self.values[start..start + self.shape.past * self.shape.frame_len()]
    }

    /// The frames that followed in clip number `clip`, `[T', channels, height, width]`.
    pub fn future(&self, clip: usize) -> &[f32] {
        let start = clip * self.shape.clip_len() + self.shape.past * self.shape.frame_len();
        &self.values[start..(clip + 1) * self.shape.clip_len()]
    }
}

/// The first `targets` channels of frames, which are those to forecast.
///
/// # Shapes
/// - `frames`: `[.., channels, height, width]`, any number of frames of `shape`
/// - output: `[.., targets, height, width]`
pub fn first_channels<'a>(frames: &'a [f32], shape: &ClipShape, targets: usize) -> Cow<'a, [f32]> {
    if targets == shape.channels {
        return Cow::Borrowed(frames);
    }
    let wanted = targets * shape.height * shape.width;
    let frames = frames.chunks_exact(shape.frame_len());
    frames.flat_map(|frame| &frame[..wanted]).copied().collect()
}
