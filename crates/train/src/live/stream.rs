//! Recurrent networks behind one object-safe face.

use burn::tensor::Tensor;
use foreframe_core::{Known, Recurrent, Stream, StreamError};

/// A recurrent network that keeps its state from frame to frame, whatever its architecture.
pub trait FrameStream {
    /// Reads the newest frame.
    ///
    /// # Shapes
    /// - `frame`: `[batch, channels, height, width]`
    ///
    /// # Errors
    /// The network cannot read such frames, or the frame has another size than those before it.
    fn push(&mut self, frame: Tensor<4>) -> Result<(), StreamError>;

    /// The frames that follow what was pushed, with some of their channels known; the stream stays where it is. What it
    /// answers for those means nothing.
    ///
    /// # Shapes
    /// - `known`: `[batch, horizon, known channels, height, width]`
    /// - output: `[batch, horizon, channels, height, width]`
    ///
    /// # Errors
    /// Nothing was pushed yet, or `horizon` is 0.
    fn forecast(&self, horizon: usize, known: &Known) -> Result<Tensor<5>, StreamError>;
}

impl<N: Recurrent> FrameStream for Stream<N> {
    fn push(&mut self, frame: Tensor<4>) -> Result<(), StreamError> {
        Self::push(self, frame)
    }

    fn forecast(&self, horizon: usize, known: &Known) -> Result<Tensor<5>, StreamError> {
        self.forecast_knowing(horizon, known)
    }
}
