//! Helpers for tests that need more than one crate: a small network of every registered kind, and a clip for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{Clip, ClipShape, StepContext};
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

/// Keeps other tests from drawing: the CPU backends draw from one generator per process, and between seeding and drawing
/// nobody else may.
pub fn alone() -> MutexGuard<'static, ()> {
    static GENERATOR: Mutex<()> = Mutex::new(());
    GENERATOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A small network for clips of `past` and `future` frames of one channel and 16 x 16 pixels.
///
/// # Panics
/// If the model refuses its own small preset.
pub fn small_network(model: &Model, past: usize, future: usize, device: &Device) -> Box<dyn Network> {
    let clip = ClipShape::new([past, future, 1, 16, 16]);
    let _alone = alone();
    model
        .build_seeded(&small_config(model), &clip, device, 7)
        .unwrap_or_else(|error| panic!("{}: {error}", model.name))
}

/// A batch of random clips that fits [`small_network`], on the host's CPU; always the same for the same seed.
pub fn random_clip(batch: usize, past: usize, future: usize, seed: u64) -> Clip {
    let frames = |time: usize, stream: u64| {
        let shape = [batch, time, 1, 16, 16];
        let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64)
            .map(|index| (StepContext::new(index, 0, seed ^ stream).seed >> 40) as f32 / (1u64 << 24) as f32)
            .collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    };
    Clip::new(frames(past, 0), frames(future, 1 << 32))
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
