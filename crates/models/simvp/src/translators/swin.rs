//! Swin: attention within windows, every second block's shifted (Liu et al., arXiv:2103.14030).

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use foreframe_core::{ClipShape, ConfigError, Cost};
use foreframe_nn::{Block, DropPath, LayerNorm2d, normal};

use crate::SimVpConfig;
use crate::attention::SelfAttention;
use crate::config::common_divisor;
use crate::linear::{FeedForward, feed_forward_cost};
use crate::translators::{BlockContext, PlacedBlock, owned};

const EPSILON: f64 = 1e-5;
const INITIAL_STD: f64 = 0.02;
/// The largest window that OpenSTL chooses.
const LARGEST_WINDOW: usize = 8;

/// How latents are cut into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Windows {
    /// Edge of a window.
    edge: usize,
    /// By how much the windows of odd blocks are shifted, down and to the right.
    shift: usize,
}

impl Windows {
    /// Windows of `edge`, or of the edge that OpenSTL chooses for 0, but no larger than the latents. Where they are as
    /// large, there is nothing to shift.
    fn new(edge: usize, latent: [usize; 2]) -> Self {
        let wanted = match (edge, latent[0].is_multiple_of(7)) {
            (0, true) => 7,
            (0, false) => (latent[0] / 16).clamp(4, LARGEST_WINDOW),
            (edge, _) => edge,
        };
        let smallest = latent[0].min(latent[1]);
        Self {
            edge: wanted.min(smallest),
            shift: if wanted < smallest { wanted / 2 } else { 0 },
        }
    }
}

/// Attention within windows and a feed-forward branch, each normalized and added to its input. Windows that are cut off at
/// an edge and joined with those of the opposite edge are not masked, as in OpenSTL.
#[derive(Module, Debug)]
pub(crate) struct SwinBlock {
    attention_norm: LayerNorm2d,
    /// Relative position bias: by the distance of two positions down and to the right and by head,
    /// `[(2 * edge - 1)^2, heads]`.
    position_bias: Param<Tensor<2>>,
    attention: SelfAttention,
    mlp_norm: LayerNorm2d,
    mlp: FeedForward,
    drop_path: DropPath,
    edge: usize,
    shift: usize,
}

impl SwinBlock {
    /// Position bias of all pairs of positions in a window, `[1, heads, positions, positions]`.
    fn bias(&self) -> Tensor<4> {
        let table = self.position_bias.val();
        let [_, heads] = table.dims();
        let positions = self.edge * self.edge;
        let distances = Tensor::<1, Int>::from_data(distances(self.edge), &table.device());
        table
            .select(0, distances)
            .reshape([1, positions, positions, heads])
            .permute([0, 3, 1, 2])
    }

    /// # Shapes
    /// - `query_key_value`: `[batch, 3 * channels, height, width]`
    /// - output: `[batch, channels, height, width]`
    fn attend(&self, query_key_value: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = query_key_value.dims();
        let (edge, shift) = (self.edge, self.shift as i64);
        let [rows, columns] = [height / edge, width / edge];
        let shifted = roll(query_key_value, -shift);
        let windows = shifted
            .reshape([batch, channels, rows, edge, columns, edge])
            .permute([0, 2, 4, 1, 3, 5])
            .reshape([batch * rows * columns, channels, edge * edge]);
        let found = self.attention.attend(windows, Some(self.bias()));
        let merged = found
            .reshape([batch, rows, columns, channels / 3, edge, edge])
            .permute([0, 3, 1, 4, 2, 5])
            .reshape([batch, channels / 3, height, width]);
        roll(merged, shift)
    }
}

/// Moves an image down and to the right; what leaves it comes in at the opposite edge.
fn roll(image: Tensor<4>, by: i64) -> Tensor<4> {
    if by == 0 {
        return image;
    }
    image.roll(&[by, by], &[2, 3])
}

/// For every pair of positions of a window, query before key, the row of the table that its distance stands for.
fn distances(edge: usize) -> TensorData {
    let span = 2 * edge - 1;
    let positions = || (0..edge).flat_map(|row| (0..edge).map(move |column| (row, column)));
    let pairs = positions().flat_map(|(row, column)| {
        positions().map(move |(other_row, other_column)| {
            let down = row + edge - 1 - other_row;
            let right = column + edge - 1 - other_column;
            (down * span + right) as i64
        })
    });
    TensorData::new(pairs.collect::<Vec<i64>>(), [edge.pow(4)])
}

impl Block for SwinBlock {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let normalized = self.attention_norm.forward(features.clone());
        let attention = self.attention.within(normalized, |all| self.attend(all));
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
        let edge = Windows::new(config.window, [height, width]).edge;
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
        let windows = Windows::new(context.window, context.latent);
        let distances = (2 * windows.edge - 1).pow(2);
        Self {
            attention_norm: norm(),
            position_bias: normal(INITIAL_STD).init([distances, context.heads], device),
            attention: SelfAttention::new(channels, context.heads, device),
            mlp_norm: norm(),
            mlp: FeedForward::new(channels, context.block.hidden(), device),
            drop_path: DropPath::new(context.block.drop_path),
            edge: windows.edge,
            shift: if context.index.is_multiple_of(2) {
                0
            } else {
                windows.shift
            },
        }
    }

    fn cost_at(context: &BlockContext) -> Cost {
        let (channels, positions) = (context.block.channels, context.positions());
        let window = Windows::new(context.window, context.latent).edge.pow(2);
        Cost::group_norm(channels * positions) * 2
            + SelfAttention::cost(channels, positions / window, window)
            + feed_forward_cost(channels, context.block.hidden(), positions)
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
            let windows = Windows::new(edge, latent);
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

    #[test]
    fn distances_are_down_then_right() {
        let found: Vec<i64> = distances(2).iter().collect();
        assert_eq!(found, [4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4]);
    }
}
