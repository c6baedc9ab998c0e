//! Where a backward pass begins.

use burn::tensor::Tensor;

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

/// A number whose gradient with respect to `output` is `gradient`: its backward pass is PyTorch's
/// `output.backward(gradient)`. The number itself means nothing.
///
/// # Shapes
/// - `output`, `gradient`: the same
/// - result: `[1]`
///
/// # Panics
/// When the shapes differ.
pub fn root_of<const D: usize>(output: Tensor<D>, gradient: Tensor<D>) -> Tensor<1> {
    let (shape, found) = (output.dims(), gradient.dims());
    assert!(
        shape == found,
        "root_of: the output has shape {shape:?}, its gradient {found:?}"
    );
    if has_kernel(&output) {
        return run(Root, Operands::Two(output.into_dispatch(), gradient.into_dispatch()));
    }
    (output * gradient).sum()
}

/// Inputs: an output and its gradient.
#[derive(Debug)]
struct Root;

impl DifferentiableKernel for Root {
    fn forward(&self, _inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        (Floats::filled([1], |out| out.fill(0.0)), Vec::new())
    }

    fn keeps(&self, input: usize) -> bool {
        input == 1
    }

    fn backward(&self, known: &Known, _gradient: &Floats) -> Vec<Option<Floats>> {
        vec![known.kept(1), None]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Implementation;
    use burn::tensor::Device;

    #[test]
    fn the_gradient_is_the_given_one() {
        let device = Device::flex().autodiff();
        for choice in [Implementation::Kernels, Implementation::Reference] {
            let output = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device).require_grad();
            let gradient = Tensor::<2>::from_floats([[5.0, 6.0], [7.0, 8.0]], &device);
            let gradients = choice.scope(|| root_of(output.clone(), gradient.clone())).backward();
            assert_eq!(output.grad(&gradients).unwrap().into_data(), gradient.into_data());
        }
    }
}
