//! The block of which the network consists.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_nn::{
    BatchNorm2d, BatchNorm2dConfig, Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig, fan_out_std, normal,
};
use foreframe_ops::gelu;

use crate::StLightConfig;

/// Distance between the taps of the second depthwise kernel.
pub(crate) const DILATION: usize = 3;

/// Mixes within channels, near and then far, and across channels (the paper's STLMixer, section 3.2).
#[derive(Module, Debug)]
pub(crate) struct Mixer {
    depthwise: DepthwiseConv2d,
    dilated: DepthwiseConv2d,
    spatial_norm: BatchNorm2d,
    pointwise: Conv2d,
    channel_norm: BatchNorm2d,
}

impl Mixer {
    pub(crate) fn new(config: &StLightConfig, device: &Device) -> Self {
        let width = config.width;
        let norm = BatchNorm2dConfig::new(width);
        Self {
            depthwise: depthwise(width, config.kernel, 1, device),
            dilated: depthwise(width, config.dilated_kernel, DILATION, device),
            spatial_norm: norm.init(device),
            pointwise: Conv2dConfig::new([width, width], 1).init_normal(fan_out_std(width, 1, 1), device),
            channel_norm: norm.init(device),
        }
    }

    /// # Shapes
    /// - `input`: `[batch, width, rows, columns]`
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let space = self.dilated.forward(self.depthwise.forward(input.clone()));
        let mixed = input + self.spatial_norm.forward(gelu(space), 0);
        self.channel_norm.forward(gelu(self.pointwise.forward(mixed)), 0)
    }
}

/// A depthwise convolution with small first weights: their spread follows from the fan-out that PyTorch reads off the
/// weight tensor, `width * kernel²`, although each output channel has one kernel only.
fn depthwise(width: usize, kernel: usize, dilation: usize, device: &Device) -> DepthwiseConv2d {
    let mut layer = DepthwiseConv2dConfig::new(width, kernel)
        .with_dilation(dilation)
        .init(device);
    layer.weight = normal(fan_out_std(width, kernel, 1)).init([width, 1, kernel, kernel], device);
    layer
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;

    /// With zero weights nothing is added in the spatial half, and nothing but the last bias is left after the other.
    #[test]
    fn the_spatial_half_is_residual_and_the_channel_half_is_not() {
        let device = Device::flex();
        let config = StLightConfig {
            width: 2,
            ..StLightConfig::default()
        };
        let mut block = Mixer::new(&config, &device);
        block.depthwise.weight = Param::from_tensor(Tensor::zeros([2, 1, 3, 3], &device));
        block.dilated.weight = Param::from_tensor(Tensor::zeros([2, 1, 7, 7], &device));
        let identity = Tensor::from_data([[[[1.0f32]], [[0.0]]], [[[0.0]], [[1.0]]]], &device);
        block.pointwise.weight = Param::from_tensor(identity);
        let input = Tensor::<4>::from_data([[[[0.5f32, -1.0]], [[2.0, 0.0]]]], &device);
        let scale = 1.0 / (1.0f64 + 1e-5).sqrt();
        let difference = block.forward(input.clone()) - gelu(input.clone()) * scale;
        assert!(difference.abs().max().into_scalar::<f32>() < 1e-6);
        block.pointwise.weight = Param::from_tensor(Tensor::zeros([2, 2, 1, 1], &device));
        assert_eq!(block.forward(input).abs().max().into_scalar::<f32>(), 0.0);
    }

    #[test]
    fn first_depthwise_weights_are_as_small_as_the_listing_makes_them() {
        let device = Device::flex();
        device.seed(5);
        let config = StLightConfig {
            width: 1400,
            ..StLightConfig::default()
        };
        let block = Mixer::new(&config, &device);
        let spread = |weight: Tensor<4>| weight.powi_scalar(2).mean().sqrt().into_scalar::<f32>();
        for (weight, std) in [
            (block.depthwise.weight.val(), (2.0f32 / (1400.0 * 9.0)).sqrt()),
            (block.dilated.weight.val(), (2.0f32 / (1400.0 * 49.0)).sqrt()),
            (block.pointwise.weight.val(), (2.0f32 / 1400.0).sqrt()),
        ] {
            let found = spread(weight);
            assert!((found / std - 1.0).abs() < 0.03, "{found} instead of {std}");
        }
    }
}
