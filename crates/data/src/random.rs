//! Seeds: every clip and every order has a random stream of its own.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a random stream is for. Streams of different purposes never meet, whatever the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Train,
    Validation,
    Test,
    /// The order of clips in an epoch.
    Order,
    /// Which recordings go into which split.
    Assignment,
    /// What disturbs the clips of a split.
    TrainNoise,
    ValidationNoise,
    TestNoise,
}

/// The stream of one clip (or order) of one epoch. The 256-bit key holds all four numbers, so no two coincide.
pub(crate) fn stream(seed: u64, purpose: Purpose, epoch: u64, index: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, epoch, index as u64]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Uniform in `[low, high)`.
pub(crate) fn between(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}
