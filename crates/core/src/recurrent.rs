//! Networks that read one frame at a time and remember.

mod recompute;
mod sampling;
mod stream;
mod unrolled;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{Ahead, ConfigError, Forecast, Known, mean_squared_error};

pub use sampling::{Sampling, SamplingRule, TrueFrames};
pub use stream::{Stream, StreamError};
pub use unrolled::{unrolled, unrolled_from};

/// State that a recurrent network passes from one frame to the next.
pub trait State: Clone {
    /// The same state with every tensor replaced, always in the same order.
    #[must_use]
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self;
}

impl State for Tensor<4> {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        change(self)
    }
}

impl<S: State> State for Vec<S> {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        self.into_iter().map(|part| part.map_tensors(change)).collect()
    }
}

/// A network that reads one frame and forecasts the next.
///
/// This is all that such a network has to say: [`Forecast`] for any horizon, streaming ([`Stream`]) and the training
/// objective with scheduled sampling ([`unrolled`]) follow from it.
pub trait Recurrent: Module {
    /// State of the network.
    type State: State;

    /// The state before the first frame.
    ///
    /// # Shapes
    /// - `frame`: `[batch, channels, height, width]`, of which only size, type and device matter
    fn start(&self, frame: &Tensor<4>) -> Self::State;

    /// Reads one frame and forecasts the next.
    ///
    /// # Shapes
    /// - `frame`: `[batch, channels, height, width]`
    /// - output: the next frame, of the same shape, and the state after this one
    fn step(&self, frame: Tensor<4>, state: Self::State) -> (Tensor<4>, Self::State);

    /// Goes on from the network's own forecast of a frame that is not known, with what is known of it: by default it is read
    /// like any frame.
    ///
    /// # Shapes
    /// - those of [`step`](Self::step)
    fn step_unseen(&self, forecast: Tensor<4>, state: Self::State) -> (Tensor<4>, Self::State) {
        self.step(forecast, state)
    }

    /// Whether frames of this many channels, rows and columns can be read.
    ///
    /// # Errors
    /// Names the size that does not fit, and what would.
    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError>;

    /// [`step`](Self::step) and what training adds to the loss for it, if anything.
    fn penalized_step(&self, frame: Tensor<4>, state: Self::State) -> (Tensor<4>, Self::State, Option<Tensor<1>>) {
        let (next, state) = self.step(frame, state);
        (next, state, None)
    }

    /// Whether training also reads the last frame of a clip, for what [`penalized_step`](Self::penalized_step) adds to the loss.
    fn reads_last_frame(&self) -> bool {
        false
    }

    /// How wrong one forecast frame is: the mean squared error, unless the network's paper has another loss.
    ///
    /// # Shapes
    /// - `forecast`, `truth`: `[batch, channels, height, width]`
    /// - output: `[1]`
    fn frame_loss(&self, forecast: Tensor<4>, truth: Tensor<4>) -> Tensor<1> {
        mean_squared_error(forecast, truth)
    }
}

impl<N: Recurrent> Forecast for N {
    /// Reads the past frame by frame, then its own forecasts.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let observed = past.dims()[1];
        let mut state = self.start(&frame(&past, 0));
        let mut next = None;
        for time in 0..observed {
            let (forecast, after) = self.step(frame(&past, time), state);
            (next, state) = (Some(forecast), after);
        }
        let Some(first) = next else {
            return past;
        };
        go_on(self, first, state, ahead.horizon, &ahead.known)
    }
}

/// The frame at `time`, `[batch, channels, height, width]`.
fn frame(frames: &Tensor<5>, time: usize) -> Tensor<4> {
    frames.clone().narrow(1, time, 1).squeeze_dim(1)
}

/// `horizon` frames of which `first` is the first and `state` what is remembered before it is read.
fn go_on<N: Recurrent>(network: &N, first: Tensor<4>, mut state: N::State, horizon: usize, known: &Known) -> Tensor<5> {
    let mut frames = vec![first];
    while frames.len() < horizon {
        let newest = frames.len() - 1;
        let (next, after) = network.step_unseen(known.complete_frame(frames[newest].clone(), newest), state);
        state = after;
        frames.push(next);
    }
    Tensor::stack::<5>(frames, 1).narrow(1, 0, horizon)
}

#[cfg(test)]
mod example;
