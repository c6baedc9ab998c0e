//! MogaNet: gated aggregation of several orders (Li et al., arXiv:2211.03295).

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{
    BatchNorm2d, BatchNorm2dConfig, Block, BlockConfig, Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig,
    DropPath, SizedBlock, fan_out_std,
};
use foreframe_ops::{gelu, scaled_add, silu};

use crate::translators::owned;

/// First value of the scales of both branches, and of how much is added of what features have on top of their means.
const INITIAL_SCALE: f64 = 1e-5;

fn pointwise([input, output]: [usize; 2], device: &Device) -> Conv2d {
    Conv2dConfig::new([input, output], 1).init_normal(fan_out_std(output, 1, 1), device)
}

/// A scale per channel, stored as the reference stores it.
fn scale(channels: usize, device: &Device) -> Param<Tensor<4>> {
    Initializer::Constant { value: INITIAL_SCALE }.init([1, channels, 1, 1], device)
}

/// `input + scale * branch`
fn added(input: Tensor<4>, branch: Tensor<4>, scale: &Param<Tensor<4>>) -> Tensor<4> {
    let channels = input.dims()[1];
    scaled_add(input, branch, scale.val().reshape([channels]))
}

/// Depthwise convolutions of three orders: an eighth of the channels sees a near field, three eighths a wider one, half a
/// far one.
#[derive(Module, Debug)]
struct MultiOrderConv {
    near: DepthwiseConv2d,
    middle: DepthwiseConv2d,
    far: DepthwiseConv2d,
    project: Conv2d,
}

impl MultiOrderConv {
    fn layers(channels: usize) -> [DepthwiseConv2dConfig; 3] {
        [
            DepthwiseConv2dConfig::new(channels, 5),
            DepthwiseConv2dConfig::new(channels / 8 * 3, 5).with_dilation(2),
            DepthwiseConv2dConfig::new(channels / 2, 7).with_dilation(3),
        ]
    }

    fn new(channels: usize, device: &Device) -> Self {
        let [near, middle, far] = Self::layers(channels).map(|layer| layer.init(device));
        Self {
            near,
            middle,
            far,
            project: pointwise([channels, channels], device),
        }
    }

    fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let near = self.near.forward(features);
        let eighth = near.dims()[1] / 8;
        let part = |from: usize, eighths: usize| near.clone().narrow(1, from * eighth, eighths * eighth);
        let orders = vec![
            part(0, 1),
            self.middle.forward(part(1, 3)),
            self.far.forward(part(4, 4)),
        ];
        self.project.forward(Tensor::cat(orders, 1))
    }
}

/// Several orders of neighborhoods, gated, with a shortcut around all of it.
#[derive(Module, Debug)]
struct GatedAggregation {
    project_in: Conv2d,
    /// How much of what features have on top of their means is added, `[1, channels, 1, 1]`.
    emphasis: Param<Tensor<4>>,
    gate: Conv2d,
    value: MultiOrderConv,
    project_out: Conv2d,
}

impl GatedAggregation {
    fn new(channels: usize, device: &Device) -> Self {
        let project = || pointwise([channels, channels], device);
        Self {
            project_in: project(),
            emphasis: scale(channels, device),
            gate: project(),
            value: MultiOrderConv::new(channels, device),
            project_out: project(),
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let projected = self.project_in.forward(input.clone());
        let means = projected.clone().mean_dim(2).mean_dim(3);
        let features = silu(added(projected.clone(), projected - means, &self.emphasis));
        let gate = silu(self.gate.forward(features.clone()));
        let value = silu(self.value.forward(features));
        input + self.project_out.forward(gate * value)
    }

    fn cost(channels: usize, size: [usize; 2]) -> Cost {
        let orders: Cost = MultiOrderConv::layers(channels)
            .iter()
            .map(|layer| layer.cost(size))
            .sum();
        orders + Cost::linear(4 * channels * size[0] * size[1], channels)
    }
}

/// A feed-forward branch that is emphasized where its features differ from a mixture of them.
#[derive(Module, Debug)]
struct ChannelAggregation {
    expand: Conv2d,
    depthwise: DepthwiseConv2d,
    mixture: Conv2d,
    /// `[1, hidden, 1, 1]`
    emphasis: Param<Tensor<4>>,
    contract: Conv2d,
}

impl ChannelAggregation {
    const fn depthwise(hidden: usize) -> DepthwiseConv2dConfig {
        DepthwiseConv2dConfig::new(hidden, 3)
    }

