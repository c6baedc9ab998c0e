//! From patches to frames.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::ClipShape;
use foreframe_nn::{Conv2d, Conv2dConfig};
use foreframe_ops::pixel_shuffle;

use crate::{Reassembly, StLightConfig};

/// Spreads channels over pixels and reassembles frames from them (section 3.3 of the paper). The convolution keeps
/// PyTorch's default first weights, which the paper found to matter.
#[derive(Module, Debug)]
pub(crate) struct Decoder {
    reassemble: Conv2d,
    patch_size: usize,
    shuffle_first: bool,
}

impl Decoder {
    pub(crate) fn new(config: &StLightConfig, clip: &ClipShape, device: &Device) -> Self {
        let shuffle_first = config.reassembly == Reassembly::ShuffleFirst;
        Self {
            reassemble: Conv2dConfig::new(channels(config, clip), 1).init(device),
            patch_size: config.patch_size,
            shuffle_first,
        }
    }

    /// # Shapes
    /// - `patches`: `[batch, network width, height / patch, width / patch]`
    /// - output: `[batch, T' * channels, height, width]`
    pub(crate) fn forward(&self, patches: Tensor<4>) -> Tensor<4> {
        if self.shuffle_first {
            self.reassemble.forward(pixel_shuffle(patches, self.patch_size))
        } else {
            pixel_shuffle(self.reassemble.forward(patches), self.patch_size)
        }
    }
}

/// Channels into and out of the reassembly.
pub(crate) fn channels(config: &StLightConfig, clip: &ClipShape) -> [usize; 2] {
    let frames = clip.future * clip.channels;
    let area = config.patch_size * config.patch_size;
    match config.reassembly {
        Reassembly::ShuffleFirst => [config.width / area, frames],
        Reassembly::ShuffleLast => [config.width, frames * area],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reassembly_begins_as_pytorch_begins() {
        let device = Device::flex();
        device.seed(6);
        let config = StLightConfig {
            width: 400,
            ..StLightConfig::default()
        };
        let decoder = Decoder::new(&config, &ClipShape::new([10, 100, 1, 64, 64]), &device);
        // Uniform within 1 / sqrt(fan-in) = 0.1.
        let largest = |values: Tensor<1>| values.abs().max().into_scalar::<f32>();
        let weight = largest(decoder.reassemble.weight.val().flatten(0, 3));
        let bias = largest(decoder.reassemble.bias.unwrap().val());
        assert!((0.0995..=0.1).contains(&weight), "{weight}");
        assert!((0.09..=0.1).contains(&bias), "{bias}");
    }

    #[test]
    fn both_orders_give_frames() {
        let device = Device::flex();
        let clip = ClipShape::new([4, 3, 2, 8, 8]);
        for reassembly in [Reassembly::ShuffleFirst, Reassembly::ShuffleLast] {
            let config = StLightConfig {
                width: 16,
                reassembly,
                ..StLightConfig::default()
            };
            let decoder = Decoder::new(&config, &clip, &device);
            assert_eq!(
                decoder.forward(Tensor::zeros([1, 16, 4, 4], &device)).dims(),
                [1, 6, 8, 8]
            );
        }
    }
}
