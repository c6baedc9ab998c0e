//! From frames to patches.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::ClipShape;
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig, Conv2d, Conv2dConfig, fan_out_std};
use foreframe_ops::gelu;

use crate::StLightConfig;

/// Cuts stacked frames into patches, which may overlap (section 3.1 of the paper).
#[derive(Module, Debug)]
pub(crate) struct PatchEncoder {
    conv: Conv2d,
    norm: BatchNorm2d,
}

impl PatchEncoder {
    pub(crate) fn new(config: &StLightConfig, clip: &ClipShape, device: &Device) -> Self {
        let (kernel, stride, padding) = (config.encoder_kernel(), config.patch_size, config.encoder_padding());
        let conv = Conv2dConfig::new([clip.past * clip.channels, config.width], kernel)
            .with_stride(stride)
            .with_padding(padding);
        Self {
            conv: conv.init_normal(fan_out_std(config.width, kernel, 1), device),
            norm: BatchNorm2dConfig::new(config.width).init(device),
        }
    }

    /// # Shapes
    /// - `frames`: `[batch, T * channels, height, width]`
    /// - output: `[batch, network width, height / patch, width / patch]`
    pub(crate) fn forward(&self, frames: Tensor<4>) -> Tensor<4> {
        gelu(self.norm.forward(self.conv.forward(frames), 0))
    }
}
