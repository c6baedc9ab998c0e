//! Frames that arrive one by one.

use burn::tensor::Tensor;

use super::{Recurrent, go_on};
use crate::{ConfigError, Known};

/// Why a stream cannot go on. It is unchanged then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The network cannot read such frames.
    #[error(transparent)]
    Frame(#[from] ConfigError),
    /// A frame is not of the size of those before it.
    #[error(
        "`frame` is {found:?}, the stream's frames are {expected:?}: begin a new stream for frames of another size"
    )]
    Changed {
        /// `[batch, channels, height, width]` of the frames before.
        expected: [usize; 4],
        /// That of the new one.
        found: [usize; 4],
    },
    /// A forecast was asked for before any frame came.
    #[error("nothing was pushed yet: push at least one frame before asking for a forecast")]
    Empty,
    /// A forecast of no frames was asked for.
    #[error("`horizon` is 0: use 1 or more")]
    NoHorizon,
}

/// A recurrent network that is fed frames as they come, and forecasts at any time what follows them.
///
/// The state is kept, so a frame costs one step however long the stream is, and the forecast equals that of
/// [`Forecast`](crate::Forecast) for all frames pushed so far.
///
/// ```
/// # use burn::tensor::{Device, Tensor};
/// # use foreframe_core::{Recurrent, Stream, StreamError};
/// fn serve<N: Recurrent>(network: N, frames: impl Iterator<Item = Tensor<4>>) -> Result<Vec<Tensor<5>>, StreamError> {
///     let mut stream = Stream::new(network);
///     let mut forecasts = Vec::new();
///     for frame in frames {
///         stream.push(frame)?;
///         forecasts.push(stream.forecast(6)?);
///     }
///     Ok(forecasts)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Stream<N: Recurrent> {
    network: N,
    reached: Option<Reached<N::State>>,
}

/// Where a stream stands.
#[derive(Clone, Debug)]
struct Reached<S> {
    /// The forecast of the frame after the newest one.
    next: Tensor<4>,
    state: S,
}

impl<N: Recurrent> Stream<N> {
    /// A stream that nothing was pushed to. The network should be in inference mode.
    pub const fn new(network: N) -> Self {
        Self { network, reached: None }
    }

    /// Reads the newest frame.
    ///
    /// # Shapes
    /// - `frame`: `[batch, channels, height, width]`
    ///
    /// # Errors
    /// The network cannot read such frames, or the frame has another size than those before it.
    pub fn push(&mut self, frame: Tensor<4>) -> Result<(), StreamError> {
        let found = frame.dims();
        let state = match &self.reached {
            None => {
                self.network.check_frame([found[1], found[2], found[3]])?;
                self.network.start(&frame)
            }
            Some(reached) if reached.next.dims() != found => {
                let expected = reached.next.dims();
                return Err(StreamError::Changed { expected, found });
            }
            Some(reached) => reached.state.clone(),
        };
        let (next, state) = self.network.step(frame, state);
        self.reached = Some(Reached { next, state });
        Ok(())
    }

    /// The frames that follow what was pushed; the stream stays where it is.
    ///
    /// # Shapes
    /// - output: `[batch, horizon, channels, height, width]`
    ///
    /// # Errors
    /// Nothing was pushed yet, or `horizon` is 0.
    pub fn forecast(&self, horizon: usize) -> Result<Tensor<5>, StreamError> {
        self.forecast_knowing(horizon, &Known::nothing())
    }

    /// [`Stream::forecast`] where some channels of the frames to come are known.
    ///
    /// # Shapes
    /// - `known`: `[batch, horizon, known channels, height, width]`
    /// - output: `[batch, horizon, channels, height, width]`
    ///
    /// # Errors
    /// Nothing was pushed yet, or `horizon` is 0.
    pub fn forecast_knowing(&self, horizon: usize, known: &Known) -> Result<Tensor<5>, StreamError> {
        if horizon == 0 {
            return Err(StreamError::NoHorizon);
        }
        let Some(Reached { next, state }) = self.reached.clone() else {
            return Err(StreamError::Empty);
        };
        Ok(go_on(&self.network, next, state, horizon, known))
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::Accumulator;
    use super::*;
    use crate::{Ahead, Forecast};
    use burn::tensor::{Device, Distribution};

    fn frames(time: usize, edge: usize) -> Tensor<5> {
        Tensor::random([2, time, 1, edge, edge], Distribution::Default, &Device::flex())
    }

    #[test]
    fn a_stream_forecasts_what_the_whole_clip_does() {
        let (network, clip) = (Accumulator::new(&Device::flex()), frames(5, 3));
        let mut stream = Stream::new(network.clone());
        for time in 0..5 {
            stream.push(clip.clone().narrow(1, time, 1).squeeze_dim(1)).unwrap();
            let whole = network.forecast(clip.clone().narrow(1, 0, time + 1), 4);
            // Asking twice changes nothing.
            for _ in 0..2 {
                assert_eq!(stream.forecast(4).unwrap().into_data(), whole.clone().into_data());
            }
        }
    }

    #[test]
    fn what_is_known_of_the_future_is_read_by_a_stream_as_by_a_forecast() {
        let (network, device) = (Accumulator::new(&Device::flex()), Device::flex());
        let random = |time, channels| Tensor::<5>::random([2, time, channels, 3, 3], Distribution::Default, &device);
        let (past, known) = (random(3, 2), random(4, 1));
        let mut stream = Stream::new(network.clone());
        for time in 0..3 {
            stream.push(past.clone().narrow(1, time, 1).squeeze_dim(1)).unwrap();
        }
        let answer = |known: &Known| {
            network
                .forecast_ahead(past.clone(), &Ahead::frames(4).knowing(known.clone()))
                .into_data()
        };
        let streamed = stream.forecast_knowing(4, &Known::new(known.clone())).unwrap();
        assert_eq!(streamed.into_data(), answer(&Known::new(known.clone())));
        // The accumulator keeps channels apart, so that the first is not changed by what is known of the second.
        let free = network.forecast(past.clone(), 4);
        let given = network.forecast_ahead(past.clone(), &Ahead::frames(4).knowing(Known::new(known)));
        let channel = |frames: &Tensor<5>, channel: usize| frames.clone().narrow(2, channel, 1).into_data();
        assert_eq!(channel(&free, 0), channel(&given, 0));
        assert_ne!(channel(&free, 1), channel(&given, 1));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut stream = Stream::new(Accumulator::new(&Device::flex()));
        assert_eq!(stream.forecast(1).unwrap_err(), StreamError::Empty);
        let frame = |edge| frames(1, edge).squeeze_dim::<4>(1);
        let odd = stream.push(frame(Accumulator::REFUSED)).unwrap_err();
        assert!(matches!(odd, StreamError::Frame(_)), "{odd}");
        stream.push(frame(3)).unwrap();
        assert_eq!(stream.forecast(0).unwrap_err(), StreamError::NoHorizon);
        let before = stream.forecast(2).unwrap().into_data();
        let changed = stream.push(frame(4)).unwrap_err();
        assert!(changed.to_string().starts_with("`frame` is [2, 1, 4, 4]"), "{changed}");
        assert_eq!(stream.forecast(2).unwrap().into_data(), before);
    }
}
