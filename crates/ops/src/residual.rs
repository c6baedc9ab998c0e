//! Adding a scaled branch to its input.

use burn::tensor::Tensor;
use foreframe_kernels::pointwise;

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

/// `input + scale * branch`, with one scale per channel (the layer scale of Touvron et al., arXiv:2103.17239).
///
/// # Shapes
/// - `input`, `branch`: `[batch, channels, height, width]`
/// - `scale`: `[channels]`
/// - output: that of `input`
///
/// # Panics
/// When the shapes do not fit each other.
pub fn scaled_add(input: Tensor<4>, branch: Tensor<4>, scale: Tensor<1>) -> Tensor<4> {
    let shape = input.dims();
    let channels = shape[1];
    assert!(
        shape == branch.dims(),
        "scaled_add: the input has shape {shape:?}, the branch {:?}",
        branch.dims()
    );
    let [found] = scale.dims();
    assert!(
        found == channels,
        "scaled_add: {found} scales for {channels} channels (axis 1)"
    );
    if has_kernel(&input) {
        return run(
            ScaledAdd,
            Operands::Three(input.into_dispatch(), branch.into_dispatch(), scale.into_dispatch()),
        );
    }
    input + branch * scale.reshape([1, channels, 1, 1])
}

/// Inputs: input, branch, scale.
#[derive(Debug)]
struct ScaledAdd;

impl DifferentiableKernel for ScaledAdd {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [batch, channels, height, width] = inputs[0].dims();
        let [x, y, scale] = [0, 1, 2].map(|index: usize| inputs[index].values());
        let output = inputs[0].same_shape(|out| {
            pointwise::scaled_add(batch, channels, height * width, x, y, scale, out);
        });
        (output, Vec::new())
    }

    fn keeps(&self, input: usize) -> bool {
        input > 0
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [batch, channels, height, width] = gradient.dims();
        let (y, scale, g) = (known.input(1), known.input(2), gradient.values());
        let [dy, d_scale] = Floats::filled_together([y.len(), channels], |[dy, d_scale]| {
            pointwise::scaled_add_backward(batch, channels, height * width, y, scale, g, dy, d_scale);
        });
        vec![Some(gradient.clone()), Some(dy.shaped_like(gradient)), Some(d_scale)]
    }
}
