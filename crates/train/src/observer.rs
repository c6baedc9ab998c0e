//! From observations to what a network reads, and from its answer to what a user reads.

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{ClipShape, Known, Targets};
use foreframe_data::{Channels, InputSpec, Normalization};

use crate::weights::WeightsHeader;

/// How the frames of a network are made from observations: how they are scaled, and what belongs to them besides what is
/// observed.
#[derive(Clone, Debug)]
pub struct Observer {
    clip: ClipShape,
    normalization: Normalization,
    channels: Option<Channels>,
    input: Option<InputSpec>,
}

impl Observer {
    /// That of the network of a weights file.
    pub fn of(header: &WeightsHeader) -> Self {
        Self {
            clip: header.clip,
            normalization: header.normalization.clone(),
            channels: header.channels.clone(),
            input: header.input.clone(),
        }
    }

    /// Description of the channels, where not all of them are frames to forecast.
    pub const fn channels(&self) -> Option<&Channels> {
        self.channels.as_ref()
    }

    /// The clip as it is observed: with the observed channels alone.
    pub fn observed(&self) -> ClipShape {
        self.of_channels(
            self.channels
                .as_ref()
                .map_or(self.clip.channels, |channels| channels.observed),
        )
    }

    /// The clip as it is forecast: with the channels to forecast alone.
    pub fn forecast(&self) -> ClipShape {
        self.of_channels(self.targets().count(self.clip.channels))
    }

    /// Which of the network's channels are to be forecast.
    pub fn targets(&self) -> Targets {
        self.channels.as_ref().map_or(Targets::All, Channels::as_targets)
    }

    /// Whether it must be known when frames were taken.
    pub fn needs_time(&self) -> bool {
        self.channels.as_ref().is_some_and(Channels::need_time)
    }

    /// Seconds from one frame to the next in training, where they are known.
    pub fn seconds(&self) -> Option<i64> {
        let of_channels = self.channels.as_ref().and_then(|channels| channels.seconds);
        of_channels.or_else(|| self.input.as_ref()?.seconds)
    }

    /// Makes observed frames normalized, in place.
    ///
    /// # Shapes
    /// - `frames`: `[.., observed, height, width]`
    pub fn normalize(&self, frames: &mut [f32]) {
        let size = self.observed();
        self.normalization.first(size.channels).normalize(frames, &size);
    }

    /// Makes forecasts physical, in place.
    ///
    /// # Shapes
    /// - `frames`: `[.., targets, height, width]`
    pub fn denormalize(&self, frames: &mut [f32]) {
        let size = self.forecast();
        self.normalization.first(size.channels).denormalize(frames, &size);
    }

    /// Makes forecasts undefined (NaN) at every pixel that is missing in all observed frames: nothing is known of it, whatever
    /// the network answers.
    ///
    /// # Shapes
    /// - `observed`: `[clips, frames, observed, height, width]`, NaN where a value is missing
    /// - `forecast`: `[clips, horizon, targets, height, width]`
    pub fn mask_unobserved(&self, observed: &[f32], frames: usize, forecast: &mut [f32], horizon: usize) {
        let (of_frame, of_forecast) = (self.observed().frame_len(), self.forecast().frame_len());
        let clips = observed.chunks_exact(frames * of_frame);
        for (clip, forecast) in clips.zip(forecast.chunks_exact_mut(horizon * of_forecast)) {
            if clip.iter().all(|value| !value.is_nan()) {
                continue;
            }
            for pixel in 0..of_forecast {
                let mut seen = clip.iter().skip(pixel).step_by(of_frame);
                if seen.all(|value| value.is_nan()) {
                    forecast
                        .iter_mut()
                        .skip(pixel)
                        .step_by(of_forecast)
                        .for_each(|value| *value = f32::NAN);
                }
            }
        }
    }

    /// Clips of `frames` frames as the network reads them.
    ///
    /// # Shapes
    /// - `clips`: `[clips, frames, observed, height, width]`, normalized, nothing missing
    /// - `times`: when the frames of each clip were taken, in seconds since 1970; needed where
    ///   [`needs_time`](Self::needs_time)
    /// - output: `[clips, frames, channels, height, width]`
    ///
    /// # Panics
    /// If times are needed and not given.
    pub fn complete(&self, clips: &[f32], frames: usize, times: Option<&[i64]>, device: &Device) -> Tensor<5> {
        let Some(channels) = &self.channels else {
            return self.upload(clips.to_vec(), frames, self.clip.channels, device);
        };
        let clips = clips.chunks_exact(frames * self.observed().frame_len());
        let completed = clips.flat_map(|clip| channels.complete(clip, times, self.plane()));
        self.upload(completed.collect(), frames, channels.count(), device)
    }

    /// Known channels of the `horizon` frames that follow: static fields and times, and that observed channels which are not
    /// forecast stay as they are.
    ///
    /// # Shapes
    /// - `newest`: `[clips, observed, height, width]`, normalized, nothing missing
    /// - `times`: of which moments the forecasts are; needed where [`needs_time`](Self::needs_time)
    ///
    /// # Panics
    /// If times are needed and not given.
    pub fn known(&self, newest: &[f32], horizon: usize, times: Option<&[i64]>, device: &Device) -> Known {
        let Some(channels) = &self.channels else {
            return Known::nothing();
        };
        let others = channels.count() - channels.targets;
        if others == 0 {
            return Known::nothing();
        }
        let newest = newest.chunks_exact(self.observed().frame_len());
        let known = newest.flat_map(|frame| channels.known(frame, times, horizon, self.plane()));
        Known::new(self.upload(known.collect(), horizon, others, device))
    }

    fn of_channels(&self, channels: usize) -> ClipShape {
        ClipShape { channels, ..self.clip }
    }

    fn plane(&self) -> usize {
        self.clip.height * self.clip.width
    }

    /// `[clips, frames, channels, height, width]`
    fn upload(&self, values: Vec<f32>, frames: usize, channels: usize, device: &Device) -> Tensor<5> {
        let clips = values.len() / (frames * channels * self.plane());
        let shape = [clips, frames, channels, self.clip.height, self.clip.width];
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}
