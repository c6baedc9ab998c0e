//! Functions of single numbers, and softmax.

use burn::tensor::activation;
use burn::tensor::{Device, Tensor};
use foreframe_kernels::pointwise::{self, Activation};
use foreframe_kernels::softmax as rows;

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

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
    if has_kernel(&input) {
        return activate(input, Activation::Gelu);
    }
    let device = input.device();
    if !device.is_autodiff() || device == Device::flex() {
        return activation::gelu(input);
    }
    let probability = ((input.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5;
    input * probability
}

/// `x` times its logistic function (Elfwing et al., arXiv:1702.03118), also called swish.
///
/// # Shapes
/// - `input`: any
/// - output: the same
pub fn silu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if has_kernel(&input) {
        return activate(input, Activation::Silu);
    }
    activation::silu(input)
}

/// The logistic function, `1 / (1 + exp(-x))`.
///
/// # Shapes
/// - `input`: any
/// - output: the same
pub fn sigmoid<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if has_kernel(&input) {
        return activate(input, Activation::Sigmoid);
    }
    activation::sigmoid(input)
}

/// The hyperbolic tangent.
///
/// # Shapes
/// - `input`: any
/// - output: the same
pub fn tanh<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if has_kernel(&input) {
        return activate(input, Activation::Tanh);
    }
    activation::tanh(input)
}

/// `x` where it is positive, 0 elsewhere.
///
/// # Shapes
/// - `input`: any
/// - output: the same
pub fn relu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    leaky_relu(input, 0.0)
}

/// `x` where it is positive, `slope * x` elsewhere.
///
/// # Shapes
/// - `input`: any
/// - output: the same
pub fn leaky_relu<const D: usize>(input: Tensor<D>, slope: f32) -> Tensor<D> {
    if has_kernel(&input) {
        return activate(input, Activation::LeakyRelu(slope));
    }
    if slope == 0.0 {
        activation::relu(input)
    } else {
        activation::leaky_relu(input, f64::from(slope))
    }
}

/// Exponentials along axis `axis`, divided by their sum.
///
/// # Shapes
/// - `input`: any
/// - output: the same
///
/// # Panics
/// If there is no such axis.
pub fn softmax<const D: usize>(input: Tensor<D>, axis: usize) -> Tensor<D> {
    assert!(axis < D, "softmax: there is no axis {axis} in a tensor of rank {D}");
    if axis + 1 == D && has_kernel(&input) {
        return run(Softmax { logarithm: false }, Operands::One(input.into_dispatch()));
    }
    activation::softmax(input, axis)
}

/// The logarithm of [`softmax`].
///
/// # Shapes
/// - `input`: any
/// - output: the same
///
/// # Panics
/// If there is no such axis.
pub fn log_softmax<const D: usize>(input: Tensor<D>, axis: usize) -> Tensor<D> {
    assert!(axis < D, "log_softmax: there is no axis {axis} in a tensor of rank {D}");
    if axis + 1 == D && has_kernel(&input) {
        return run(Softmax { logarithm: true }, Operands::One(input.into_dispatch()));
    }
    activation::log_softmax(input, axis)
}

fn activate<const D: usize>(input: Tensor<D>, activation: Activation) -> Tensor<D> {
    run(Activate(activation), Operands::One(input.into_dispatch()))
}

#[derive(Debug)]
struct Activate(Activation);

impl Activate {
    /// Whether the derivative is a function of the output, so that the input can be forgotten.
    const fn remembers_output(&self) -> bool {
        matches!(self.0, Activation::Sigmoid | Activation::Tanh)
    }
}

impl DifferentiableKernel for Activate {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let output = inputs[0].same_shape(|out| pointwise::forward(self.0, inputs[0].values(), out));
        let saved = if self.remembers_output() {
            vec![output.clone()]
        } else {
            Vec::new()
        };
        (output, saved)
    }

    fn keeps(&self, _input: usize) -> bool {
        !self.remembers_output()
    }

    fn cheap(&self) -> bool {
        !self.remembers_output()
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let saved = match known.saved.first() {
            Some(output) => output.values(),
            None => known.input(0),
        };
        vec![Some(gradient.same_shape(|dx| {
            pointwise::backward(self.0, saved, gradient.values(), dx);
        }))]
    }
}

#[derive(Debug)]
struct Softmax {
    logarithm: bool,
}

impl DifferentiableKernel for Softmax {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [height, width] = inputs[0].rows();
        let x = inputs[0].values();
        let output = inputs[0].same_shape(|out| {
            if self.logarithm {
                rows::log_softmax(height, width, x, out);
            } else {
                rows::forward(height, width, x, out);
            }
        });
        (output.clone(), vec![output])
    }

    fn keeps(&self, _input: usize) -> bool {
        false
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [height, width] = gradient.rows();
        let y = known.saved[0].values();
        vec![Some(gradient.same_shape(|dx| {
            if self.logarithm {
                rows::log_softmax_backward(height, width, y, gradient.values(), dx);
            } else {
                rows::backward(height, width, y, gradient.values(), dx);
            }
        }))]
    }
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
