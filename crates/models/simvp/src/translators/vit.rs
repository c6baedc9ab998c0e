//! ViT: attention between all positions (Dosovitskiy et al., arXiv:2010.11929), without position embeddings.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost};
use foreframe_nn::{Block, DropPath, FeedForward, LayerNorm2d, SelfAttention};

use crate::SimVpConfig;
use crate::linear::INITIAL_STD;
use crate::translators::{BlockContext, PlacedBlock, owned};

const EPSILON: f64 = 1e-5;

/// Attention and a feed-forward branch, each normalized and added to its input.
#[derive(Module, Debug)]
pub(crate) struct VitBlock {
    attention_norm: LayerNorm2d,
    attention: SelfAttention,
    mlp_norm: LayerNorm2d,
    mlp: FeedForward,
    drop_path: DropPath,
}

impl Block for VitBlock {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let attention = self.attention.forward(self.attention_norm.forward(features.clone()));
        let features = features + self.drop_path.forward(attention);
        let mixed = self.mlp.on_channels(self.mlp_norm.forward(features.clone()));
        features + self.drop_path.forward(mixed)
    }
}

impl PlacedBlock for VitBlock {
    fn validate(config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError> {
        config.divides_channels(config.heads, clip, "each of network.heads has its share of them")
    }

    fn at(context: &BlockContext, device: &Device) -> Self {
        let channels = context.block.channels;
        let norm = || LayerNorm2d::new(channels, EPSILON, device);
        Self {
            attention_norm: norm(),
            attention: SelfAttention::new(channels, context.heads, INITIAL_STD, device),
            mlp_norm: norm(),
            mlp: FeedForward::new(channels, context.block.hidden(), INITIAL_STD, device),
            drop_path: DropPath::new(context.block.drop_path),
        }
    }

    fn cost_at(context: &BlockContext) -> Cost {
        let (channels, positions) = (context.block.channels, context.positions());
        Cost::group_norm(channels * positions) * 2
            + SelfAttention::cost(channels, 1, positions)
            + FeedForward::cost(channels, context.block.hidden(), positions)
    }

    fn keys() -> Vec<(String, String)> {
        owned([
            ("attention_norm", "norm1"),
            ("attention.query_key_value", "attn.qkv"),
            ("attention.project", "attn.proj"),
            ("mlp_norm", "norm2"),
            ("mlp.expand", "mlp.fc1"),
            ("mlp.contract", "mlp.fc2"),
        ])
    }
}
