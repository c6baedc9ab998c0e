//! First weights as PyTorch and OpenSTL draw them.

use burn::nn::Initializer;

/// The normal distribution around 0 that OpenSTL's `trunc_normal_` amounts to: it cuts at ±2, which at the usual
/// standard deviation of 0.02 is a hundred standard deviations away.
pub const fn normal(std: f64) -> Initializer {
    Initializer::Normal { mean: 0.0, std }
}

/// The standard deviation that keeps the variance of gradients through ReLU-like activations (He et al.,
/// arXiv:1502.01852): `sqrt(2 / fan_out)`.
pub fn fan_out_std(out_channels: usize, kernel: usize, groups: usize) -> f64 {
    (2.0 * groups as f64 / (kernel * kernel * out_channels) as f64).sqrt()
}

/// The distribution with which PyTorch begins weights and biases of convolutions: uniform up to `1 / sqrt(fan_in)`.
pub fn fan_in_uniform() -> Initializer {
    Initializer::KaimingUniform {
        gain: 1.0 / 3f64.sqrt(),
        fan_out_only: false,
    }
}
