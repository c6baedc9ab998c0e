//! Between frames, their latent image, and the two branches.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, Cost};
use foreframe_nn::ConvTranspose2d;
use foreframe_ops::sigmoid;

use crate::PhyDNetConfig;
use crate::blocks::{NormConv, NormTransposed, transposed};

/// A frame's latent image, and that of each branch.
#[derive(Module, Debug)]
pub(crate) struct Encoders {
    shared: Vec<NormConv>,
    physical: Vec<NormConv>,
    residual: Vec<NormConv>,
}

impl Encoders {
    pub(crate) fn new(config: &PhyDNetConfig, channels: usize, device: &Device) -> Self {
        let (width, latent) = (config.width, config.latent());
        let branch = || {
            vec![
                NormConv::new([latent; 2], 1, device),
                NormConv::new([latent; 2], 1, device),
            ]
        };
        Self {
            shared: vec![
                NormConv::new([channels, width], 2, device),
                NormConv::new([width; 2], 1, device),
                NormConv::new([width, latent], config.last_stride(), device),
            ],
            physical: branch(),
            residual: branch(),
        }
    }

    /// The latent images of the physical and of the residual branch.
    ///
    /// # Shapes
    /// - `frame`: `[batch, channels, height, width]`
    /// - outputs: `[batch, 2 width, height / patch, width / patch]`
    pub(crate) fn forward(&self, frame: Tensor<4>) -> [Tensor<4>; 2] {
        let through = |blocks: &[NormConv], image| blocks.iter().fold(image, |image, block| block.forward(image));
        let latent = through(&self.shared, frame);
        [&self.physical, &self.residual].map(|branch| through(branch, latent.clone()))
    }
}

/// The next frame from what both branches forecast.
#[derive(Module, Debug)]
pub(crate) struct Decoders {
    physical: Vec<NormTransposed>,
    residual: Vec<NormTransposed>,
    shared: Vec<NormTransposed>,
    last: ConvTranspose2d,
}

impl Decoders {
    pub(crate) fn new(config: &PhyDNetConfig, channels: usize, device: &Device) -> Self {
        let (width, latent) = (config.width, config.latent());
        let branch = || {
            let block = || NormTransposed::new([latent; 2], 1, device);
            vec![block(), block()]
        };
        Self {
            physical: branch(),
            residual: branch(),
            shared: vec![
                NormTransposed::new([latent, width], 2, device),
                NormTransposed::new([width; 2], 1, device),
            ],
            last: transposed([width, channels], config.last_stride()).init(device),
        }
    }

    /// # Shapes
    /// As [`Encoders::forward`], in the other direction.
    pub(crate) fn forward(&self, physical: Tensor<4>, residual: Tensor<4>) -> Tensor<4> {
        let through = |blocks: &[NormTransposed], image| blocks.iter().fold(image, |image, block| block.forward(image));
        let latent = through(&self.physical, physical) + through(&self.residual, residual);
        sigmoid(self.last.forward(through(&self.shared, latent)))
    }
}

/// Cost of the last decoder.
fn shared_decoder_cost(config: &PhyDNetConfig, clip: &ClipShape) -> Cost {
    let (width, latent, image) = (config.width, config.latent(), config.image(clip));
    let doubled = image.map(|side| 2 * side);
    NormTransposed::cost([latent, width], 2, image)
        + NormTransposed::cost([width; 2], 1, doubled)
        + transposed([width, clip.channels], config.last_stride()).cost(doubled)
}

/// Cost of encoding and decoding one frame.
pub(crate) fn coders_cost(config: &PhyDNetConfig, clip: &ClipShape) -> Cost {
    let (width, latent, image) = (config.width, config.latent(), config.image(clip));
    let half = [clip.height / 2, clip.width / 2];
    let encoder = NormConv::cost([clip.channels, width], half)
        + NormConv::cost([width; 2], half)
        + NormConv::cost([width, latent], image);
    let branches = (NormConv::cost([latent; 2], image) + NormTransposed::cost([latent; 2], 1, image)) * 4;
    encoder + branches + shared_decoder_cost(config, clip)
}
