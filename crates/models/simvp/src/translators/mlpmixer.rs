//! MLP-Mixer: matrices over positions and over channels in turn (Tolstikhin et al., arXiv:2105.01601).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost};
use foreframe_nn::{Block, DropPath, FeedForward, LayerNorm2d};

use crate::SimVpConfig;
use crate::linear::INITIAL_STD;
use crate::translators::{BlockContext, PlacedBlock, owned};

const EPSILON: f64 = 1e-6;

/// Mixes positions, then channels, each normalized and added to its input. It knows frames of one size only.
#[derive(Module, Debug)]
pub(crate) struct MlpMixerBlock {
    position_norm: LayerNorm2d,
    positions: FeedForward,
    channel_norm: LayerNorm2d,
    channels: FeedForward,
    drop_path: DropPath,
    grid: [usize; 2],
}

/// Hidden values of the branch over positions, as OpenSTL counts them: by channels, not by positions.
const fn hidden_positions(channels: usize) -> usize {
    channels / 2
}

impl Block for MlpMixerBlock {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let [batch, channels, height, width] = features.dims();
        assert!(
            [height, width] == self.grid,
            "MLP-Mixer was built for latents of {} x {}, these have {height} x {width}",
            self.grid[0],
            self.grid[1]
        );
        let normalized = self.position_norm.forward(features.clone());
        let mixed = self
            .positions
            .on_columns(normalized.reshape([batch, channels, height * width]));
        let features = features + self.drop_path.forward(mixed.reshape([batch, channels, height, width]));
        let mixed = self.channels.on_channels(self.channel_norm.forward(features.clone()));
        features + self.drop_path.forward(mixed)
    }
}

impl PlacedBlock for MlpMixerBlock {
    fn validate(config: &SimVpConfig, _clip: &ClipShape) -> Result<(), ConfigError> {
        if config.temporal_channels >= 2 {
            return Ok(());
        }
        let problem = format!(
            "is {}: positions are mixed through half as many values",
            config.temporal_channels
        );
        Err(ConfigError::new("network.temporal_channels", problem, "use 2 or more"))
    }

    fn at(context: &BlockContext, device: &Device) -> Self {
        let channels = context.block.channels;
        let norm = || LayerNorm2d::new(channels, EPSILON, device);
        Self {
            position_norm: norm(),
            positions: FeedForward::new(context.positions(), hidden_positions(channels), INITIAL_STD, device),
            channel_norm: norm(),
            channels: FeedForward::new(channels, context.block.hidden(), INITIAL_STD, device),
            drop_path: DropPath::new(context.block.drop_path),
            grid: context.latent,
        }
    }

    fn cost_at(context: &BlockContext) -> Cost {
        let (channels, positions) = (context.block.channels, context.positions());
        Cost::group_norm(channels * positions) * 2
            + FeedForward::cost(positions, hidden_positions(channels), channels)
            + FeedForward::cost(channels, context.block.hidden(), positions)
    }

    fn keys() -> Vec<(String, String)> {
        owned([
            ("position_norm", "norm1"),
            ("positions.expand", "mlp_tokens.fc1"),
            ("positions.contract", "mlp_tokens.fc2"),
            ("channel_norm", "norm2"),
            ("channels.expand", "mlp_channels.fc1"),
            ("channels.contract", "mlp_channels.fc2"),
        ])
    }
}
