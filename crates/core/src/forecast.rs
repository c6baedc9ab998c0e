//! Continuing a clip.

use burn::tensor::Tensor;

use crate::Known;

/// Continues a clip.
pub trait Forecast {
    /// Forecasts the `horizon` frames that follow `past`, for any horizon of 1 or more.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - output: `[batch, horizon, channels, height, width]`
    fn forecast(&self, past: Tensor<5>, horizon: usize) -> Tensor<5>;

    /// As [`forecast`](Self::forecast), with the times of the forecasts: for every clip the `horizon` times in
    /// seconds since 1970, or `None` where they are not known. What does not depend on the time ignores them.
    ///
    /// # Shapes
    /// As [`forecast`](Self::forecast); `times` has one entry per clip.
    fn forecast_at(&self, past: Tensor<5>, horizon: usize, times: &[Option<Vec<i64>>]) -> Tensor<5> {
        let _ = times;
        self.forecast(past, horizon)
    }

    /// [`forecast`](Self::forecast) where some channels of the `horizon` frames are known: wherever the network reads what
    /// it has forecast, those are as they are known. What it answers for them means nothing.
    ///
    /// This is for networks that read frames of the future; for all others the two are the same.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - `known`: `[batch, horizon, known channels, height, width]`
    /// - output: `[batch, horizon, channels, height, width]`
    fn forecast_knowing(&self, past: Tensor<5>, horizon: usize, known: &Known) -> Tensor<5> {
        let _ = known;
        self.forecast(past, horizon)
    }
}

/// Extends a network that always answers with as many frames as it was built for: a shorter horizon is cut off, a longer
/// one is reached by feeding the answer back, with what is known of it, as the newest part of the past.
///
/// # Shapes
/// - `past`: `[batch, T, channels, height, width]`
/// - `known`: `[batch, horizon, known channels, height, width]`
/// - `answer`: from `[batch, T, ...]`, and from how often the answer was fed back before, to `[batch, T', ...]`
/// - output: `[batch, horizon, channels, height, width]`
pub fn roll_out(
    past: Tensor<5>,
    horizon: usize,
    known: &Known,
    answer: impl Fn(Tensor<5>, usize) -> Tensor<5>,
) -> Tensor<5> {
    let observed = past.dims()[1];
    let mut window = past;
    let mut answers = Vec::new();
    let mut reached = 0;
    loop {
        let answer = answer(window.clone(), answers.len());
        let lead = reached;
        reached += answer.dims()[1];
        answers.push(answer.clone());
        if reached >= horizon {
            return Tensor::cat(answers, 1).narrow(1, 0, horizon);
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
            roll_out(past.clone(), horizon, &Known::nothing(), step)
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
        let answer = roll_out(past, 3, &Known::new(known), sum).narrow(2, 0, 1);
        let values: Vec<f32> = answer.into_data().try_to_vec().unwrap();
        assert_eq!(values, [4.0, 4.0, 4.0 + 4.0 + 10.0 + 20.0]);
    }
}
