//! Forecasting as observations come in.
//!
//! [`Live`] takes frames one by one, notices where one is missing, and forecasts what follows the newest. [`Watch`] feeds it
//! the files that appear in a folder, and writes a forecast for each.

mod clock;
mod error;
mod options;
mod outcome;
mod record;
mod stream;
mod watch;

use std::collections::VecDeque;

use burn::tensor::{Tensor, TensorData};
use foreframe_core::{ClipShape, ConfigError};
use foreframe_data::time::follows;
use foreframe_data::{Normalization, fill_missing};

pub use error::LiveError;
pub use options::LiveOptions;
pub use outcome::{Arrival, LiveForecast};
pub use record::{LeadTime, Record};
pub use stream::FrameStream;
pub use watch::{Watch, WatchOptions};

use crate::model::Network;
use clock::Clock;

/// A network that is given frames as they come.
pub struct Live {
    network: Box<dyn Network>,
    normalization: Normalization,
    options: LiveOptions,
    horizon: usize,
    clock: Clock,
    history: VecDeque<Frame>,
    /// Frames that the history holds at most.
    room: usize,
    stream: Option<Box<dyn FrameStream>>,
    /// Frames since the last gap.
    since_gap: usize,
    /// Those of them that are interpolated.
    filled: usize,
}

struct Frame {
    time: Option<i64>,
    /// Normalised.
    values: Vec<f32>,
    filled: bool,
}

impl Live {
    /// Forecasts with `network`, whose training data were normalised by `normalization`.
    ///
    /// # Errors
    /// Names the setting that is impossible, or that the network cannot do.
    pub fn new(
        network: Box<dyn Network>,
        normalization: Normalization,
        options: LiveOptions,
    ) -> Result<Self, LiveError> {
        let clip = network.clip();
        let positive = |field: &str, value: i64| match value {
            ..=0 => Err(ConfigError::new(field, format!("is {value}"), "use 1 or more")),
            _ => Ok(()),
        };
        let horizon = options.horizon.unwrap_or(clip.future);
        positive("horizon", horizon as i64)?;
        positive("data.step", options.stride as i64)?;
        positive("time step", options.seconds.unwrap_or(1))?;
        if options.keep_state && options.stride > 1 {
            let problem = format!("is {}, but a state takes every frame", options.stride);
            return Err(ConfigError::new("data.step", problem, "use 1, or do not keep the state").into());
        }
        let stream = network.stream().filter(|_| options.keep_state);
        if options.keep_state && stream.is_none() {
            let problem = format!("cannot be kept: `{}` does not read frame by frame", network.name());
            return Err(ConfigError::new("state", problem, "do without it").into());
        }
        Ok(Self {
            clock: Clock::new(options.seconds),
            history: VecDeque::new(),
            room: (clip.past - 1).saturating_mul(options.stride).saturating_add(1),
            since_gap: 0,
            filled: 0,
            stream,
            horizon,
            normalization,
            network,
            options,
        })
    }

    /// The network.
    pub fn network(&self) -> &dyn Network {
        self.network.as_ref()
    }

    /// Frames of history that a forecast can need.
    pub(crate) const fn room(&self) -> usize {
        self.room
    }

    /// Whether the state of a recurrent network is kept.
    pub(crate) const fn keeps_state(&self) -> bool {
        self.options.keep_state
    }

    /// Frames that must still come before a forecast can be made.
    pub fn lacking(&self) -> usize {
        self.room.saturating_sub(self.since_gap)
    }

    /// Refuses frames of another size than the network was built for.
    ///
    /// # Errors
    /// Names both sizes, `[channels, height, width]`.
    pub fn check(&self, found: [usize; 3]) -> Result<(), LiveError> {
        let clip = self.network.clip();
        let expected = [clip.channels, clip.height, clip.width];
        match found == expected {
            true => Ok(()),
            false => Err(LiveError::Size { expected, found }),
        }
    }

    /// Takes the next frame, in physical units, NaN where a value is missing. `time` is when it was taken, in seconds since 1970; where that is not known,
    /// it is taken to follow the one before.
    ///
    /// # Shapes
    /// - `values`: `[channels, height, width]`
    ///
    /// # Errors
    /// The frame has infinite values, or is not newer than the one before.
    ///
    /// # Panics
    /// If `values` is not one frame; [`Live::check`] tells.
    pub fn push(&mut self, time: Option<i64>, mut values: Vec<f32>) -> Result<Arrival, LiveError> {
        let clip = self.network.clip();
        assert_eq!(values.len(), clip.frame_len(), "one frame");
        if values.iter().any(|value| value.is_infinite()) {
            return Err(LiveError::NotFinite);
        }
        let newest = self.newest();
        if let (Some(time), Some(newest)) = (time, newest)
            && time <= newest
        {
            return Err(LiveError::Late { time, newest });
        }
        self.normalization.normalize(&mut values, &clip);
        fill_missing(&mut values);
        if let Some(time) = time {
            self.clock.note(time);
            self.forget_what_does_not_follow()?;
        }
        let arrival = match (time, newest, self.clock.step()) {
            (Some(time), Some(newest), Some(usual)) => self.bridge(time - newest, usual, newest, &values)?,
            _ => Arrival::Next,
        };
        self.take(Frame {
            time,
            values,
            filled: false,
        })?;
        Ok(arrival)
    }

