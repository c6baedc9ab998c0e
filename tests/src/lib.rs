//! What the tests that need more than one crate share: a small network of every registered kind, and a clip for it.

use burn::tensor::{Device, Distribution, Tensor};
use foreframe_core::{Clip, ClipShape};
use foreframe_train::{Model, Network};
use toml::Table;

/// The preset that every model has and that is small enough to be built many times.
pub const SMALL_PRESET: &str = "moving-digits";

/// The small preset's configuration.
///
/// # Panics
/// If the model does not have one.
pub fn small_config(model: &Model) -> Table {
    (model.presets)()
        .into_iter()
        .find(|preset| preset.name == SMALL_PRESET)
        .unwrap_or_else(|| panic!("{} has no preset `{SMALL_PRESET}`", model.name))
        .config
}

/// A small network for clips of `past` and `future` frames of one channel and 16 x 16 pixels.
///
/// # Panics
/// If the model refuses its own small preset.
pub fn small_network(model: &Model, past: usize, future: usize, device: &Device) -> Box<dyn Network> {
    let clip = ClipShape::new([past, future, 1, 16, 16]);
    model
        .build_seeded(&small_config(model), &clip, device, 7)
        .unwrap_or_else(|error| panic!("{}: {error}", model.name))
}

/// A batch of random clips that fits [`small_network`]; the same for the same seed on the same kind of device.
pub fn random_clip(batch: usize, past: usize, future: usize, seed: u64) -> Clip {
    let device = Device::flex();
    device.seed(seed);
    let frames = |time| Tensor::random([batch, time, 1, 16, 16], Distribution::Uniform(0.0, 1.0), &device);
    Clip {
        past: frames(past),
        future: frames(future),
    }
}

/// The largest absolute difference between two tensors of one shape, on the host.
///
/// # Panics
/// If the shapes differ.
pub fn largest_difference(left: Tensor<5>, right: Tensor<5>) -> f64 {
    assert_eq!(left.dims(), right.dims());
    let left = left.into_data();
    let right = right.into_data();
    left.iter::<f64>()
        .zip(right.iter::<f64>())
        .map(|(left, right)| (left - right).abs())
        .fold(0.0, |largest, difference| {
            if difference.is_nan() {
                f64::NAN
            } else {
                largest.max(difference)
            }
        })
}
