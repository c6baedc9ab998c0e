//! The Gaussian error linear unit.

use burn::tensor::activation;
use burn::tensor::{Device, Tensor};

/// `x` times the probability that a standard normal variable is less than `x` (Hendrycks and Gimpel, arXiv:1606.08415),
/// with its exact derivative.
///
/// Burn's own function has the exact derivative on its `flex` backend only; the other backends differentiate the `tanh`
/// approximation, which is up to 0.5 % off. There the function is put together from `erf`.
///
/// # Shapes
/// - `input`: any
/// - output: the same
pub fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    let device = input.device();
    if !device.is_autodiff() || device == Device::flex() {
        return activation::gelu(input);
    }
    let probability = ((input.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5;
    input * probability
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::{OpCase, Tolerance, devices};

    #[test]
    fn portable_gelu_is_pytorchs() {
        let case = OpCase::load("gelu_0");
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| gelu(inputs.get::<2>("x")));
        }
    }
}
