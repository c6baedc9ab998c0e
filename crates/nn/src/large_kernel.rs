//! Blocks whose attention is made of large-kernel convolutions.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{gelu, scaled_add};

use crate::{
    BatchNorm2d, BatchNorm2dConfig, Block, BlockConfig, Conv2d, Conv2dConfig, ConvMlp, ConvMlpConfig, DepthwiseConv2d,
    DepthwiseConv2dConfig, DropPath, SizedBlock, fan_out_std, keys_below,
};

/// First value of the scales of both branches: a fresh block is close to the identity.
const INITIAL_SCALE: f64 = 1e-2;

/// A field of 21x21 built from a depthwise 5x5, a depthwise 7x7 with dilation 3 and a 1x1 convolution (Guo et al.,
/// arXiv:2202.09741).
#[derive(Module, Debug)]
pub struct LargeKernelConv {
    depthwise: DepthwiseConv2d,
    dilated: DepthwiseConv2d,
    pointwise: Conv2d,
}

impl LargeKernelConv {
    const fn depthwise(channels: usize) -> DepthwiseConv2dConfig {
        DepthwiseConv2dConfig::new(channels, 5)
    }

    const fn dilated(channels: usize) -> DepthwiseConv2dConfig {
        DepthwiseConv2dConfig::new(channels, 7).with_dilation(3)
    }

    /// The layers with fresh weights.
    pub fn new([input, output]: [usize; 2], device: &Device) -> Self {
        Self {
            depthwise: Self::depthwise(input).init(device),
            dilated: Self::dilated(input).init(device),
            pointwise: pointwise([input, output], device),
        }
    }

    /// # Shapes
    /// - `features`: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`
    pub fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        self.pointwise
            .forward(self.dilated.forward(self.depthwise.forward(features)))
    }

    /// Cost for one image of this size.
    pub const fn cost([input, output]: [usize; 2], size: [usize; 2]) -> Cost {
        let [depthwise, dilated] = [Self::depthwise(input).cost(size), Self::dilated(input).cost(size)];
        let pointwise = Cost::linear(output * size[0] * size[1], input);
        Cost {
            multiplications: depthwise.multiplications + dilated.multiplications + pointwise.multiplications,
            normalization: 0,
        }
    }

    /// OpenSTL's names of its tensors: our name, for a gate's field `ours`, and theirs, from the gate on.
    pub fn openstl_keys(ours: &str) -> Vec<(String, String)> {
        [
            ("depthwise", "conv0"),
            ("dilated", "conv_spatial"),
            ("pointwise", "conv1"),
        ]
        .map(|(layer, theirs)| (format!("{ours}.{layer}"), theirs.to_owned()))
        .to_vec()
    }
}

/// A 1x1 convolution as OpenSTL begins it.
fn pointwise(channels: [usize; 2], device: &Device) -> Conv2d {
    Conv2dConfig::new(channels, 1).init_normal(fan_out_std(channels[1], 1, 1), device)
}

/// A gate that weights features by their neighborhood.
pub trait SpatialGate: Block {
    /// The gate with fresh weights.
    fn new(channels: usize, device: &Device) -> Self;

    /// Cost for one image of this size.
    fn cost(channels: usize, size: [usize; 2]) -> Cost;

    /// OpenSTL's names of its tensors: our name and theirs, both from the gate on.
    fn openstl_keys() -> Vec<(String, String)>;
}

/// A gate between two 1x1 convolutions, with a shortcut around all of it.
#[derive(Module, Debug)]
struct LargeKernelAttention<G: SpatialGate> {
    project_in: Conv2d,
    gate: G,
    project_out: Conv2d,
}

impl<G: SpatialGate> LargeKernelAttention<G> {
    fn forward(&self, input: Tensor<4>, step: usize) -> Tensor<4> {
        let features = gelu(self.project_in.forward(input.clone()));
        input + self.project_out.forward(self.gate.forward(features, step))
    }
}

/// Attention by large kernels and a convolutional feed-forward branch, each normalized, scaled and added to its input: the
/// block of VAN (Guo et al., arXiv:2202.09741), of SimVP's gSTA (Tan et al., arXiv:2211.12509) and of TAU (Tan et al.,
/// arXiv:2206.12126), which differ in their gate.
#[derive(Module, Debug)]
pub struct LargeKernelBlock<G: SpatialGate> {
    attention_norm: BatchNorm2d,
    attention: LargeKernelAttention<G>,
    attention_scale: Param<Tensor<1>>,
    mlp_norm: BatchNorm2d,
    mlp: ConvMlp,
    mlp_scale: Param<Tensor<1>>,
    drop_path: DropPath,
}

impl<G: SpatialGate> Block for LargeKernelBlock<G> {
    fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4> {
        let normalized = self.attention_norm.forward(features.clone(), step);
        let attention = self.attention.forward(normalized, step);
        let features = scaled_add(features, self.drop_path.forward(attention), self.attention_scale.val());
        let mixed = self.mlp.forward(self.mlp_norm.forward(features.clone(), step));
        scaled_add(features, self.drop_path.forward(mixed), self.mlp_scale.val())
    }
}

fn mlp(config: &BlockConfig) -> ConvMlpConfig {
    ConvMlpConfig {
        channels: config.channels,
        hidden: config.hidden(),
    }
}

impl<G: SpatialGate> SizedBlock for LargeKernelBlock<G> {
    fn new(config: &BlockConfig, device: &Device) -> Self {
        let channels = config.channels;
        let scale = || Initializer::Constant { value: INITIAL_SCALE }.init([channels], device);
        let norm = BatchNorm2dConfig::new(channels).with_steps(config.steps);
        Self {
            attention_norm: norm.init(device),
            attention: LargeKernelAttention {
                project_in: pointwise([channels, channels], device),
                gate: G::new(channels, device),
                project_out: pointwise([channels, channels], device),
            },
            attention_scale: scale(),
            mlp_norm: norm.init(device),
            mlp: mlp(config).init(device),
            mlp_scale: scale(),
            drop_path: DropPath::new(config.drop_path),
        }
    }

    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost {
        let values = config.channels * size[0] * size[1];
        Cost::batch_norm(values) * 2
            + Cost::linear(values, config.channels) * 2
            + G::cost(config.channels, size)
            + mlp(config).cost(size)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        let mut keys = keys_below("attention.gate", "attn.spatial_gating_unit", G::openstl_keys());
        keys.extend(
            [
                ("attention_norm", "norm1"),
                ("attention.project_in", "attn.proj_1"),
                ("attention.project_out", "attn.proj_2"),
                ("attention_scale", "layer_scale_1"),
                ("mlp_norm", "norm2"),
                ("mlp.expand", "mlp.fc1"),
                ("mlp.depthwise", "mlp.dwconv.dwconv"),
                ("mlp.contract", "mlp.fc2"),
                ("mlp_scale", "layer_scale_2"),
            ]
            .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())),
        );
        keys
    }
}
