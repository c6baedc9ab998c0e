//! One block of TAU's translator.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig, ConvMlp, ConvMlpConfig, DropPath};
use foreframe_ops::scaled_add;

use crate::attention::TemporalAttention;

/// First value of the scales of both branches: a fresh block is close to the identity.
const INITIAL_SCALE: f64 = 1e-2;

/// Sizes of a [`TauBlock`].
#[derive(Clone, Debug, PartialEq)]
pub struct TauBlockConfig {
    /// Channels in and out.
    pub channels: usize,
    /// Hidden channels of the feed-forward branch per channel.
    pub mlp_ratio: usize,
    /// Probability of leaving a branch out in training.
    pub drop_path: f64,
}

impl TauBlockConfig {
    const fn mlp(&self) -> ConvMlpConfig {
        ConvMlpConfig {
            channels: self.channels,
            hidden: self.channels * self.mlp_ratio,
        }
    }

    /// The block with fresh weights.
    pub fn init(&self, device: &Device) -> TauBlock {
        let scale = || Initializer::Constant { value: INITIAL_SCALE }.init([self.channels], device);
        TauBlock {
            attention_norm: BatchNorm2dConfig::new(self.channels).init(device),
            attention: TemporalAttention::new(self.channels, device),
            attention_scale: scale(),
            mlp_norm: BatchNorm2dConfig::new(self.channels).init(device),
            mlp: self.mlp().init(device),
            mlp_scale: scale(),
            drop_path: DropPath::new(self.drop_path),
        }
    }

    /// What one image of this size costs.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        Cost::batch_norm(self.channels * size[0] * size[1]) * 2
            + TemporalAttention::cost(self.channels, size)
            + self.mlp().cost(size)
    }
}

/// Temporal attention and a convolutional feed-forward branch, each normalized, scaled and added to its input.
#[derive(Module, Debug)]
pub struct TauBlock {
    attention_norm: BatchNorm2d,
    attention: TemporalAttention,
    attention_scale: Param<Tensor<1>>,
    mlp_norm: BatchNorm2d,
    mlp: ConvMlp,
    mlp_scale: Param<Tensor<1>>,
    drop_path: DropPath,
}

impl TauBlock {
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`, with time among the channels
    /// - output: the same
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let attention = self.attention.forward(self.attention_norm.forward(input.clone()));
        let input = scaled_add(input, self.drop_path.forward(attention), self.attention_scale.val());
        let mixed = self.mlp.forward(self.mlp_norm.forward(input.clone()));
        scaled_add(input, self.drop_path.forward(mixed), self.mlp_scale.val())
    }
}

/// What OpenSTL calls the tensors of a [`TauBlock`]: pairs of our name and theirs, for a block at the path `ours` here
/// and `theirs` there.
pub fn openstl_block_keys(ours: &str, theirs: &str) -> Vec<(String, String)> {
    [
        ("attention_norm", "norm1"),
        ("attention.project_in", "attn.proj_1"),
        ("attention.statical.depthwise", "attn.spatial_gating_unit.conv0"),
        ("attention.statical.dilated", "attn.spatial_gating_unit.conv_spatial"),
        ("attention.statical.pointwise", "attn.spatial_gating_unit.conv1"),
        ("attention.dynamical.squeeze", "attn.spatial_gating_unit.fc.0.weight"),
        ("attention.dynamical.excite", "attn.spatial_gating_unit.fc.2.weight"),
        ("attention.project_out", "attn.proj_2"),
        ("attention_scale", "layer_scale_1"),
        ("mlp_norm", "norm2"),
        ("mlp.expand", "mlp.fc1"),
        ("mlp.depthwise", "mlp.dwconv.dwconv"),
        ("mlp.contract", "mlp.fc2"),
        ("mlp_scale", "layer_scale_2"),
    ]
    .map(|(our_part, their_part)| (format!("{ours}.{our_part}"), format!("{theirs}.{their_part}")))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::count_parameters;

    #[test]
    fn has_openstls_number_of_parameters() {
        let device = Device::flex();
        for (channels, parameters) in [(256, 1_297_920), (128, 337_664)] {
            let config = TauBlockConfig {
                channels,
                mlp_ratio: 8,
                drop_path: 0.0,
            };
            assert_eq!(count_parameters(&config.init(&device)), parameters);
        }
    }
}
