//! What turns a segment into features.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_tau::{TauBlock, TauBlockConfig, openstl_block_keys};

use crate::Layout;

/// Sizes of a [`SegmentNet`].
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentNetConfig {
    /// Channels in and out.
    pub width: usize,
    /// Hidden channels of a block's feed-forward branch per channel.
    pub mlp_ratio: usize,
    /// For every block, the probability of leaving a branch out in training.
    pub drop_path: Vec<f64>,
}

/// The recurrence-free network inside USTEP: the paper uses blocks of TAU, SimVP and Uniformer.
pub trait SegmentNet: Module + ModuleDisplay + 'static {
    /// The name on the command line of USTEP with this network.
    const MODEL: &'static str;

    /// What USTEP with this network is, in one line.
    const ABOUT: &'static str;

    /// The network with fresh weights.
    fn new(config: &SegmentNetConfig, device: &Device) -> Self;

    /// # Shapes
    /// - `segment`: `[batch, width, height, width]`
    /// - output: the same
    fn forward(&self, segment: Tensor<4>) -> Tensor<4>;

    /// What one segment with latents of this height and width costs.
    fn cost(config: &SegmentNetConfig, latent: [usize; 2]) -> Cost;

    /// The reference's names of its tensors: pairs of our name and theirs, for the network at the path `ours` here and
    /// `theirs` there.
    fn reference_keys(ours: &str, theirs: &str, layout: Layout) -> Vec<(String, String)>;
}

/// Blocks of TAU, one after the other.
#[derive(Module, Debug)]
pub struct TauNet {
    blocks: Vec<TauBlock>,
}

fn blocks(config: &SegmentNetConfig) -> impl Iterator<Item = TauBlockConfig> + '_ {
    config.drop_path.iter().map(|drop_path| TauBlockConfig {
        channels: config.width,
        mlp_ratio: config.mlp_ratio,
        drop_path: *drop_path,
    })
}

impl SegmentNet for TauNet {
    const MODEL: &'static str = "ustep";
    const ABOUT: &'static str = "recurrence over segments of frames at two time scales, with blocks of TAU inside them";

    fn new(config: &SegmentNetConfig, device: &Device) -> Self {
        Self {
            blocks: blocks(config).map(|block| block.init(device)).collect(),
        }
    }

    fn forward(&self, segment: Tensor<4>) -> Tensor<4> {
        self.blocks
            .iter()
            .fold(segment, |features, block| block.forward(features))
    }

    fn cost(config: &SegmentNetConfig, latent: [usize; 2]) -> Cost {
        blocks(config).map(|block| block.cost(latent)).sum()
    }

    fn reference_keys(ours: &str, theirs: &str, layout: Layout) -> Vec<(String, String)> {
        match layout {
            Layout::Single => openstl_block_keys(&format!("{ours}.blocks.*"), &format!("{theirs}.blocks.*")),
            Layout::Layerwise => openstl_block_keys(&format!("{ours}.blocks.0"), &format!("{theirs}.block")),
        }
    }
}
