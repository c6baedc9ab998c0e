//! Clips, their sizes, and the reshapes between time, batch and channels.

use burn::tensor::kind::Autodiff;
use burn::tensor::{Bool, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// A batch of observed frames and the frames that followed.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Observed frames, `[batch, T, channels, height, width]`, in the numbers that the network is to compute with.
    pub past: Tensor<5>,
    /// The truth, `[batch, T', channels, height, width]`, in the numbers that the loss is to be computed with.
    pub future: Tensor<5>,
    /// Where there is no truth, `[batch, T + T', channels, height, width]`: the frames hold 0 there, which is read but never
    /// compared with a forecast. `None` where nothing is missing.
    pub missing: Option<Tensor<5, Bool>>,
}

impl Clip {
    /// Frames in which nothing is missing.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - `future`: `[batch, T', channels, height, width]`
    pub const fn new(past: Tensor<5>, future: Tensor<5>) -> Self {
        Self {
            past,
            future,
            missing: None,
        }
    }

    /// The first `clips` clips of the batch.
    #[must_use]
    pub fn first(self, clips: usize) -> Self {
        Self {
            past: self.past.narrow(0, 0, clips),
            future: self.future.narrow(0, 0, clips),
            missing: self.missing.map(|missing| missing.narrow(0, 0, clips)),
        }
    }

    /// The batch with all of it in the autodiff of `device`, see [`lift`].
    #[must_use]
    pub fn lifted(self, device: &Device) -> Self {
        Self {
            past: lift(self.past, device),
            future: lift(self.future, device),
            missing: self.missing.map(|missing| lift(missing, device)),
        }
    }
}

/// `forecast` in the numbers of `truth`: a network may compute with fewer bits than its loss.
pub fn as_precise_as(truth: &Tensor<5>, forecast: Tensor<5>) -> Tensor<5> {
    if forecast.dtype() == truth.dtype() {
        return forecast;
    }
    forecast.cast(truth.dtype())
}

/// `tensor` in the autodiff of `device`, whose strategy of gradient checkpointing a bare `autodiff()` would not follow.
///
/// # Shapes
/// - `tensor`: any
/// - output: the same
pub fn lift<const D: usize, K: Autodiff>(tensor: Tensor<D, K>, device: &Device) -> Tensor<D, K> {
    let lifted = tensor.autodiff();
    match device.gradient_checkpointing_strategy() {
        Some(strategy) => lifted.with_gradient_checkpointing_strategy(strategy),
        None => lifted,
    }
}

/// The size of one clip, without its batch axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipShape {
    /// Number of observed frames, T.
    pub past: usize,
    /// Number of frames to forecast, T'.
    pub future: usize,
    /// Channels of a frame.
    pub channels: usize,
    /// Rows of a frame.
    pub height: usize,
    /// Columns of a frame.
    pub width: usize,
}

impl ClipShape {
    /// A shape from `[T, T', channels, height, width]`.
    pub const fn new([past, future, channels, height, width]: [usize; 5]) -> Self {
        Self {
            past,
            future,
            channels,
            height,
            width,
        }
    }

    /// Observed and future frames together.
    pub const fn frames(&self) -> usize {
        self.past + self.future
    }

    /// Values in one frame.
    pub const fn frame_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Values in one clip.
    pub const fn clip_len(&self) -> usize {
        self.frames() * self.frame_len()
    }

    /// Rejects sizes of which no network can make anything.
    ///
    /// # Errors
    /// Names the first size that is zero.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("clip.past", self.past),
            ("clip.future", self.future),
            ("clip.channels", self.channels),
            ("clip.height", self.height),
            ("clip.width", self.width),
        ];
        match sizes.into_iter().find(|(_, size)| *size == 0) {
            Some((field, _)) => Err(ConfigError::new(field, "is 0", "use 1 or more")),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for ClipShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} -> {} frames of {}x{}x{}",
            self.past, self.future, self.channels, self.height, self.width
        )
    }
}

/// Treats every frame as a sample of its own.
///
/// # Shapes
/// - `frames`: `[batch, time, channels, height, width]`
/// - output: `[batch * time, channels, height, width]`
pub fn fold_time(frames: Tensor<5>) -> Tensor<4> {
    let [batch, time, channels, height, width] = frames.dims();
    frames.reshape([batch * time, channels, height, width])
}

/// Undoes [`fold_time`] for clips of `time` frames.
///
/// # Shapes
/// - `frames`: `[batch * time, channels, height, width]`
/// - output: `[batch, time, channels, height, width]`
pub fn unfold_time(frames: Tensor<4>, time: usize) -> Tensor<5> {
    let [folded, channels, height, width] = frames.dims();
    frames.reshape([folded / time, time, channels, height, width])
}

/// Stacks the frames of a clip on the channel axis, frame by frame (`t * channels + c`).
///
/// # Shapes
/// - `frames`: `[batch, time, channels, height, width]`
/// - output: `[batch, time * channels, height, width]`
pub fn time_into_channels(frames: Tensor<5>) -> Tensor<4> {
    let [batch, time, channels, height, width] = frames.dims();
    frames.reshape([batch, time * channels, height, width])
}

/// Undoes [`time_into_channels`] for clips of `time` frames.
///
/// # Shapes
/// - `stacked`: `[batch, time * channels, height, width]`
/// - output: `[batch, time, channels, height, width]`
pub fn channels_into_time(stacked: Tensor<4>, time: usize) -> Tensor<5> {
    let [batch, channels, height, width] = stacked.dims();
    stacked.reshape([batch, time, channels / time, height, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    fn counting(shape: [usize; 5]) -> Tensor<5> {
        let len = shape.iter().product::<usize>() as i64;
        Tensor::<1, Int>::arange(0..len, &Device::flex()).float().reshape(shape)
    }

    #[test]
    fn folding_is_undone() {
        let frames = counting([2, 3, 2, 1, 2]);
        let data = frames.to_data();
        assert_eq!(fold_time(frames.clone()).dims(), [6, 2, 1, 2]);
        assert_eq!(unfold_time(fold_time(frames.clone()), 3).to_data(), data);
        assert_eq!(channels_into_time(time_into_channels(frames), 3).to_data(), data);
    }

    #[test]
    fn channels_are_frame_major() {
        let stacked = time_into_channels(counting([1, 2, 2, 1, 1]));
        assert_eq!(stacked.to_data().try_to_vec::<f32>().unwrap(), [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_zero_size_is_named() {
        let error = ClipShape::new([10, 10, 1, 0, 64]).validate().unwrap_err();
        assert_eq!(error.field, "clip.height");
    }
}
