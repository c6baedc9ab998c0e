//! SimVP's spatial encoder and decoder.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost};

use crate::{Conv2d, Conv2dConfig, ConvBlock, ConvBlockConfig, Resampling};

/// Beyond these a network would not fit any machine, and products of sizes would overflow.
const MAX_CHANNELS: usize = 1 << 16;
const MAX_DEPTH: usize = 32;
const MAX_KERNEL: usize = 255;

/// Sizes of a [`SpatialEncoder`] and the [`SpatialDecoder`] that undoes it (Gao et al., CVPR 2022, arXiv:2206.05099).
///
/// Every second block halves (encoder) or doubles (decoder) height and width.
#[derive(Clone, Debug, PartialEq)]
pub struct SpatialConfig {
    /// Channels of a frame.
    pub frame_channels: usize,
    /// Channels of every block, an even number.
    pub channels: usize,
    /// Blocks of the encoder and of the decoder, an even number.
    pub depth: usize,
    /// Edge of the encoder's kernels, odd.
    pub encoder_kernel: usize,
    /// Edge of the decoder's kernels, odd.
    pub decoder_kernel: usize,
}

impl SpatialConfig {
    /// Checks the sizes, alone and for the frames of `clip`.
    ///
    /// # Errors
    /// Names the field: `network.spatial_channels`, `network.spatial_depth`, `network.encoder_kernel`,
    /// `network.decoder_kernel`, `clip.height` or `clip.width`.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        ConfigError::within("network.spatial_channels", self.channels, 2..=MAX_CHANNELS)?;
        ConfigError::divides("network.spatial_channels", self.channels, 2, "two normalization groups")?;
        ConfigError::within("network.spatial_depth", self.depth, 2..=MAX_DEPTH)?;
        ConfigError::divides("network.spatial_depth", self.depth, 2, "every second block resamples")?;
        for (field, kernel) in [
            ("network.encoder_kernel", self.encoder_kernel),
            ("network.decoder_kernel", self.decoder_kernel),
        ] {
            ConfigError::within(field, kernel, 1..=MAX_KERNEL)?;
            ConfigError::odd(field, kernel)?;
        }
        let halvings = self.depth / 2;
        let scale = 1 << halvings;
        let why = format!("network.spatial_depth {} halves it {halvings} times", self.depth);
        ConfigError::divides("clip.height", clip.height, scale, &why)?;
        ConfigError::divides("clip.width", clip.width, scale, &why)
    }

    /// Height and width of the latent of a frame of this size.
    pub const fn latent_size(&self, [height, width]: [usize; 2]) -> [usize; 2] {
        let halvings = self.depth / 2;
        [height >> halvings, width >> halvings]
    }

    fn encoder_blocks(&self) -> impl Iterator<Item = ConvBlockConfig> + '_ {
        (0..self.depth).map(|layer| ConvBlockConfig {
            input: if layer == 0 { self.frame_channels } else { self.channels },
            output: self.channels,
            kernel: self.encoder_kernel,
            resampling: if layer % 2 == 1 {
                Resampling::Down
            } else {
                Resampling::None
            },
        })
    }

    fn decoder_blocks(&self) -> impl Iterator<Item = ConvBlockConfig> + '_ {
        (0..self.depth).map(|layer| ConvBlockConfig {
            input: self.channels,
            output: self.channels,
            kernel: self.decoder_kernel,
            resampling: if layer % 2 == 0 {
                Resampling::Up
            } else {
                Resampling::None
            },
        })
    }

    /// OpenSTL's names of the tensors of fields `encoder` and `decoder`: pairs of our name and theirs, most specific first.
    pub fn openstl_keys(&self) -> Vec<(String, String)> {
        // A block that doubles the size is a sequence of convolution and shuffle there.
        let upsampling = (0..self.depth).step_by(2).map(|layer| {
            let theirs = format!("dec.dec.{layer}.conv.conv.0");
            (format!("decoder.layers.{layer}.conv"), theirs)
        });
        let others = [
            ("encoder.layers.*", "enc.enc.*.conv"),
            ("decoder.layers.*", "dec.dec.*.conv"),
            ("decoder.readout", "dec.readout"),
        ];
        upsampling
            .chain(others.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())))
            .collect()
    }

    /// An encoder with fresh weights.
    pub fn init_encoder(&self, device: &Device) -> SpatialEncoder {
        SpatialEncoder {
            layers: self.encoder_blocks().map(|block| block.init(device)).collect(),
        }
    }

    /// A decoder with fresh weights.
    pub fn init_decoder(&self, device: &Device) -> SpatialDecoder {
        SpatialDecoder {
            layers: self.decoder_blocks().map(|block| block.init(device)).collect(),
            readout: Conv2dConfig::new([self.channels, self.frame_channels], 1).init(device),
        }
    }

    /// Cost of encoding one frame of this size.
    pub fn encoder_cost(&self, frame: [usize; 2]) -> Cost {
        total(self.encoder_blocks(), frame)
    }

    /// Cost of decoding one frame of this size.
    pub fn decoder_cost(&self, frame: [usize; 2]) -> Cost {
        let [height, width] = frame;
        total(self.decoder_blocks(), self.latent_size(frame))
            + Cost::convolution(self.frame_channels * height * width, self.channels, [1, 1])
    }
}

