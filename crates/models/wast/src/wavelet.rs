//! Down to half the time, height and width by a wavelet transform, and up again.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;

use crate::conv3d::{Conv3d, Conv3dConfig, NormalizedConv3d};
use crate::haar;

/// Bands of the transform that are high along time or height: they skip the bottleneck.
const DETAILS: usize = 6;
const CHANNELS: usize = 2;
const TIME: usize = 1;

/// Sizes of a [`WaveletEmbedding`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WaveletEmbeddingConfig {
    /// Channels of a frame of the clip itself.
    pub(crate) frame_channels: usize,
    /// Channels in; twice as many come out.
    pub(crate) channels: usize,
    /// Steps of a recurrence with running statistics of their own.
    pub(crate) steps: usize,
}

impl WaveletEmbeddingConfig {
    const fn before(&self) -> Conv3dConfig {
        Conv3dConfig::new(self.channels, self.channels)
    }

    const fn after(&self) -> Conv3dConfig {
        Conv3dConfig::new(self.channels, 2 * self.channels)
    }

    const fn frames(&self) -> Conv3dConfig {
        Conv3dConfig::new(4 * self.frame_channels, 2 * self.channels)
    }

    pub(crate) fn init(&self, device: &Device) -> WaveletEmbedding {
        WaveletEmbedding {
            before: self.before().init_normalized(self.steps, device),
            after: self.after().init_normalized(self.steps, device),
            frames: self.frames().init(device),
        }
    }

    pub(crate) fn cost(&self, time: usize, size: [usize; 2]) -> Cost {
        let half = size.map(|side| side / 2);
        self.before().normalized_cost(time, size)
            + self.after().normalized_cost(time, half)
            + self.frames().cost(time, half)
    }
}

/// Halves height and width by a 3-D Haar transform of the features, and adds one of the clip itself.
///
/// The bands that are low along time and height, one low and one high along the width, follow each other in time: there
/// are as many frames as before, of half the height and width. The six others are handed to the reconstruction.
#[derive(Module, Debug)]
pub(crate) struct WaveletEmbedding {
    before: NormalizedConv3d,
    after: NormalizedConv3d,
    frames: Conv3d,
}

impl WaveletEmbedding {
    /// # Shapes
    /// - `features`: `[batch, time, channels, height, width]`
    /// - `clip`: `[batch, time, frame_channels, height, width]`
    /// - latents: `[batch, time, 2 * channels, height / 2, width / 2]`
    /// - details: `[batch, time / 2, 6 * channels, height / 2, width / 2]`
    pub(crate) fn forward(&self, features: Tensor<5>, clip: Tensor<5>, step: usize) -> (Tensor<5>, Tensor<5>) {
        let clip = haar::transform(clip);
        let half = |high: usize| Tensor::cat(clip.iter().skip(high).step_by(2).cloned().collect(), CHANNELS);
        let frames = self.frames.forward(Tensor::cat(vec![half(0), half(1)], TIME));
        let mut low = haar::transform(self.before.forward(features, step));
        let details = low.split_off(2);
        let latents = self.after.forward(Tensor::cat(low, TIME), step);
        (latents + frames, Tensor::cat(details, CHANNELS))
    }
}

/// Sizes of a [`WaveletReconstruction`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WaveletReconstructionConfig {
    /// Channels out; twice as many come in.
    pub(crate) channels: usize,
    /// Steps of a recurrence with running statistics of their own.
    pub(crate) steps: usize,
}

impl WaveletReconstructionConfig {
    const fn latents(&self) -> Conv3dConfig {
        Conv3dConfig::new(2 * self.channels, self.channels)
    }

    const fn details(&self) -> Conv3dConfig {
        Conv3dConfig {
            groups: DETAILS,
            ..Conv3dConfig::new(DETAILS * self.channels, DETAILS * self.channels)
        }
    }

    pub(crate) fn init(&self, device: &Device) -> WaveletReconstruction {
        WaveletReconstruction {
            latents: self.latents().init_normalized(self.steps, device),
            details: self.details().init_normalized(self.steps, device),
        }
    }

    /// Cost of `time` frames whose latents have this size.
    pub(crate) fn cost(&self, time: usize, latent: [usize; 2]) -> Cost {
        self.latents().normalized_cost(time, latent) + self.details().normalized_cost(time / 2, latent)
    }
}

/// Undoes what a [`WaveletEmbedding`] did to time, height and width.
#[derive(Module, Debug)]
pub(crate) struct WaveletReconstruction {
    latents: NormalizedConv3d,
    details: NormalizedConv3d,
}

impl WaveletReconstruction {
    /// # Shapes
    /// - `latents`: `[batch, time, 2 * channels, height / 2, width / 2]`
    /// - `details`: `[batch, time / 2, 6 * channels, height / 2, width / 2]`
    /// - output: `[batch, time, channels, height, width]`
    pub(crate) fn forward(&self, latents: Tensor<5>, details: Tensor<5>, step: usize) -> Tensor<5> {
        let mut bands = self.latents.forward(latents, step).chunk(2, TIME);
        bands.extend(self.details.forward(details, step).chunk(DETAILS, CHANNELS));
        haar::inverse(bands)
    }
}
