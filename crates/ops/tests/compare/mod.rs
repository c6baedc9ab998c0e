//! Runs one operation by the kernels and by the reference, and compares values and gradients.

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_ops::Implementation;

/// Numbers between -1 and 1 that are the same for the same seed.
pub(crate) fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// A leaf as a tensor of rank 4, laid out with channels last if `strided`.
pub(crate) fn image(leaf: &Tensor<1>, [a, b, c, d]: [usize; 4], strided: bool) -> Tensor<4> {
    if strided {
        leaf.clone().reshape([a, c, d, b]).permute([0, 3, 1, 2])
    } else {
        leaf.clone().reshape([a, b, c, d])
    }
}

/// Forward and gradients agree between kernels and reference, and with central differences.
///
/// `op` takes leaves of the given lengths, whose values `adjust` may change first.
pub(crate) fn check(
    what: &str,
    seed: u64,
    lens: &[usize],
    adjust: impl Fn(usize, f32) -> f32,
    op: impl Fn(&[Tensor<1>]) -> Tensor<1>,
) {
    let leaves: Vec<Vec<f32>> = lens
        .iter()
        .enumerate()
        .map(|(leaf, len)| {
            let values = random(*len, seed + leaf as u64);
            values.into_iter().map(|value| adjust(leaf, value)).collect()
        })
        .collect();
    let [kernels, reference] = [Implementation::Kernels, Implementation::Reference]
        .map(|choice| choice.scope(|| differentiated(&leaves, seed, &op)));
    close(&format!("{what}: output"), &kernels.output, &reference.output, 1e-5);
    for (leaf, (found, expected)) in kernels.gradients.iter().zip(&reference.gradients).enumerate() {
        close(&format!("{what}: gradient of input {leaf}"), found, expected, 5e-5);
    }
    Implementation::Kernels.scope(|| {
        let inference = forward(&leaves, &Device::flex(), &op);
        // Not bit by bit: some convolutions round less in inference.
        close(&format!("{what}: inference"), &inference, &kernels.output, 1e-5);
    });
}

/// The gradients of `op` are those of central differences along a random direction.
pub(crate) fn check_differences(what: &str, seed: u64, lens: &[usize], op: impl Fn(&[Tensor<1>]) -> Tensor<1>) {
    const STEP: f32 = 1e-2;
    let leaves: Vec<Vec<f32>> = lens.iter().zip(seed..).map(|(len, seed)| random(*len, seed)).collect();
    let direction: Vec<Vec<f32>> = lens
        .iter()
        .zip(seed + 50..)
        .map(|(len, seed)| random(*len, seed))
        .collect();
    let found = Implementation::Kernels.scope(|| differentiated(&leaves, seed, &op));
    let upstream = random(found.output.len(), seed + 99);
    for (leaf, gradient) in found.gradients.iter().enumerate() {
        let moved = |step: f32| {
            let mut leaves = leaves.clone();
            for (value, along) in leaves[leaf].iter_mut().zip(&direction[leaf]) {
                *value += step * along;
            }
            let output = Implementation::Kernels.scope(|| forward(&leaves, &Device::flex(), &op));
            output.iter().zip(&upstream).map(|(a, b)| f64::from(a * b)).sum::<f64>()
        };
        let expected = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
        let along: f64 = gradient
            .iter()
            .zip(&direction[leaf])
            .map(|(a, b)| f64::from(a * b))
            .sum();
        let size: f64 = gradient
            .iter()
            .zip(&direction[leaf])
            .map(|(a, b)| f64::from((a * b).abs()))
            .sum();
        assert!(
            (along - expected).abs() <= 2e-3 * (1.0 + size),
            "{what}: the derivative along input {leaf} is {along}, differences say {expected}"
        );
    }
}

struct Differentiated {
    output: Vec<f32>,
    gradients: Vec<Vec<f32>>,
}

fn differentiated(leaves: &[Vec<f32>], seed: u64, op: &impl Fn(&[Tensor<1>]) -> Tensor<1>) -> Differentiated {
    let device = Device::flex().autodiff();
    let leaves: Vec<Tensor<1>> = tensors(leaves, &device).into_iter().map(Tensor::require_grad).collect();
    let output = op(&leaves);
    let values = numbers(&output);
    let upstream = TensorData::new(random(values.len(), seed + 99), [values.len()]);
    let gradients = (output * Tensor::from_data(upstream, &device)).sum().backward();
    let gradient = |leaf: &Tensor<1>| {
        leaf.grad(&gradients)
            .map_or_else(Vec::new, |gradient| numbers(&gradient))
    };
    Differentiated {
        gradients: leaves.iter().map(gradient).collect(),
        output: values,
    }
}

fn forward(leaves: &[Vec<f32>], device: &Device, op: &impl Fn(&[Tensor<1>]) -> Tensor<1>) -> Vec<f32> {
    numbers(&op(&tensors(leaves, device)))
}

fn tensors(leaves: &[Vec<f32>], device: &Device) -> Vec<Tensor<1>> {
    let tensor = |values: &Vec<f32>| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), device);
    leaves.iter().map(tensor).collect()
}

pub(crate) fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

fn close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}: length");
    let scale = expected.iter().fold(1.0f32, |largest, x| largest.max(x.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * scale,
            "{what}: element {index} is {found}, not {expected}"
        );
    }
}
