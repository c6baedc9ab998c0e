//! Seeds: every clip and every order has a random stream of its own.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Purpose of a random stream. Streams of different purposes are independent, whatever the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Training clips.
    Train,
    /// Validation clips.
    Validation,
    /// Test clips.
    Test,
    /// The order of clips in an epoch.
    Order,
    /// Which recordings go into which split.
    Assignment,
    /// Noise on training clips.
    TrainNoise,
    /// Noise on validation clips.
    ValidationNoise,
    /// Noise on test clips.
    TestNoise,
}

/// The stream of one clip (or order) of one epoch. The 256-bit key holds all four numbers, so no two coincide.
pub fn stream(seed: u64, purpose: Purpose, epoch: u64, index: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, epoch, index as u64]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Uniform in `[low, high)`.
pub fn between(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * rng.random::<f32>()
}

/// From the normal distribution of mean 0 and standard deviation 1 (Box and Muller 1958).
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    // 1 - u lies in (0, 1], where the logarithm is finite.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        let mut rng = stream(3, Purpose::Train, 0, 0);
        let numbers: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = numbers.iter().sum::<f64>() / 20_000.0;
        let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / 20_000.0;
        let beyond = numbers.iter().filter(|number| number.abs() > 1.96).count() as f64 / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05 && (beyond - 0.05).abs() < 0.01);
    }
}
