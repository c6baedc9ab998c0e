//! The gradient of a whole network: accumulation, norm and clipping.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use foreframe_ops::square_sum;

use crate::model::{NotFinite, StepError};

/// Loss and gradient of one optimizer step, summed over its micro-batches, flattened, by parameter name.
#[derive(Default)]
pub(crate) struct Gradient {
    loss: Option<Tensor<1>>,
    parameters: BTreeMap<String, Tensor<1>>,
}

impl Gradient {
    pub(crate) fn add(&mut self, loss: Tensor<1>, parameters: BTreeMap<String, Tensor<1>>) {
        self.loss = Some(match self.loss.take() {
            Some(sum) => sum + loss,
            None => loss,
        });
        for (name, gradient) in parameters {
            let sum = match self.parameters.remove(&name) {
                Some(sum) => sum + gradient,
                None => gradient,
            };
            self.parameters.insert(name, sum);
        }
    }

    /// Loss and Euclidean norm of the whole gradient, in one transfer from the device.
    ///
    /// # Errors
    /// There was no micro-batch, or one of the two is not finite.
    pub(crate) fn measure(&self) -> Result<(f64, f64), StepError> {
        let loss = self.loss.clone().ok_or(StepError::NoClips)?;
        let squares = self.parameters.values().map(|gradient| square_sum(gradient.clone()));
        let parts: Vec<Tensor<1>> = std::iter::once(loss).chain(squares).collect();
        let values: Vec<f64> = Tensor::cat(parts, 0).into_data().iter::<f64>().collect();
        let (loss, grad_norm) = (values[0], values[1..].iter().sum::<f64>().sqrt());
        for (what, value) in [("loss", loss), ("gradient norm", grad_norm)] {
            if !value.is_finite() {
                return Err(NotFinite { what, value }.into());
            }
        }
        Ok((loss, grad_norm))
    }

    /// `torch.nn.utils.clip_grad_norm_`: one factor for the whole gradient. A `max_norm` of 0 leaves it alone.
    pub(crate) fn clip(&mut self, norm: f64, max_norm: f64) {
        let factor = max_norm / (norm + 1e-6);
        if max_norm > 0.0 && factor < 1.0 {
            for gradient in self.parameters.values_mut() {
                *gradient = gradient.clone().mul_scalar(factor);
            }
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Tensor<1>> {
        self.parameters.remove(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn gradient(values: [f32; 2]) -> Gradient {
        let device = Device::flex();
        let mut gradient = Gradient::default();
        let parts = [("a", values[0]), ("b", values[1])];
        let parameters = parts.map(|(name, value)| (name.to_owned(), Tensor::from_floats([value], &device)));
        gradient.add(Tensor::from_floats([1.0], &device), parameters.into());
        gradient
    }

    fn values(gradient: &mut Gradient) -> [f32; 2] {
        ["a", "b"].map(|name| gradient.take(name).unwrap().into_scalar::<f32>())
    }

    #[test]
    fn the_norm_is_that_of_all_tensors_together() {
        let mut gradient = gradient([3.0, -4.0]);
        assert_eq!(gradient.measure().unwrap(), (1.0, 5.0));
        gradient.clip(5.0, 1.0);
        let [a, b] = values(&mut gradient);
        // clip_grad_norm_ divides by norm + 1e-6.
        assert!(
            (a - 0.6 * (1.0 - 2e-7)).abs() < 1e-7 && (b + 0.8 * (1.0 - 2e-7)).abs() < 1e-7,
            "{a} {b}"
        );
    }

    #[test]
    fn a_small_gradient_is_not_scaled_up() {
        for max_norm in [0.0, 6.0] {
            let mut gradient = gradient([3.0, -4.0]);
            gradient.clip(5.0, max_norm);
            assert_eq!(values(&mut gradient), [3.0, -4.0]);
        }
    }

    #[test]
    fn what_is_not_finite_is_named() {
        let error = gradient([f32::NAN, 1.0]).measure().unwrap_err();
        assert!(matches!(
            error,
            StepError::NotFinite(NotFinite {
                what: "gradient norm",
                ..
            })
        ));
        assert_eq!(Gradient::default().measure(), Err(StepError::NoClips));
    }
}
