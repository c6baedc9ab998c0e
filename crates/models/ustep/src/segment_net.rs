//! The networks inside segments.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use foreframe_core::{ConfigError, Cost};
use foreframe_nn::{BlockConfig, SizedBlock, keys_below};
use foreframe_simvp::{GstaBlock, LocalUniformerBlock};
use foreframe_tau::TauBlock;

use crate::{RecurrenceLayout, UStepConfig};

/// Sizes of a [`SegmentNet`].
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentNetConfig {
    /// Channels in and out.
    pub width: usize,
    /// Hidden channels of a block's feed-forward branch per channel.
    pub mlp_ratio: usize,
    /// Groups of the convolutions and normalizations of inception layers; other blocks have none.
    pub groups: usize,
    /// For every block, the probability of leaving a branch out in training.
    pub drop_path: Vec<f64>,
    /// Steps of the recurrence for which batch normalization has running statistics of their own.
    pub steps: usize,
}

/// The recurrence-free network inside USTEP: the paper uses blocks of TAU, SimVP and Uniformer.
pub trait SegmentNet: Module + ModuleDisplay + 'static {
    /// The name on the command line of USTEP with this network.
    const MODEL: &'static str;

    /// Description of USTEP with this network, in one line.
    const ABOUT: &'static str;

    /// Weight of TAU's differential divergence in its presets: only TAU has that in its own objective.
    const DIVERGENCE_WEIGHT: f64 = 0.0;

    /// Whether it consists of blocks between which gates can be, as [`RecurrenceLayout::Layerwise`] wants it.
    const HAS_LAYERS: bool = true;

    /// Checks what [`UStepConfig::validate`] does not know of this network.
    ///
    /// # Errors
    /// Names the field at fault.
    fn validate(_config: &UStepConfig) -> Result<(), ConfigError> {
        Ok(())
    }

    /// The network with fresh weights.
    fn new(config: &SegmentNetConfig, device: &Device) -> Self;

    /// `step` of the recurrence, counted from 0, decides which running statistics batch normalization has.
    ///
    /// # Shapes
    /// - `segment`: `[batch, width, height, width]`
    /// - output: the same
    fn forward(&self, segment: Tensor<4>, step: usize) -> Tensor<4>;

    /// Cost of one segment with latents of this height and width.
    fn cost(config: &SegmentNetConfig, latent: [usize; 2]) -> Cost;

    /// The reference's names of its tensors: pairs of our name and theirs, for the network at the path `ours` here and
    /// `theirs` there.
    fn reference_keys(ours: &str, theirs: &str, layout: RecurrenceLayout) -> Vec<(String, String)>;
}

/// A kind of block that a [`BlockNet`] can be made of.
pub trait SegmentBlock: SizedBlock {
    /// [`SegmentNet::MODEL`] of its network.
    const MODEL: &'static str;

    /// [`SegmentNet::ABOUT`] of its network.
    const ABOUT: &'static str;

    /// [`SegmentNet::DIVERGENCE_WEIGHT`] of its network.
    const DIVERGENCE_WEIGHT: f64 = 0.0;
}

impl SegmentBlock for TauBlock {
    const MODEL: &'static str = "ustep";
    const ABOUT: &'static str = "recurrence over segments of frames at two time scales, with blocks of TAU inside them";
    const DIVERGENCE_WEIGHT: f64 = 0.1;
}

impl SegmentBlock for GstaBlock {
    const MODEL: &'static str = "ustep_gsta";
    const ABOUT: &'static str = "USTEP with blocks of gSTA, the second version of SimVP, inside its segments";
}

impl SegmentBlock for LocalUniformerBlock {
    const MODEL: &'static str = "ustep_uniformer";
    const ABOUT: &'static str = "USTEP with blocks of Uniformer, those of convolutions, inside its segments";
}

/// Blocks, one after the other.
#[derive(Module, Debug)]
pub struct BlockNet<B: SegmentBlock> {
    blocks: Vec<B>,
}

/// Blocks of TAU.
pub type TauNet = BlockNet<TauBlock>;

/// Blocks of gSTA (SimVPv2).
pub type GstaNet = BlockNet<GstaBlock>;

/// Uniformer's blocks of convolutions.
pub type UniformerNet = BlockNet<LocalUniformerBlock>;

fn blocks(config: &SegmentNetConfig) -> impl Iterator<Item = BlockConfig> + '_ {
    config.drop_path.iter().map(|drop_path| BlockConfig {
        channels: config.width,
        mlp_ratio: config.mlp_ratio,
        drop_path: *drop_path,
        steps: config.steps,
    })
}

impl<B: SegmentBlock> SegmentNet for BlockNet<B> {
    const MODEL: &'static str = B::MODEL;
    const ABOUT: &'static str = B::ABOUT;
    const DIVERGENCE_WEIGHT: f64 = B::DIVERGENCE_WEIGHT;

    fn new(config: &SegmentNetConfig, device: &Device) -> Self {
        Self {
            blocks: blocks(config).map(|block| B::new(&block, device)).collect(),
        }
    }

    fn forward(&self, segment: Tensor<4>, step: usize) -> Tensor<4> {
        self.blocks
            .iter()
            .fold(segment, |features, block| block.forward(features, step))
    }

    fn cost(config: &SegmentNetConfig, latent: [usize; 2]) -> Cost {
        blocks(config).map(|block| B::cost(&block, latent)).sum()
    }

    fn reference_keys(ours: &str, theirs: &str, layout: RecurrenceLayout) -> Vec<(String, String)> {
        let keys = B::openstl_keys();
        match layout {
            RecurrenceLayout::Single => keys_below(&format!("{ours}.blocks.*"), &format!("{theirs}.blocks.*"), keys),
            RecurrenceLayout::Layerwise => keys_below(&format!("{ours}.blocks.0"), &format!("{theirs}.block"), keys),
        }
    }
}
