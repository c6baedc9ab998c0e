//! Continuing a clip.

use burn::tensor::Tensor;

use crate::Known;

/// The frames ahead of a clip: how many frames, and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// Frames to forecast, 1 or more.
    pub horizon: usize,
    /// Channels of these frames that are known: wherever a network reads what it has forecast, those are as they are known.
    pub known: Known,
    /// For every clip the times of these frames in seconds since 1970, `None` where they are not known; empty where those of
    /// no clip are.
    pub times: Vec<Option<Vec<i64>>>,
}

impl Ahead {
    /// `horizon` frames of which nothing is known.
    pub const fn frames(horizon: usize) -> Self {
        Self {
            horizon,
            known: Known::nothing(),
            times: Vec::new(),
        }
    }

    /// The same frames, some channels of which are known.
    #[must_use]
    pub fn knowing(self, known: Known) -> Self {
        Self { known, ..self }
    }

    /// The same frames at these times, one entry per clip.
    #[must_use]
    pub fn at(self, times: Vec<Option<Vec<i64>>>) -> Self {
        Self { times, ..self }
    }

    /// The time of one frame of one clip in seconds since 1970, where it is known.
    pub fn time(&self, clip: usize, frame: usize) -> Option<i64> {
        self.times.get(clip)?.as_ref()?.get(frame).copied()
    }

    /// The same without autodiff.
    #[must_use]
    pub fn inner(&self) -> Self {
        Self {
            known: self.known.inner(),
            times: self.times.clone(),
            ..*self
        }
    }
}

/// Continues a clip.
pub trait Forecast {
    /// Forecasts the frames that follow `past`, as many as `ahead` says. What a network has no use for, such as the times, it
    /// ignores; what it answers for channels that are known means nothing.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - `ahead.known`: `[batch, horizon, known channels, height, width]`
    /// - output: `[batch, horizon, channels, height, width]`
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5>;

    /// Forecasts the `horizon` frames that follow `past`, of which nothing is known, for any horizon of 1 or more.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - output: `[batch, horizon, channels, height, width]`
    fn forecast(&self, past: Tensor<5>, horizon: usize) -> Tensor<5> {
        self.forecast_ahead(past, &Ahead::frames(horizon))
    }
}

/// Extends a network that always answers with as many frames as it was built for: a shorter horizon is cut off, a longer
/// one is reached by feeding the answer back, with what is known of it, as the newest part of the past.
///
/// # Shapes
/// - `past`: `[batch, T, channels, height, width]`
/// - `ahead.known`: `[batch, horizon, known channels, height, width]`
/// - `answer`: from `[batch, T, ...]`, and from how often the answer was fed back before, to `[batch, T', ...]`
/// - output: `[batch, horizon, channels, height, width]`
pub fn roll_out(past: Tensor<5>, ahead: &Ahead, answer: impl Fn(Tensor<5>, usize) -> Tensor<5>) -> Tensor<5> {
    let Ahead { horizon, known, .. } = ahead;
    let observed = past.dims()[1];
    let mut window = past;
    let mut answers = Vec::new();
    let mut reached = 0;
    loop {
        let answer = answer(window.clone(), answers.len());
        let lead = reached;
        reached += answer.dims()[1];
        answers.push(answer.clone());
        if reached >= *horizon {
            return Tensor::cat(answers, 1).narrow(1, 0, *horizon);
        }
        let so_far = Tensor::cat(vec![window, known.complete(answer, lead)], 1);
        let total = so_far.dims()[1];
        window = so_far.narrow(1, total - observed, observed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    /// Two frames ahead: the sum of the window, twice.
    fn step(window: Tensor<5>, _step: usize) -> Tensor<5> {
        window.sum_dim(1).repeat_dim(1, 2)
    }

    #[test]
    fn cuts_and_feeds_back() {
        let past = Tensor::<5>::from_data(
            TensorData::new(vec![1.0f32, 2.0, 3.0], [1, 3, 1, 1, 1]),
            &Device::flex(),
        );
        let values = |horizon| {
            roll_out(past.clone(), &Ahead::frames(horizon), step)
                .to_data()
                .try_to_vec::<f32>()
                .unwrap()
        };
        assert_eq!(values(1), [6.0]);
        assert_eq!(values(2), [6.0, 6.0]);
        assert_eq!(values(5), [6.0, 6.0, 15.0, 15.0, 36.0]);
    }

    #[test]
    fn what_is_known_is_fed_back_in_place_of_the_answer() {
        let device = Device::flex();
        let past = Tensor::<5>::ones([1, 2, 2, 1, 1], &device);
        let known = Tensor::from_data(TensorData::new(vec![10.0f32, 20.0, 30.0], [1, 3, 1, 1, 1]), &device);
        // Both channels are what both channels of the window sum up to.
        let sum = |window: Tensor<5>, _| window.sum_dim(1).sum_dim(2).repeat_dim(1, 2).repeat_dim(2, 2);
        let ahead = Ahead::frames(3).knowing(Known::new(known));
        let answer = roll_out(past, &ahead, sum).narrow(2, 0, 1);
        let values: Vec<f32> = answer.into_data().try_to_vec().unwrap();
        assert_eq!(values, [4.0, 4.0, 4.0 + 4.0 + 10.0 + 20.0]);
    }
}