    fn new(channels: usize, hidden: usize, device: &Device) -> Self {
        Self {
            expand: pointwise([channels, hidden], device),
            depthwise: Self::depthwise(hidden).init(device),
            mixture: pointwise([hidden, 1], device),
            emphasis: scale(hidden, device),
            contract: pointwise([hidden, channels], device),
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let hidden = gelu(self.depthwise.forward(self.expand.forward(input)));
        let mixture = gelu(self.mixture.forward(hidden.clone()));
        self.contract
            .forward(added(hidden.clone(), hidden - mixture, &self.emphasis))
    }

    fn cost(channels: usize, hidden: usize, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        Cost::linear(2 * hidden * positions, channels)
            + Self::depthwise(hidden).cost(size)
            + Cost::linear(positions, hidden)
    }
}

/// Gated aggregation of neighbors and aggregation of channels, each normalized, scaled and added to its input.
#[derive(Module, Debug)]
pub(crate) struct MogaNetBlock {
    attention_norm: BatchNorm2d,
    attention: GatedAggregation,
    attention_scale: Param<Tensor<4>>,
    mlp_norm: BatchNorm2d,
    mlp: ChannelAggregation,
    mlp_scale: Param<Tensor<4>>,
    drop_path: DropPath,
}

impl Block for MogaNetBlock {
    fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4> {
        let attention = self
            .attention
            .forward(self.attention_norm.forward(features.clone(), step));
        let features = added(features, self.drop_path.forward(attention), &self.attention_scale);
        let mixed = self.mlp.forward(self.mlp_norm.forward(features.clone(), step));
        added(features, self.drop_path.forward(mixed), &self.mlp_scale)
    }
}

impl SizedBlock for MogaNetBlock {
    const CHANNEL_MULTIPLE: usize = 8;

    fn new(config: &BlockConfig, device: &Device) -> Self {
        let channels = config.channels;
        let norm = BatchNorm2dConfig::new(channels).with_steps(config.steps);
        Self {
            attention_norm: norm.init(device),
            attention: GatedAggregation::new(channels, device),
            attention_scale: scale(channels, device),
            mlp_norm: norm.init(device),
            mlp: ChannelAggregation::new(channels, config.hidden(), device),
            mlp_scale: scale(channels, device),
            drop_path: DropPath::new(config.drop_path),
        }
    }

    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost {
        Cost::batch_norm(config.channels * size[0] * size[1]) * 2
            + GatedAggregation::cost(config.channels, size)
            + ChannelAggregation::cost(config.channels, config.hidden(), size)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        owned([
            ("attention_norm", "norm1"),
            ("attention.project_in", "attn.proj_1"),
            ("attention.emphasis", "attn.sigma"),
            ("attention.gate", "attn.gate"),
            ("attention.value.near", "attn.value.DW_conv0"),
            ("attention.value.middle", "attn.value.DW_conv1"),
            ("attention.value.far", "attn.value.DW_conv2"),
            ("attention.value.project", "attn.value.PW_conv"),
            ("attention.project_out", "attn.proj_2"),
            ("attention_scale", "layer_scale_1"),
            ("mlp_norm", "norm2"),
            ("mlp.expand", "mlp.fc1"),
            ("mlp.depthwise", "mlp.dwconv"),
            ("mlp.mixture", "mlp.decompose"),
            ("mlp.emphasis", "mlp.sigma"),
            ("mlp.contract", "mlp.fc2"),
            ("mlp_scale", "layer_scale_2"),
        ])
    }
}
