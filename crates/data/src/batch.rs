//! Batches in host memory, and their upload to the device.

use std::borrow::Cow;

use burn::tensor::{Bool, Device, Tensor, TensorData};
use foreframe_core::{Clip, ClipShape};

/// Fill value of missing values (NaN) in a network's input: 0, in normalized units.
pub fn fill_missing(frames: &mut [f32]) {
    let missing = frames.iter_mut().filter(|value| value.is_nan());
    missing.for_each(|value| *value = 0.0);
}

/// Puts the value that was last observed at a place where observed frames miss one (NaN). What was never observed before
/// stays missing.
///
/// # Shapes
/// - `past`: `[T, channels, height, width]`, frames of `frame_len` values
pub fn carry_forward(past: &mut [f32], frame_len: usize) {
    for at in frame_len..past.len() {
        if past[at].is_nan() {
            past[at] = past[at - frame_len];
        }
    }
}

/// The forecast of persistence: everywhere the value that was last observed, at all `horizon` times; NaN where none was.
///
/// # Shapes
/// - `past`: `[T, channels, height, width]`, frames of `frame_len` values
/// - output: `[horizon, channels, height, width]`
pub fn persistence(past: &[f32], frame_len: usize, horizon: usize) -> Vec<f32> {
    let newest = &past[past.len() - frame_len..];
    if !newest.iter().any(|value| value.is_nan()) {
        return newest.repeat(horizon);
    }
    let mut past = past.to_vec();
    carry_forward(&mut past, frame_len);
    past[past.len() - frame_len..].repeat(horizon)
}

/// A batch on the host. The consumer uploads it, so that at most one batch is on the device before it is needed.
#[derive(Clone, Debug, PartialEq)]
pub struct HostBatch {
    /// `[clips, T + T', channels, height, width]`, normalized; NaN where a value is missing and masked.
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

    /// The batch with the values that were last observed where observed frames miss one, see [`carry_forward`]: what a
    /// forecaster is shown that has not learned what a missing value looks like.
    #[must_use]
    pub fn carried_forward(&self) -> Self {
        let mut batch = self.clone();
        let (past, frame) = (self.shape.past * self.shape.frame_len(), self.shape.frame_len());
        for clip in batch.values.chunks_exact_mut(self.shape.clip_len()) {
            carry_forward(&mut clip[..past], frame);
        }
        batch
    }

    /// Whether a value is missing and masked.
    pub fn has_missing(&self) -> bool {
        self.values.iter().any(|value| value.is_nan())
    }

    /// `[clips, T + T', channels, height, width]`
    fn missing(&self, device: &Device) -> Option<Tensor<5, Bool>> {
        if !self.has_missing() {
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

#[cfg(test)]
mod tests {
    use super::*;

    const NO: f32 = f32::NAN;

    #[test]
    fn a_missing_value_is_what_was_last_observed_there() {
        // Four pixels: never missing, missing at last, missing at first, never observed.
        let clip = [
            [1.0, 2.0, NO, NO],
            [3.0, 4.0, 5.0, NO],
            [6.0, NO, NO, NO],
            [7.0, NO, 8.0, NO],
        ]
        .concat();
        let batch = HostBatch {
            values: [clip.clone(), vec![9.0; 16]].concat(),
            clips: 2,
            shape: ClipShape::new([3, 1, 1, 2, 2]),
        };
        let carried = batch.carried_forward();
        let shown = |frames: &[f32]| {
            frames
                .iter()
                .map(|value| format!("{value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(shown(carried.past(0)), "1 2 NaN NaN 3 4 5 NaN 6 4 5 NaN");
        // The truth stays as it is, and so does the next clip.
        assert_eq!(shown(carried.future(0)), "7 NaN 8 NaN");
        assert_eq!(carried.past(1), [9.0; 12]);
        assert_eq!(shown(&persistence(&clip[..12], 4, 2)), "6 4 5 NaN 6 4 5 NaN");
    }
}
