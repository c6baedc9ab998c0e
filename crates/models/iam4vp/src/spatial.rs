//! Between frames and latents.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, LayerNorm2d};
use foreframe_ops::{conv2d, pixel_shuffle, same, silu};

const EDGE: usize = 3;
const INITIAL_STD: f64 = 0.02;
const EPSILON: f64 = 1e-6;

/// Change of height and width by a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resampling {
    None,
    Halve,
    Double,
}

/// Sizes of a [`Unit`].
#[derive(Clone, Copy, Debug, PartialEq)]
struct UnitConfig {
    input: usize,
    output: usize,
    resampling: Resampling,
}

impl UnitConfig {
    fn init(self, device: &Device) -> Unit {
        let (stride, enlargement) = match self.resampling {
            Resampling::None => (1, 1),
            Resampling::Halve => (2, 1),
            Resampling::Double => (1, 2),
        };
        let conv = Conv2dConfig::new([self.input, self.output * enlargement * enlargement], EDGE)
            .with_stride(stride)
            .with_padding(EDGE / 2);
        Unit {
            conv: conv.init_normal(INITIAL_STD, device),
            norm: LayerNorm2d::new(self.output, EPSILON, device),
            enlargement,
        }
    }

    const fn output_size(self, [height, width]: [usize; 2]) -> [usize; 2] {
        match self.resampling {
            Resampling::None => [height, width],
            Resampling::Halve => [height / 2, width / 2],
            Resampling::Double => [2 * height, 2 * width],
        }
    }

    fn cost(self, size: [usize; 2]) -> Cost {
        let [height, width] = self.output_size(size);
        // A shuffle moves values: as many are convolved as come out.
        let values = self.output * height * width;
        Cost::convolution(values, self.input, [EDGE, EDGE]) + Cost::group_norm(values)
    }
}

/// Convolution, layer normalization over channels, SiLU.
#[derive(Module, Debug)]
struct Unit {
    conv: Conv2d,
    norm: LayerNorm2d,
    enlargement: usize,
}

impl Unit {
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let resampled = pixel_shuffle(self.conv.forward(input), self.enlargement);
        silu(self.norm.forward(resampled))
    }
}

/// Sizes of an [`Encoder`] and the [`Decoder`] that undoes it: every second unit halves or doubles height and width.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpatialConfig {
    pub(crate) frame_channels: usize,
    pub(crate) channels: usize,
    pub(crate) depth: usize,
}

impl SpatialConfig {
    pub(crate) const fn halvings(&self) -> usize {
        self.depth / 2
    }

    pub(crate) const fn latent_size(&self, [height, width]: [usize; 2]) -> [usize; 2] {
        [height >> self.halvings(), width >> self.halvings()]
    }

    fn encoder(&self) -> impl Iterator<Item = UnitConfig> + '_ {
        (0..self.depth).map(|layer| UnitConfig {
            input: if layer == 0 { self.frame_channels } else { self.channels },
            output: self.channels,
            resampling: if layer % 2 == 1 {
                Resampling::Halve
            } else {
                Resampling::None
            },
        })
    }

    /// The decoder's units before the last: the encoder's in reverse order.
    fn decoder(&self) -> impl Iterator<Item = UnitConfig> + '_ {
        (0..self.depth - 1).map(|layer| UnitConfig {
            input: self.channels,
            output: self.channels,
            resampling: if self.doubles(layer) {
                Resampling::Double
            } else {
                Resampling::None
            },
        })
    }

    /// Whether unit `layer` of the decoder doubles height and width.
    pub(crate) const fn doubles(&self, layer: usize) -> bool {
        (self.depth - layer).is_multiple_of(2)
    }

    pub(crate) fn init_encoder(&self, device: &Device) -> Encoder {
        Encoder {
            layers: self.encoder().map(|unit| unit.init(device)).collect(),
        }
    }

    pub(crate) fn init_decoder(&self, device: &Device) -> Decoder {
        let channels = self.channels;
        let conv = Conv2dConfig::new([2 * channels, channels], EDGE);
        Decoder {
            layers: self.decoder().map(|unit| unit.init(device)).collect(),
            last: LastUnit {
                conv: conv.init_normal(INITIAL_STD, device),
                norm: LayerNorm2d::new(channels, EPSILON, device),
            },
        }
    }

    pub(crate) fn encoder_cost(&self, frame: [usize; 2]) -> Cost {
        total(self.encoder(), frame)
    }

    /// Cost of the skip features of one frame, which every future frame uses.
    pub(crate) const fn details_cost(&self, [height, width]: [usize; 2]) -> Cost {
        Cost::convolution(self.channels * height * width, self.channels, [EDGE, EDGE])
    }

    /// Cost of decoding one frame, without its skip features.
    pub(crate) fn decoder_cost(&self, frame: [usize; 2]) -> Cost {
        total(self.decoder(), self.latent_size(frame))
            + self.details_cost(frame)
            + Cost::group_norm(self.channels * frame[0] * frame[1])
    }
}

