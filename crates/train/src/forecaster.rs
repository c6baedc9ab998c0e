//! A trained network with everything that its frames need: from files to forecasts in physical units.

use std::path::Path;

use foreframe_core::{Ahead, ConfigError};
use foreframe_data::files::{Observed, Past, observe};
use foreframe_data::{DataError, InputSpec, carry_forward, fill_missing};

use crate::model::Network;
use crate::observer::Observer;
use crate::weights::WeightsHeader;

/// Clips forecast at a time: memory of the network stays the same however many there are.
const BATCH: usize = 8;

/// A network, and how frames of files become frames of it.
pub struct Forecaster {
    network: Box<dyn Network>,
    observer: Observer,
    input: InputSpec,
}

impl Forecaster {
    /// Forecasts with `network`, of which `header` says what its frames are.
    pub fn new(network: Box<dyn Network>, header: &WeightsHeader) -> Self {
        Self::with_input(network, header, header.input())
    }

    /// As [`new`](Self::new), with files read as `input` says.
    pub fn with_input(network: Box<dyn Network>, header: &WeightsHeader, input: InputSpec) -> Self {
        Self {
            observer: Observer::of(header),
            network,
            input,
        }
    }

    /// How observations become frames of the network.
    pub const fn observer(&self) -> &Observer {
        &self.observer
    }

    /// How files are read, and what the frames of training were.
    pub const fn input(&self) -> &InputSpec {
        &self.input
    }

    /// The newest frames at a path, which may be anything that training reads, read as those of training were.
    ///
    /// # Errors
    /// Names the file, and what about it is not as in training.
    pub fn observe(&self, path: &Path) -> Result<Observed, DataError> {
        let past = self.network.clip().past;
        let past = Past {
            frames: past,
            least: past,
        };
        observe(path, &self.input, self.observer.channels(), past)
    }

    /// The `horizon` frames that follow clips of observed ones, in physical units; NaN at pixels that were never observed. With
    /// `normalized`, frames and forecasts are in the units of the network.
    ///
    /// # Shapes
    /// - `observed`: `[clips, T, observed channels, height, width]`, NaN where a value is missing
    /// - `times`: when the T frames were taken and the `horizon` ones will be, in seconds since 1970; needed where
    ///   [`Observer::needs_time`]
    /// - output: `[clips, horizon, channels to forecast, height, width]`
    ///
    /// # Errors
    /// Names what is not as the network expects it: the size, a number of frames, or that times are needed.
    pub fn forecast(
        &self,
        mut observed: Vec<f32>,
        times: Option<&[i64]>,
        horizon: usize,
        normalized: bool,
    ) -> Result<Vec<f32>, ConfigError> {
        let seen = self.observer.observed();
        let (clip_len, frame_len) = (seen.past * seen.frame_len(), seen.frame_len());
        if observed.is_empty() || !observed.len().is_multiple_of(clip_len) {
            return Err(ConfigError::new(
                "the input",
                format!("holds {} values, which are no clips of {seen}", observed.len()),
                "give as many frames of that size as the network looks at",
            ));
        }
        if times.is_some_and(|times| times.len() != seen.past + horizon)
            || times.is_none() && self.observer.needs_time()
        {
            return Err(ConfigError::new(
                "times",
                "are not those of all frames",
                "tell when the observed frames were taken, and those to forecast will be",
            ));
        }
        if !normalized {
            self.observer.normalize(&mut observed);
        }
        let (taken, valid) = times.map(|times| times.split_at(seen.past)).unzip();
        let device = self.network.device().inner();
        let mut answer = Vec::new();
        for raw in observed.chunks(BATCH * clip_len) {
            let mut clips = raw.to_vec();
            if self.network.parameters() == 0 {
                // A model without weights has learned no mean: the last observed value fills the gap.
                let each = clips.chunks_exact_mut(clip_len);
                each.for_each(|clip| carry_forward(clip, frame_len));
            }
            fill_missing(&mut clips);
            let newest: Vec<f32> = (clips.chunks_exact(clip_len))
                .flat_map(|clip| &clip[clip_len - frame_len..])
                .copied()
                .collect();
            let known = self.observer.known(&newest, horizon, valid, &device);
            let past = self.observer.complete(&clips, seen.past, taken, &device);
            let times = vec![valid.map(<[i64]>::to_vec); clips.len() / clip_len];
            let ahead = Ahead::frames(horizon).knowing(known).at(times);
            let forecast = self.network.forecast_ahead(past, &ahead);
            let begun = answer.len();
            answer.extend(forecast.into_data().iter::<f32>());
            let part: &mut [f32] = &mut answer[begun..];
            if !normalized {
                self.observer.denormalize(part);
            }
            self.observer.mask_unobserved(raw, seen.past, part, horizon);
        }
        Ok(answer)
    }
}
