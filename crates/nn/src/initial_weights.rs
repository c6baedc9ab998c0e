//! First weights as OpenSTL draws them.

use burn::nn::Initializer;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::Device;

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

/// A convolution with weights from a normal distribution around 0 and a bias of 0.
///
/// Weights are drawn when they are first used, from the device's generator.
pub fn normal_conv2d(config: &Conv2dConfig, std: f64, device: &Device) -> Conv2d {
    let mut layer = config.clone().with_initializer(normal(std)).init(device);
    layer.bias = layer
        .bias
        .map(|bias| Initializer::Zeros.init(bias.lazy_shape(), device));
    layer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_the_asked_for_spread_lazily() {
        let device = Device::flex();
        let layer = normal_conv2d(&Conv2dConfig::new([64, 64], [3, 3]), fan_out_std(64, 3, 1), &device);
        assert!(!layer.weight.is_initialized());
        let weight = layer.weight.val();
        let std = weight.powi_scalar(2).mean().sqrt().into_scalar::<f32>();
        assert!((std / (2.0f32 / 576.0).sqrt() - 1.0).abs() < 0.02, "{std}");
        assert_eq!(layer.bias.unwrap().val().abs().max().into_scalar::<f32>(), 0.0);
    }
}
