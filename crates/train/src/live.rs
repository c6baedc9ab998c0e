//! Forecasting as observations come in.
//!
//! [`Live`] takes frames one by one, notices where one is missing, and forecasts what follows the newest. [`Watch`] feeds it
//! the files that appear in a folder, and writes a forecast for each.

mod clock;
mod error;
mod forecast;
mod options;
mod outcome;
mod record;
mod stream;
mod watch;

use std::collections::VecDeque;

use foreframe_core::ConfigError;
use foreframe_data::fill_missing;
use foreframe_formats::time::follows;

pub use error::LiveError;
pub use options::LiveOptions;
pub use outcome::{Arrival, LiveForecast};
pub use record::{LeadTime, Record};
pub use stream::FrameStream;
pub use watch::{Watch, WatchOptions};

use crate::model::Network;
use crate::observer::Observer;
use crate::weights::WeightsHeader;
use clock::Clock;

/// A network that is given frames as they come.
pub struct Live {
    network: Box<dyn Network>,
    observer: Observer,
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
    /// Of every value of a frame, whether it was missing in all of them; only kept with a state.
    unobserved: Vec<bool>,
}

struct Frame {
    time: Option<i64>,
    /// The observed channels, normalized, NaN where a value is missing.
    values: Vec<f32>,
    filled: bool,
}

impl Live {
    /// Forecasts with `network`, of which `header` says what its frames are.
    ///
    /// # Errors
    /// Names the setting that is impossible, or that the network cannot do.
    pub fn new(network: Box<dyn Network>, header: &WeightsHeader, options: LiveOptions) -> Result<Self, LiveError> {
        let (clip, observer) = (network.clip(), Observer::of(header));
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
        if observer.needs_time() && observer.seconds().or(options.seconds).is_none() {
            let problem = "is unknown to the weights, but the network looks at the time";
            return Err(ConfigError::new("time step", problem, "say how many seconds frames are apart").into());
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
            unobserved: Vec::new(),
            stream,
            horizon,
            observer,
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

    /// How observations become frames of the network.
    pub const fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Refuses frames of another size than those that the network was trained to observe.
    ///
    /// # Errors
    /// Names both sizes, `[channels, height, width]`.
    pub fn check(&self, found: [usize; 3]) -> Result<(), LiveError> {
        let clip = self.observer.observed();
        let expected = [clip.channels, clip.height, clip.width];
        match found == expected {
            true => Ok(()),
            false => Err(LiveError::Size { expected, found }),
        }
    }

    /// Takes the next frame, in physical units, NaN where a value is missing. `time` is when it was taken, in seconds since
    /// 1970; where that is not known, it is taken to follow the one before.
    ///
    /// # Shapes
    /// - `values`: `[observed channels, height, width]`
    ///
    /// # Errors
    /// The frame has infinite values, is not newer than the one before, or has no time though the network looks at it.
    ///
    /// # Panics
    /// If `values` is not one frame; [`Live::check`] tells.
    pub fn push(&mut self, time: Option<i64>, mut values: Vec<f32>) -> Result<Arrival, LiveError> {
        assert_eq!(values.len(), self.observer.observed().frame_len(), "one frame");
        if time.is_none() && self.observer.needs_time() {
            return Err(LiveError::NoTime);
        }
        if values.iter().any(|value| value.is_infinite()) {
            return Err(LiveError::NotFinite);
        }
        let newest = self.newest();
        if let (Some(time), Some(newest)) = (time, newest)
            && time <= newest
        {
            return Err(LiveError::Late { time, newest });
        }
        self.observer.normalize(&mut values);
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
        self.unobserved.clear();
    }

    fn take(&mut self, frame: Frame) -> Result<(), LiveError> {
        if let Some(stream) = &mut self.stream {
            let device = self.network.device().inner();
            let time = frame.time.map(|time| [time]);
            let times = time.as_ref().map(<[i64; 1]>::as_slice);
            let mut values = frame.values.clone();
            fill_missing(&mut values);
            let completed = self.observer.complete(&values, 1, times, &device);
            stream.push(completed.squeeze_dim(1))?;
            self.unobserved.resize(values.len(), true);
            let missing = frame.values.iter().map(|value| value.is_nan());
            (self.unobserved.iter_mut().zip(missing)).for_each(|(unobserved, missing)| *unobserved &= missing);
        }
        if self.history.len() == self.room {
            self.history.pop_front();
        }
        self.since_gap += 1;
        self.filled += usize::from(frame.filled);
        self.history.push_back(frame);
        Ok(())
    }

    /// When the newest frame was taken.
    fn newest(&self) -> Option<i64> {
        self.history.back().and_then(|frame| frame.time)
    }
}
