//! Swin: attention within windows, every second block's shifted (Liu et al., arXiv:2103.14030).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost};
use foreframe_nn::{Block, DropPath, FeedForward, LayerNorm2d, SelfAttention, Windows};

use crate::SimVpConfig;
use crate::config::common_divisor;
use crate::linear::INITIAL_STD;
use crate::translators::{BlockContext, PlacedBlock, owned};

const EPSILON: f64 = 1e-5;
/// The largest window that OpenSTL chooses.
const LARGEST_WINDOW: usize = 8;

/// Windows of `edge`, or of the edge that OpenSTL chooses for 0. Those that are cut off at an edge and joined with those of
/// the opposite edge are not masked, as in OpenSTL.
fn windows(edge: usize, latent: [usize; 2]) -> Windows {
    let edge = match (edge, latent[0].is_multiple_of(7)) {
        (0, true) => 7,
        (0, false) => (latent[0] / 16).clamp(4, LARGEST_WINDOW),
        (edge, _) => edge,
    };
    Windows {
        masked: false,
        ..Windows::fitting(edge, latent)
    }
}

/// Attention within windows and a feed-forward branch, each normalized and added to its input.
#[derive(Module, Debug)]
pub(crate) struct SwinBlock {
    attention_norm: LayerNorm2d,
    position_bias: Param<Tensor<2>>,
    attention: SelfAttention,
    mlp_norm: LayerNorm2d,
    mlp: FeedForward,
    drop_path: DropPath,
    windows: Windows,
}

impl Block for SwinBlock {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let normalized = self.attention_norm.forward(features.clone());
        let attention = self
            .windows
            .attend(&self.attention, self.position_bias.val(), normalized);
        let features = features + self.drop_path.forward(attention);
        let mixed = self.mlp.on_channels(self.mlp_norm.forward(features.clone()));
        features + self.drop_path.forward(mixed)
    }
}

impl PlacedBlock for SwinBlock {
    const SKIPPED: &'static [(&'static str, &'static str)] = &[
        ("relative_position_index", "follows from the size of the windows"),
        ("attn_mask", "OpenSTL never uses it"),
    ];

    fn validate(config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError> {
        config.divides_channels(config.heads, clip, "each of network.heads has its share of them")?;
        let [height, width] = config.latent_size(clip);
        let edge = windows(config.window, [height, width]).edge;
        if height.is_multiple_of(edge) && width.is_multiple_of(edge) {
            return Ok(());
        }
        let common = common_divisor(height, width);
        let fitting = (1..=common.min(LARGEST_WINDOW))
            .rev()
            .find(|edge| common.is_multiple_of(*edge));
        let problem = match config.window {
            0 => format!("is 0, which chooses {edge}, and that does not divide latents of {height} x {width}"),
            _ => format!("is {edge}, which does not divide latents of {height} x {width}"),
        };
        let remedy = format!(
            "use {}, or frames whose latents are a multiple of {edge} high and wide",
            fitting.unwrap_or(1)
        );
        Err(ConfigError::new("network.window", problem, remedy))
    }

    fn at(context: &BlockContext, device: &Device) -> Self {
        let channels = context.block.channels;
        let norm = || LayerNorm2d::new(channels, EPSILON, device);
        let windows = windows(context.window, context.latent).of_block(context.index);
        Self {
            attention_norm: norm(),
            position_bias: windows.position_bias(context.heads, device),
            attention: SelfAttention::new(channels, context.heads, INITIAL_STD, device),
            mlp_norm: norm(),
            mlp: FeedForward::new(channels, context.block.hidden(), INITIAL_STD, device),
            drop_path: DropPath::new(context.block.drop_path),
            windows,
        }
    }

    fn cost_at(context: &BlockContext) -> Cost {
        let (channels, positions) = (context.block.channels, context.positions());
        Cost::group_norm(channels * positions) * 2
            + windows(context.window, context.latent).cost(channels, positions)
            + FeedForward::cost(channels, context.block.hidden(), positions)
    }

    fn keys() -> Vec<(String, String)> {
        owned([
            ("attention_norm", "norm1"),
            ("position_bias", "attn.relative_position_bias_table"),
            ("attention.query_key_value", "attn.qkv"),
            ("attention.project", "attn.proj"),
            ("mlp_norm", "norm2"),
            ("mlp.expand", "mlp.fc1"),
            ("mlp.contract", "mlp.fc2"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_openstls() {
        let found = |edge, latent| {
            let windows = windows(edge, latent);
            [windows.edge, windows.shift]
        };
        assert_eq!(found(0, [14, 14]), [7, 3]);
        assert_eq!(found(0, [16, 16]), [4, 2]);
        assert_eq!(found(0, [96, 96]), [6, 3]);
        assert_eq!(found(0, [256, 256]), [8, 4]);
        assert_eq!(found(0, [4, 8]), [4, 0]);
        assert_eq!(found(0, [2, 4]), [2, 0]);
        assert_eq!(found(5, [20, 10]), [5, 2]);
    }
}
