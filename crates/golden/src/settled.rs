//! Whether inference repeats what training computes.

use burn::tensor::{Device, Tensor};
use foreframe_core::{Architecture, ClipShape, assign, named_shapes};

use crate::full::{derived, weights};

/// Batches after which 0.003 % is left of what running statistics began with, at PyTorch's momentum.
const BATCHES: usize = 100;

/// How far the forecast in inference is from the one in training, relative to the latter, for a batch that training has seen
/// nothing but. Where inference normalizes as training does, what is left is the difference between the biased and the
/// unbiased variance. Nothing may be left out at random in training.
///
/// # Panics
/// The configuration does not go with the clip.
pub fn settled_difference<A: Architecture>(config: &A::Config, clip: &ClipShape) -> f64 {
    let device = Device::flex().autodiff();
    let network = A::new(config, clip, &device).unwrap_or_else(|error| panic!("{}: {error}", A::NAME));
    let tensors = named_shapes(&network).into_iter().map(|(name, shape)| {
        let weights = weights(&name, shape);
        (name, weights)
    });
    let network = assign(network.clone(), tensors.collect()).unwrap_or_else(|error| panic!("{}: {error}", A::NAME));
    let shape = vec![4, clip.past, clip.channels, clip.height, clip.width];
    let past = Tensor::<5>::from_data(derived("input.x", shape, |value| 0.5 + 0.5 * value), &device);
    let training = (0..BATCHES).map(|_| network.forecast(past.clone(), clip.future));
    let training = training.last().expect("there are batches").inner();
    let inference = network.valid().forecast(past.inner(), clip.future);
    let norm = |frames: Tensor<5>| f64::from((frames.clone() * frames).sum().sqrt().into_scalar::<f32>());
    norm(training.clone() - inference) / norm(training)
}