    /// Makes the history end where a frame that comes `seconds` after its newest can follow.
    fn bridge(&mut self, seconds: i64, usual: i64, newest: i64, values: &[f32]) -> Result<Arrival, LiveError> {
        if follows(seconds, usual) {
            return Ok(Arrival::Next);
        }
        let steps = (seconds + usual / 2) / usual;
        let on_time = (seconds - steps * usual).abs() <= usual / 4;
        let missing = usize::try_from(steps - 1).unwrap_or(0);
        if !on_time || missing == 0 || missing > self.options.fill {
            self.begin_anew();
            return Ok(Arrival::Gap { seconds, usual });
        }
        let Some(before) = self.history.back().map(|frame| frame.values.clone()) else {
            return Ok(Arrival::Next);
        };
        for step in 1..=missing {
            let share = step as f32 / (missing + 1) as f32;
            let between = before.iter().zip(values).map(|(a, b)| a + share * (b - a));
            self.take(Frame {
                time: Some(newest + step as i64 * usual),
                values: between.collect(),
                filled: true,
            })?;
        }
        self.clock.fill(missing);
        Ok(Arrival::Filled(missing))
    }

    /// With every moment it is better known what is usual: what was taken to be the next frame at first may have been the
    /// one after a gap.
    fn forget_what_does_not_follow(&mut self) -> Result<(), LiveError> {
        let Some(usual) = self.clock.step() else {
            return Ok(());
        };
        let is_gap = |at: &usize| match (self.history[*at - 1].time, self.history[*at].time) {
            (Some(before), Some(after)) => !follows(after - before, usual),
            _ => false,
        };
        let Some(gap) = (1..self.history.len()).rev().find(is_gap) else {
            return Ok(());
        };
        let kept = self.history.split_off(gap);
        self.begin_anew();
        kept.into_iter().try_for_each(|frame| self.take(frame))
    }

    fn begin_anew(&mut self) {
        self.history.clear();
        self.stream = self.network.stream().filter(|_| self.options.keep_state);
        (self.since_gap, self.filled) = (0, 0);
    }

    fn take(&mut self, frame: Frame) -> Result<(), LiveError> {
        let clip = self.network.clip();
        if let Some(stream) = &mut self.stream {
            let shape = [1, clip.channels, clip.height, clip.width];
            let data = TensorData::new(frame.values.clone(), shape);
            stream.push(Tensor::from_data(data, &self.network.device().inner()))?;
        }
        if self.history.len() == self.room {
            self.history.pop_front();
        }
        self.since_gap += 1;
        self.filled += usize::from(frame.filled);
        self.history.push_back(frame);
        Ok(())
    }

    /// What follows the newest frame; `None` as long as frames are [lacking](Self::lacking).
    ///
    /// # Errors
    /// The network's state cannot go on.
    pub fn forecast(&self) -> Result<Option<LiveForecast>, LiveError> {
        if self.lacking() > 0 {
            return Ok(None);
        }
        let clip = self.network.clip();
        let seen = || self.history.iter().step_by(self.options.stride);
        let (forecast, observed, filled) = match &self.stream {
            Some(stream) => (stream.forecast(self.horizon)?, self.since_gap, self.filled),
            None => {
                let values: Vec<f32> = seen().flat_map(|frame| &frame.values).copied().collect();
                let past = TensorData::new(values, [1, clip.past, clip.channels, clip.height, clip.width]);
                let past = Tensor::from_data(past, &self.network.device().inner());
                let filled = seen().filter(|frame| frame.filled).count();
                let times = self
                    .times()
                    .map(|times| vec![Some(times)])
                    .unwrap_or_else(|| vec![None]);
                (self.network.forecast_at(past, self.horizon, &times), clip.past, filled)
            }
        };
        let mut values: Vec<f32> = forecast.into_data().iter::<f32>().collect();
        let size = ClipShape {
            future: self.horizon,
            ..clip
        };
        self.normalization.denormalize(&mut values, &size);
        Ok(Some(LiveForecast {
            values,
            shape: [self.horizon, clip.channels, clip.height, clip.width],
            time: self.newest(),
            seconds: self.seconds(),
            observed,
            filled,
        }))
    }

    /// When the newest frame was taken.
    fn newest(&self) -> Option<i64> {
        self.history.back().and_then(|frame| frame.time)
    }

    /// Seconds from one forecast frame to the next.
    fn seconds(&self) -> Option<i64> {
        self.clock
            .step()
            .map(|seconds| seconds.saturating_mul(self.options.stride as i64))
    }

    /// Of which moments the forecast frames are.
    fn times(&self) -> Option<Vec<i64>> {
        let (newest, seconds) = (self.newest()?, self.seconds()?);
        Some((1..=self.horizon as i64).map(|step| newest + step * seconds).collect())
    }
}