fn total(blocks: impl Iterator<Item = ConvBlockConfig>, mut size: [usize; 2]) -> Cost {
    blocks
        .map(|block| {
            let cost = block.cost(size);
            size = block.output_size(size);
            cost
        })
        .sum()
}

/// Turns frames into latents.
#[derive(Module, Debug)]
pub struct SpatialEncoder {
    layers: Vec<ConvBlock>,
}

impl SpatialEncoder {
    /// The latents, and the full-size features of the first block, which the decoder needs for detail.
    ///
    /// # Shapes
    /// - `frames`: `[batch, frame_channels, height, width]`
    /// - latents: `[batch, channels, height / s, width / s]` with `s = 2^(depth / 2)`
    /// - features: `[batch, channels, height, width]`
    pub fn forward(&self, frames: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let features = self.layers[0].forward(frames);
        let latents = self.layers[1..]
            .iter()
            .fold(features.clone(), |latents, layer| layer.forward(latents));
        (latents, features)
    }
}

/// Turns latents into frames.
#[derive(Module, Debug)]
pub struct SpatialDecoder {
    layers: Vec<ConvBlock>,
    readout: Conv2d,
}

impl SpatialDecoder {
    /// # Shapes
    /// - `latents`: `[batch, channels, height / s, width / s]` with `s = 2^(depth / 2)`
    /// - `features`: `[batch, channels, height, width]`, as the encoder gave them
    /// - output: `[batch, frame_channels, height, width]`
    pub fn forward(&self, latents: Tensor<4>, features: Tensor<4>) -> Tensor<4> {
        let last = self.layers.len() - 1;
        let upsampled = self.layers[..last]
            .iter()
            .fold(latents, |latents, layer| layer.forward(latents));
        self.readout.forward(self.layers[last].forward(upsampled + features))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::count_parameters;

    fn moving_mnist() -> SpatialConfig {
        SpatialConfig {
            frame_channels: 1,
            channels: 64,
            depth: 4,
            encoder_kernel: 3,
            decoder_kernel: 3,
        }
    }

    #[test]
    fn sizes_are_those_of_simvp() {
        let device = Device::flex();
        let config = moving_mnist();
        assert_eq!(count_parameters(&config.init_encoder(&device)), 111_936);
        assert_eq!(count_parameters(&config.init_decoder(&device)), 369_857);
        let encoder = config.encoder_cost([64, 64]).total() as f64 / 1e9;
        let decoder = config.decoder_cost([64, 64]).total() as f64 / 1e9;
        assert!((encoder - 0.0893).abs() < 5e-5, "{encoder}");
        assert!((decoder - 0.3810).abs() < 5e-5, "{decoder}");
    }

    #[test]
    fn the_decoder_undoes_the_encoders_sizes() {
        let device = Device::flex();
        let config = SpatialConfig {
            frame_channels: 3,
            channels: 4,
            ..moving_mnist()
        };
        let (latents, features) = config
            .init_encoder(&device)
            .forward(Tensor::ones([2, 3, 8, 12], &device));
        assert_eq!(latents.dims(), [2, 4, 2, 3]);
        assert_eq!(config.latent_size([8, 12]), [2, 3]);
        let frames = config.init_decoder(&device).forward(latents, features);
        assert_eq!(frames.dims(), [2, 3, 8, 12]);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 64, 62]);
        let field = |change: fn(&mut SpatialConfig)| {
            let mut config = moving_mnist();
            change(&mut config);
            config.validate(&clip).unwrap_err().field
        };
        assert_eq!(field(|_| {}), "clip.width");
        assert_eq!(field(|config| config.channels = 7), "network.spatial_channels");
        assert_eq!(field(|config| config.channels = 0), "network.spatial_channels");
        assert_eq!(field(|config| config.depth = 3), "network.spatial_depth");
        assert_eq!(field(|config| config.depth = 0), "network.spatial_depth");
        assert_eq!(field(|config| config.depth = usize::MAX - 1), "network.spatial_depth");
        assert_eq!(field(|config| config.decoder_kernel = 4), "network.decoder_kernel");
    }
}
