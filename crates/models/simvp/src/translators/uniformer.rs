//! Uniformer: convolution first and last, attention in between (Li et al., arXiv:2201.09450).

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost};
use foreframe_nn::{
    BatchNorm2d, BatchNorm2dConfig, Block, BlockConfig, Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig,
    DropPath, FeedForward, LayerNorm2d, SelfAttention, SizedBlock, fan_out_std,
};
use foreframe_ops::scaled_add;

use crate::SimVpConfig;
use crate::linear::{INITIAL_STD, PointwiseFeedForward};
use crate::translators::{BlockContext, PlacedBlock, owned};

const EPSILON: f64 = 1e-5;
/// First value of the scales of the branches of attention.
const INITIAL_SCALE: f64 = 1e-6;

/// The depthwise convolution that tells positions apart.
const fn position(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 3)
}

const fn neighborhood(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(channels, 5)
}

/// Uniformer's block of convolutions: 1x1, depthwise 5x5 and 1x1 in place of attention.
#[derive(Module, Debug)]
pub struct LocalUniformerBlock {
    position: DepthwiseConv2d,
    attention_norm: BatchNorm2d,
    project_in: Conv2d,
    neighborhood: DepthwiseConv2d,
    project_out: Conv2d,
    mlp_norm: BatchNorm2d,
    mlp: PointwiseFeedForward,
    drop_path: DropPath,
}

impl Block for LocalUniformerBlock {
    fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4> {
        let features = features.clone() + self.position.forward(features);
        let projected = self
            .project_in
            .forward(self.attention_norm.forward(features.clone(), step));
        let attention = self.project_out.forward(self.neighborhood.forward(projected));
        let features = features + self.drop_path.forward(attention);
        let mixed = self.mlp.forward(self.mlp_norm.forward(features.clone(), step));
        features + self.drop_path.forward(mixed)
    }
}

impl SizedBlock for LocalUniformerBlock {
    fn new(config: &BlockConfig, device: &Device) -> Self {
        let channels = config.channels;
        let std = |output| fan_out_std(output, 1, 1);
        let pointwise = || Conv2dConfig::new([channels, channels], 1).init_normal(std(channels), device);
        let norm = BatchNorm2dConfig::new(channels).with_steps(config.steps);
        Self {
            position: position(channels).init(device),
            attention_norm: norm.init(device),
            project_in: pointwise(),
            neighborhood: neighborhood(channels).init(device),
            project_out: pointwise(),
            mlp_norm: norm.init(device),
            mlp: PointwiseFeedForward::new(channels, config.hidden(), std, device),
            drop_path: DropPath::new(config.drop_path),
        }
    }

    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost {
        let channels = config.channels;
        let positions = size[0] * size[1];
        position(channels).cost(size)
            + Cost::batch_norm(channels * positions) * 2
            + Cost::linear(channels * positions, channels) * 2
            + neighborhood(channels).cost(size)
            + FeedForward::cost(channels, config.hidden(), positions)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        owned([
            ("position", "pos_embed"),
            ("attention_norm", "norm1"),
            ("project_in", "conv1"),
            ("neighborhood", "attn"),
            ("project_out", "conv2"),
            ("mlp_norm", "norm2"),
            ("mlp.expand", "mlp.fc1"),
            ("mlp.contract", "mlp.fc2"),
        ])
    }
}

/// Uniformer's block of attention between all positions.
#[derive(Module, Debug)]
pub(crate) struct GlobalUniformerBlock {
    position: Conv2d,
    attention_norm: LayerNorm2d,
    attention: SelfAttention,
    attention_scale: Param<Tensor<1>>,
    mlp_norm: LayerNorm2d,
    mlp: FeedForward,
    mlp_scale: Param<Tensor<1>>,
    drop_path: DropPath,
}

impl GlobalUniformerBlock {
    fn new(context: &BlockContext, device: &Device) -> Self {
        let channels = context.block.channels;
        let norm = || LayerNorm2d::new(channels, EPSILON, device);
        let scale = || Initializer::Constant { value: INITIAL_SCALE }.init([channels], device);
        // OpenSTL leaves this one convolution as PyTorch begins it.
        let position = Conv2dConfig::new([channels, channels], 3)
            .with_padding(1)
            .with_groups(channels);
        Self {
            position: position.init(device),
            attention_norm: norm(),
            attention: SelfAttention::new(channels, context.heads, INITIAL_STD, device),
            attention_scale: scale(),
            mlp_norm: norm(),
            mlp: FeedForward::new(channels, context.block.hidden(), INITIAL_STD, device),
            mlp_scale: scale(),
            drop_path: DropPath::new(context.block.drop_path),
        }
    }

    fn cost(context: &BlockContext) -> Cost {
        let (channels, positions) = (context.block.channels, context.positions());
        position(channels).cost(context.latent)
            + Cost::group_norm(channels * positions) * 2
            + SelfAttention::cost(channels, 1, positions)
            + FeedForward::cost(channels, context.block.hidden(), positions)
    }

    fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let features = features.clone() + self.position.forward(features);
        let attention = self.attention.forward(self.attention_norm.forward(features.clone()));
        let features = scaled_add(features, self.drop_path.forward(attention), self.attention_scale.val());
        let mixed = self.mlp.on_channels(self.mlp_norm.forward(features.clone()));
        scaled_add(features, self.drop_path.forward(mixed), self.mlp_scale.val())
    }

    fn keys() -> Vec<(String, String)> {
        owned([
            ("position", "pos_embed"),
            ("attention_norm", "norm1"),
            ("attention.query_key_value", "attn.qkv"),
            ("attention.project", "attn.proj"),
            ("attention_scale", "gamma_1"),
            ("mlp_norm", "norm2"),
            ("mlp.expand", "mlp.fc1"),
            ("mlp.contract", "mlp.fc2"),
            ("mlp_scale", "gamma_2"),
        ])
    }
}

/// One block of Uniformer.
#[derive(Module, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a network has few, and their tensors are elsewhere"
)]
pub(crate) enum UniformerBlock {
    Local(LocalUniformerBlock),
    Global(GlobalUniformerBlock),
}

/// Attention is where the width is that of the block before and of the block after.
const fn is_global(context: &BlockContext) -> bool {
    context.index > 0 && !context.changes_width
}

impl Block for UniformerBlock {
    fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4> {
        match self {
            Self::Local(block) => block.forward(features, step),
            Self::Global(block) => block.forward(features),
        }
    }
}

impl PlacedBlock for UniformerBlock {
    fn validate(config: &SimVpConfig, _clip: &ClipShape) -> Result<(), ConfigError> {
        let why = "each of network.heads has its share of them";
        ConfigError::divides("network.temporal_channels", config.temporal_channels, config.heads, why)
    }

    fn at(context: &BlockContext, device: &Device) -> Self {
        match is_global(context) {
            true => Self::Global(GlobalUniformerBlock::new(context, device)),
            false => Self::Local(LocalUniformerBlock::new(&context.block, device)),
        }
    }

    fn cost_at(context: &BlockContext) -> Cost {
        match is_global(context) {
            true => GlobalUniformerBlock::cost(context),
            false => LocalUniformerBlock::cost(&context.block, context.latent),
        }
    }

    fn keys() -> Vec<(String, String)> {
        let below = |kind: &str, keys: Vec<(String, String)>| {
            keys.into_iter()
                .map(move |(ours, theirs)| (format!("{kind}.{ours}"), theirs))
                .collect::<Vec<_>>()
        };
        let mut keys = below("Local", LocalUniformerBlock::openstl_keys());
        keys.extend(below("Global", GlobalUniformerBlock::keys()));
        keys
    }
}
