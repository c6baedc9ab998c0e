//! Channels that are known of the future and need no forecast: the orography, the hour of the day.

use burn::tensor::Tensor;
use burn::tensor::kind::Basic;

use crate::{Ahead, as_precise_as};

/// Which channels of a frame are to be forecast. The others are read like them, but the future of those is known, so that
/// nothing is learned of it and no score counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Targets {
    /// All channels.
    #[default]
    All,
    /// The first so many channels, 1 or more.
    First(usize),
}

impl Targets {
    /// The first `count` of `channels` channels.
    pub const fn of_channels(count: usize, channels: usize) -> Self {
        if count < channels {
            Self::First(count)
        } else {
            Self::All
        }
    }

    /// How many of `channels` channels are to be forecast.
    pub const fn count(self, channels: usize) -> usize {
        match self {
            Self::All => channels,
            Self::First(count) => count,
        }
    }

    /// The channels that are to be forecast.
    ///
    /// # Shapes
    /// - `frames`: `[.., channels, height, width]`
    /// - output: `[.., targets, height, width]`
    pub fn of<const D: usize, K: Basic>(self, frames: Tensor<D, K>) -> Tensor<D, K> {
        match self {
            Self::All => frames,
            Self::First(count) => frames.narrow(D - 3, 0, count),
        }
    }

    /// The other channels of the future.
    ///
    /// # Shapes
    /// - `future`: `[batch, T', channels, height, width]`
    pub fn known(self, future: &Tensor<5>) -> Known {
        match self {
            Self::All => Known::nothing(),
            Self::First(count) => {
                let channels = future.dims()[2];
                Known::new(future.clone().narrow(2, count, channels - count))
            }
        }
    }

    /// As many frames as the future has, of which the other channels are known.
    ///
    /// # Shapes
    /// - `future`: `[batch, T', channels, height, width]`
    pub fn ahead(self, future: &Tensor<5>) -> Ahead {
        Ahead::frames(future.dims()[1]).knowing(self.known(future))
    }

    /// `forecast` with the other channels replaced by those of `truth`.
    ///
    /// # Shapes
    /// - `forecast`, `truth`, output: `[batch, channels, height, width]`
    pub(crate) fn completed(self, forecast: Tensor<4>, truth: &Tensor<4>) -> Tensor<4> {
        match self {
            Self::All => forecast,
            Self::First(count) => {
                let channels = truth.dims()[1];
                let known = truth.clone().narrow(1, count, channels - count);
                Tensor::cat(vec![forecast.narrow(1, 0, count), known], 1)
            }
        }
    }
}

/// Known channels of the future frames: their last ones.
///
/// A network that reads its own forecasts reads these in place of what it has forecast of them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// `[batch, T', channels, height, width]`
    frames: Option<Tensor<5>>,
}

impl Known {
    /// Every channel is to be forecast.
    pub const fn nothing() -> Self {
        Self { frames: None }
    }

    /// The last channels of the frames to come.
    ///
    /// # Shapes
    /// - `frames`: `[batch, T', known channels, height, width]`, as many frames as will be forecast
    pub const fn new(frames: Tensor<5>) -> Self {
        Self { frames: Some(frames) }
    }

    /// How many channels are known.
    pub fn channels(&self) -> usize {
        self.frames.as_ref().map_or(0, |frames| frames.dims()[2])
    }

    /// Forecast frames as they are to be read: with the known channels in the place of what was forecast of them. The
    /// first of the frames is the one that comes `lead` frames after the first of the future.
    ///
    /// # Shapes
    /// - `forecast`, output: `[batch, time, channels, height, width]`
    ///
    /// # Panics
    /// If less is known than is forecast.
    pub fn complete(&self, forecast: Tensor<5>, lead: usize) -> Tensor<5> {
        let Some(frames) = &self.frames else {
            return forecast;
        };
        let [_, time, channels, ..] = forecast.dims();
        let known = as_precise_as(&forecast, frames.clone().narrow(1, lead, time));
        let targets = channels - known.dims()[2];
        Tensor::cat(vec![forecast.narrow(2, 0, targets), known], 2)
    }

    /// [`Known::complete`] of one frame.
    ///
    /// # Shapes
    /// - `forecast`, output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// If less is known than is forecast.
    pub fn complete_frame(&self, forecast: Tensor<4>, lead: usize) -> Tensor<4> {
        match self.frames {
            None => forecast,
            Some(_) => self.complete(forecast.unsqueeze_dim(1), lead).squeeze_dim(1),
        }
    }

    /// The known channels from `lead` frames after the first future one on.
    #[must_use]
    pub fn from(&self, lead: usize) -> Self {
        let later = |frames: &Tensor<5>| {
            let time = frames.dims()[1];
            let lead = lead.min(time);
            frames.clone().narrow(1, lead, time - lead)
        };
        Self {
            frames: self.frames.as_ref().map(later),
        }
    }

    /// The same without autodiff.
    #[must_use]
    pub fn inner(&self) -> Self {
        Self {
            frames: self.frames.clone().map(Tensor::inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    fn counting(shape: [usize; 5], from: i64) -> Tensor<5> {
        let len = shape.iter().product::<usize>() as i64;
        Tensor::<1, Int>::arange(from..from + len, &Device::flex())
            .float()
            .reshape(shape)
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn the_last_channels_are_known_and_the_first_forecast() {
        let targets = Targets::of_channels(1, 3);
        let (forecast, truth) = (counting([1, 2, 3, 1, 1], 0), counting([1, 2, 3, 1, 1], 10));
        assert_eq!(values(targets.of(forecast.clone())), [0.0, 3.0]);
        let known = targets.known(&truth);
        assert_eq!(
            values(known.complete(forecast.clone(), 0)),
            [0.0, 11.0, 12.0, 3.0, 14.0, 15.0]
        );
        let frame = || forecast.clone().narrow(1, 0, 1).squeeze_dim::<4>(1);
        let second = truth.clone().narrow(1, 1, 1).squeeze_dim::<4>(1);
        for completed in [
            known.complete_frame(frame(), 1),
            known.from(1).complete_frame(frame(), 0),
            targets.completed(frame(), &second),
        ] {
            assert_eq!(values(completed), [0.0, 14.0, 15.0]);
        }
    }

    #[test]
    fn nothing_known_changes_nothing() {
        let targets = Targets::of_channels(3, 3);
        assert_eq!((targets, targets.count(3)), (Targets::All, 3));
        let (forecast, truth) = (counting([1, 2, 3, 1, 1], 0), counting([1, 2, 3, 1, 1], 10));
        let completed = targets.known(&truth).complete(forecast.clone(), 7);
        assert_eq!(completed.into_data(), forecast.into_data());
    }
}
