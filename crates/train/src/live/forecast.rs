//! The forecast from the newest frame.

use foreframe_core::Ahead;
use foreframe_data::fill_missing;
use foreframe_formats::time::follows;

use super::{Frame, Live, LiveError, LiveForecast};

impl Live {
    /// The forecast after the newest frame; `None` as long as frames are [lacking](Self::lacking).
    ///
    /// # Errors
    /// The network's state cannot go on, or frames come at another interval than in training and none was given.
    pub fn forecast(&self) -> Result<Option<LiveForecast>, LiveError> {
        if self.lacking() > 0 {
            return Ok(None);
        }
        if let Some([found, trained]) = self.unlike_training() {
            return Err(LiveError::Interval { found, trained });
        }
        let (device, times) = (self.network.device().inner(), self.times());
        let seen: Vec<&Frame> = self.history.iter().step_by(self.options.stride).collect();
        let raw: Vec<f32> = seen.iter().flat_map(|frame| &frame.values).copied().collect();
        let mut values = raw.clone();
        fill_missing(&mut values);
        let newest = &values[values.len() - self.observer.observed().frame_len()..];
        let known = self.observer.known(newest, self.horizon, times.as_deref(), &device);
        let (forecast, observed, filled) = match &self.stream {
            Some(stream) => {
                let forecast = stream.forecast(self.horizon, &known)?;
                (self.observer.targets().of(forecast), self.since_gap, self.filled)
            }
            None => {
                let taken: Option<Vec<i64>> = seen.iter().map(|frame| frame.time).collect();
                let past = self.observer.complete(&values, seen.len(), taken.as_deref(), &device);
                let ahead = Ahead::frames(self.horizon).knowing(known).at(vec![times]);
                let forecast = self.network.forecast_ahead(past, &ahead);
                let filled = seen.iter().filter(|frame| frame.filled).count();
                (forecast, seen.len(), filled)
            }
        };
        let mut values: Vec<f32> = forecast.into_data().iter::<f32>().collect();
        self.observer.denormalize(&mut values);
        match self.stream.is_some() {
            true => {
                let mark = |unobserved: &bool| if *unobserved { f32::NAN } else { 0.0 };
                let marks: Vec<f32> = self.unobserved.iter().map(mark).collect();
                self.observer.mask_unobserved(&marks, 1, &mut values, self.horizon);
            }
            false => self
                .observer
                .mask_unobserved(&raw, seen.len(), &mut values, self.horizon),
        }
        let size = self.observer.forecast();
        Ok(Some(LiveForecast {
            values,
            shape: [self.horizon, size.channels, size.height, size.width],
            time: self.newest(),
            seconds: self.seconds(),
            observed,
            filled,
        }))
    }

    /// Seconds from one forecast frame to the next. What a network that looks at the time takes for the next frame is as
    /// far away as in training, unless another is given.
    fn seconds(&self) -> Option<i64> {
        let trained = self.observer.seconds().filter(|_| self.options.seconds.is_none());
        trained.or_else(|| self.found_seconds())
    }

    /// Seconds from one frame that the network looks at to its next.
    fn found_seconds(&self) -> Option<i64> {
        let step = self.clock.step()?;
        Some(step.saturating_mul(self.options.stride as i64))
    }

    /// Seconds from one frame to the next as they come and as they came in training, where these are not the same and the user
    /// has not given the interval.
    fn unlike_training(&self) -> Option<[i64; 2]> {
        let (found, trained) = (self.found_seconds()?, self.observer.seconds()?);
        (self.options.seconds.is_none() && !follows(found, trained)).then_some([found, trained])
    }

    /// Of which moments the forecast frames are.
    fn times(&self) -> Option<Vec<i64>> {
        let (newest, seconds) = (self.newest()?, self.seconds()?);
        Some((1..=self.horizon as i64).map(|step| newest + step * seconds).collect())
    }
}
