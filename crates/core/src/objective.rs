//! The objective of one training batch.

use burn::tensor::{Bool, FloatDType, Tensor};

use crate::{Clip, Targets, as_precise_as};

/// The result of a network's training objective.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The number to minimize, `[1]`.
    pub loss: Tensor<1>,
    /// The forecast behind it, `[batch, T', targets, height, width]`.
    pub forecast: Tensor<5>,
}

impl Clip {
    /// Value of `measure` for a forecast of the clip's future and the ground truth.
    ///
    /// Both are in the numbers of the truth and have the channels that are to be forecast. Where the truth is missing the
    /// forecast is taken for it, so that nothing is learned there, and the loss is scaled to the values that are left: a
    /// mean over all values becomes the mean over those.
    ///
    /// # Shapes
    /// - `forecast`: `[batch, T', channels, height, width]`
    /// - `measure`: twice `[batch, T', targets, height, width]` to `[1]`, 0 if both are equal
    pub fn objective(
        self,
        forecast: Tensor<5>,
        targets: Targets,
        measure: impl FnOnce(Tensor<5>, Tensor<5>) -> Tensor<1>,
    ) -> Objective {
        let [_, past, ..] = self.past.dims();
        let future = self.future.dims()[1];
        let forecast = targets.of(as_precise_as(&self.future, forecast));
        let truth = targets.of(self.future);
        let loss = match self.missing {
            None => measure(forecast.clone(), truth),
            Some(missing) => {
                let missing = targets.of(missing.narrow(1, past, future));
                let weight = weight(missing.clone(), truth.dtype().into());
                measure(forecast.clone().mask_where(missing, truth.clone()), truth) * weight
            }
        };
        Objective { loss, forecast }
    }
}

/// The mean of the squared errors, `[1]`.
///
/// # Shapes
/// - `forecast`, `truth`: the same
pub fn mean_squared_error<const D: usize>(forecast: Tensor<D>, truth: Tensor<D>) -> Tensor<1> {
    (forecast - truth).square().mean()
}

/// Factor that turns a mean over all values, with 0 for those that are missing, into the mean over the others, `[1]`. If all are
/// missing it is large but finite, as the loss is 0 then.
pub(crate) fn weight<const D: usize>(missing: Tensor<D, Bool>, precision: FloatDType) -> Tensor<1> {
    let there = missing.bool_not().float().cast(FloatDType::F32).mean();
    there.clamp_min(f32::EPSILON).recip().cast(precision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    /// The loss of forecasting 1, 2, 3 and 4 of two channels and two cells where the truth is 0, and its gradient.
    fn loss(missing: [bool; 4], targets: Targets) -> (f32, Vec<f32>) {
        let device = Device::flex().autodiff();
        let shape = [1, 1, 2, 1, 2];
        let forecast =
            Tensor::<5>::from_data(TensorData::new(vec![1.0f32, 2.0, 3.0, 4.0], shape), &device).require_grad();
        let observed = [true; 4];
        let cells = TensorData::new([observed, missing].concat(), [1, 2, 2, 1, 2]);
        let clip = Clip {
            missing: Some(Tensor::from_data(cells, &device)),
            ..Clip::new(Tensor::zeros(shape, &device), Tensor::zeros(shape, &device))
        };
        let objective = clip.objective(forecast.clone(), targets, mean_squared_error);
        assert_eq!(objective.forecast.dims()[2], targets.count(2));
        let gradient = forecast.grad(&objective.loss.backward()).unwrap();
        (objective.loss.into_scalar(), gradient.into_data().iter().collect())
    }

    #[test]
    fn the_mean_is_over_what_is_there() {
        assert_eq!(loss([false; 4], Targets::All), (7.5, vec![0.5, 1.0, 1.5, 2.0]));
        let half = [false, true, true, false];
        assert_eq!(loss(half, Targets::All), (8.5, vec![1.0, 0.0, 0.0, 4.0]));
        assert_eq!(loss(half, Targets::First(1)), (1.0, vec![2.0, 0.0, 0.0, 0.0]));
        assert_eq!(loss([true; 4], Targets::All), (0.0, vec![0.0; 4]));
    }
}
