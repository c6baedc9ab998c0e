//! One step of an optimizer.

use burn::backend::Flex;
use burn::tensor::Tensor;
pub use foreframe_kernels::adam::Adam;
use foreframe_kernels::adam::sum_of_squares;

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

/// A parameter and its running averages.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The parameter, `[len]`.
    pub parameter: Tensor<1>,
    /// The average of its gradient, `[len]`.
    pub mean: Tensor<1>,
    /// The average of its squared gradient, `[len]`.
    pub square: Tensor<1>,
}

/// One step of Adam (Kingma and Ba, arXiv:1412.6980) or AdamW (Loshchilov and Hutter, arXiv:1711.05101) in the order of
/// operations of PyTorch's `_single_tensor_adam`. None of the tensors is differentiable.
///
/// # Shapes
/// - `gradient`, and all of `moments`: `[len]`
///
/// # Panics
/// When the lengths differ.
pub fn adam(rule: &Adam, moments: Moments, gradient: Tensor<1>) -> Moments {
    let Moments {
        parameter,
        mean,
        square,
    } = moments;
    let len = gradient.dims();
    for (name, found) in [
        ("parameter", parameter.dims()),
        ("mean", mean.dims()),
        ("square", square.dims()),
    ] {
        assert!(found == len, "adam: `{name}` has shape {found:?}, the gradient {len:?}");
    }
    if !has_kernel(&parameter) {
        return plain(rule, parameter, mean, square, gradient);
    }
    let floats = |tensor: Tensor<1>| {
        let primitive = tensor.try_into_primitive::<Flex>();
        Floats::new(primitive.unwrap_or_else(|error| unreachable!("kernels work on flex tensors: {error:?}")))
    };
    let gradient = floats(gradient);
    let [mut parameter, mut mean, mut square] = [parameter, mean, square].map(floats);
    rule.update(
        parameter.values_mut(),
        gradient.values(),
        mean.values_mut(),
        square.values_mut(),
    );
    let [parameter, mean, square] = [parameter, mean, square].map(Floats::into_tensor);
    Moments {
        parameter,
        mean,
        square,
    }
}

fn plain(
    rule: &Adam,
    mut parameter: Tensor<1>,
    mean: Tensor<1>,
    square: Tensor<1>,
    mut gradient: Tensor<1>,
) -> Moments {
    if rule.gradient_scale != 1.0 {
        gradient = gradient.mul_scalar(rule.gradient_scale);
    }
    if rule.weight_decay != 0.0 {
        if rule.decoupled {
            parameter = parameter.mul_scalar(1.0 - rule.learning_rate * rule.weight_decay);
        } else {
            gradient = gradient + parameter.clone().mul_scalar(rule.weight_decay);
        }
    }
    let mean = mean.clone() + (gradient.clone() - mean).mul_scalar(1.0 - rule.beta1);
    let square = square.mul_scalar(rule.beta2) + gradient.square().mul_scalar(1.0 - rule.beta2);
    let steps = f64::from(rule.step);
    let mean_correction = 1.0 - rule.beta1.powf(steps);
    let square_correction = (1.0 - rule.beta2.powf(steps)).sqrt();
    let root = square.clone().sqrt().div_scalar(square_correction);
    let change = mean.clone() / root.add_scalar(rule.epsilon);
    let step_size = rule.learning_rate / mean_correction;
    Moments {
        parameter: parameter - change.mul_scalar(step_size),
        mean,
        square,
    }
}

/// The sum of the squares of all numbers. Not differentiable.
///
/// # Shapes
/// - `input`: `[len]`
/// - output: `[1]`
pub fn square_sum(input: Tensor<1>) -> Tensor<1> {
    if has_kernel(&input) {
        return run(SquareSum, Operands::One(input.into_dispatch()));
    }
    input.square().sum()
}

#[derive(Debug)]
struct SquareSum;

impl DifferentiableKernel for SquareSum {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let sum = sum_of_squares(inputs[0].values()) as f32;
        (Floats::filled([1], |out| out[0] = sum), Vec::new())
    }

    fn keeps(&self, _input: usize) -> bool {
        false
    }

    fn backward(&self, _known: &Known, _gradient: &Floats) -> Vec<Option<Floats>> {
        unreachable!("norms are taken of constants")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Implementation;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn one_pass_is_the_plain_formula() {
        let device = Device::flex();
        let random = || Tensor::<1>::random([1013], Distribution::Normal(0.0, 1.0), &device);
        for (decoupled, gradient_scale) in [(false, 1.0), (true, 0.25)] {
            let rule = Adam {
                learning_rate: 1e-2,
                beta1: 0.9,
                beta2: 0.99,
                epsilon: 1e-8,
                weight_decay: 0.1,
                decoupled,
                gradient_scale,
                step: 3,
            };
            let moments = Moments {
                parameter: random(),
                mean: random(),
                square: random().square(),
            };
            let gradient = random();
            let [kernels, reference] = [Implementation::Kernels, Implementation::Reference]
                .map(|choice| choice.scope(|| adam(&rule, moments.clone(), gradient.clone())));
            for (found, expected) in [
                (kernels.parameter, reference.parameter),
                (kernels.mean, reference.mean),
                (kernels.square, reference.square),
            ] {
                let difference = (found - expected).abs().max().into_scalar::<f32>();
                assert!(difference <= 1e-6, "{difference}");
            }
        }
    }

    #[test]
    fn the_given_tensors_stay_as_they_are() {
        let device = Device::flex();
        let ones = Tensor::<1>::ones([5], &device);
        let moments = Moments {
            parameter: ones.clone(),
            mean: ones.clone(),
            square: ones.clone(),
        };
        let rule = Adam {
            learning_rate: 0.1,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            gradient_scale: 1.0,
            step: 1,
        };
        let updated = Implementation::Kernels.scope(|| adam(&rule, moments, ones.clone()));
        assert_ne!(updated.parameter.into_data(), ones.to_data());
        assert_eq!(ones.sum().into_scalar::<f32>(), 5.0);
    }

    #[test]
    fn long_sums_of_squares_stay_exact() {
        let values = Tensor::<1>::full([1 << 20], 0.1, &Device::flex());
        let sum = Implementation::Kernels
            .scope(|| square_sum(values))
            .into_scalar::<f32>();
        let expected = f64::from(0.1f32).powi(2) * f64::from(1 << 20);
        assert!((f64::from(sum) / expected - 1.0).abs() < 1e-5, "{sum}, not {expected}");
    }
}