fn total(units: impl Iterator<Item = UnitConfig>, mut size: [usize; 2]) -> Cost {
    units
        .map(|unit| {
            let cost = unit.cost(size);
            size = unit.output_size(size);
            cost
        })
        .sum()
}

/// Turns frames into latents.
#[derive(Module, Debug)]
pub(crate) struct Encoder {
    layers: Vec<Unit>,
}

impl Encoder {
    /// The latents, and the full-size features of the first unit.
    ///
    /// # Shapes
    /// - `frames`: `[batch, frame_channels, height, width]`
    /// - latents: `[batch, channels, height / s, width / s]` with `s = 2^(depth / 2)`
    /// - features: `[batch, channels, height, width]`
    pub(crate) fn forward(&self, frames: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let features = self.layers[0].forward(frames);
        let rest = self.layers[1..].iter();
        let latents = rest.fold(features.clone(), |latents, layer| layer.forward(latents));
        (latents, features)
    }
}

/// The unit that sees latents and the encoder's features: a convolution of both is the sum of one of each, and that of
/// the features is the same for all future frames.
#[derive(Module, Debug)]
struct LastUnit {
    /// `[channels, 2 * channels, 3, 3]`, the latents' half first.
    conv: Conv2d,
    norm: LayerNorm2d,
}

impl LastUnit {
    fn half(&self, input: Tensor<4>, half: usize, bias: Option<&Param<Tensor<1>>>) -> Tensor<4> {
        let channels = input.dims()[1];
        let weight = self.conv.weight.val().narrow(1, half * channels, channels);
        conv2d(input, weight, bias.map(Param::val), same([EDGE, EDGE], 1, 1))
    }
}

/// Turns latents into full-size features of frames.
#[derive(Module, Debug)]
pub(crate) struct Decoder {
    layers: Vec<Unit>,
    last: LastUnit,
}

impl Decoder {
    /// The skip features that the encoder adds to every future frame.
    ///
    /// # Shapes
    /// - `features`: `[batch, channels, height, width]`
    /// - output: the same
    pub(crate) fn details(&self, features: Tensor<4>) -> Tensor<4> {
        self.last.half(features, 1, None)
    }

    /// # Shapes
    /// - `latents`: `[batch, channels, height / s, width / s]` with `s = 2^(depth / 2)`
    /// - `details`: `[batch, channels, height, width]`
    /// - output: `[batch, channels, height, width]`
    pub(crate) fn forward(&self, latents: Tensor<4>, details: Tensor<4>) -> Tensor<4> {
        let upsampled = self
            .layers
            .iter()
            .fold(latents, |latents, layer| layer.forward(latents));
        let convolved = self.last.half(upsampled, 0, self.last.conv.bias.as_ref()) + details;
        silu(self.last.norm.forward(convolved))
    }
}
