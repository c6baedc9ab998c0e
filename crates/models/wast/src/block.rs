//! Time-frequency aware blocks.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig, DropPath, fan_in_uniform};
use foreframe_ops::{depthwise_conv2d, scaled_add};

use crate::attention::FrequencyAttention;
use crate::mixer::{TemporalMixer, TemporalMixerConfig};

/// Edge of the small kernel, and the short side of the large ones.
const SMALL: usize = 5;
/// First value of the scale of both branches: a fresh block is close to the identity.
const INITIAL_SCALE: f64 = 1e-2;

/// A depthwise convolution with a rectangular kernel, and batch normalization.
#[derive(Module, Debug)]
struct Strip {
    /// `[channels, 1, kernel_height, kernel_width]`
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    norm: BatchNorm2d,
}

impl Strip {
    fn new(norm: &BatchNorm2dConfig, [height, width]: [usize; 2], device: &Device) -> Self {
        let channels = norm.channels;
        let fan_in = Some(height * width);
        Self {
            weight: fan_in_uniform().init_with([channels, 1, height, width], fan_in, None, device),
            bias: fan_in_uniform().init_with([channels], fan_in, None, device),
            norm: norm.init(device),
        }
    }

    fn forward(&self, input: Tensor<4>, step: usize) -> Tensor<4> {
        let convolved = depthwise_conv2d(input, self.weight.val(), Some(self.bias.val()), 1);
        self.norm.forward(convolved, step)
    }

    fn cost(values: usize, kernel: [usize; 2]) -> Cost {
        Cost::convolution(values, 1, kernel) + Cost::batch_norm(values)
    }
}

/// Sizes of a [`Block`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BlockConfig {
    /// Channels of all frames together, in and out.
    pub(crate) channels: usize,
    /// Long side of the large kernels, odd.
    pub(crate) kernel: usize,
    /// Hidden channels of the mixer per channel.
    pub(crate) mlp_ratio: f64,
    /// Probability of leaving a branch out in training.
    pub(crate) drop_path: f64,
    /// Steps of a recurrence with running statistics of their own.
    pub(crate) steps: usize,
}

impl BlockConfig {
    const fn mixer(&self) -> TemporalMixerConfig {
        TemporalMixerConfig {
            channels: self.channels,
            ratio: self.mlp_ratio,
            steps: self.steps,
        }
    }

    pub(crate) fn init(&self, device: &Device) -> Block {
        let channels = self.channels;
        let norm = BatchNorm2dConfig::new(channels).with_steps(self.steps);
        let attention = || FrequencyAttention::new(channels, self.steps, device);
        Block {
            attention_norm: norm.init(device),
            tall: Strip::new(&norm, [self.kernel, SMALL], device),
            wide: Strip::new(&norm, [SMALL, self.kernel], device),
            low_frequency: attention(),
            small: Strip::new(&norm, [SMALL, SMALL], device),
            high_frequency: attention(),
            mixer_norm: norm.init(device),
            mixer: self.mixer().init(device),
            scale: Initializer::Constant { value: INITIAL_SCALE }.init([channels], device),
            drop_path: DropPath::new(self.drop_path),
        }
    }

    /// Cost for one image of this size.
    pub(crate) fn cost(&self, size: [usize; 2]) -> Cost {
        let values = self.channels * size[0] * size[1];
        Cost::batch_norm(values) * 2
            + Strip::cost(values, [self.kernel, SMALL]) * 2
            + Strip::cost(values, [SMALL, SMALL])
            + FrequencyAttention::cost(self.channels, size) * 2
            + self.mixer().cost(size)
    }
}

/// Large kernels for the low frequencies and a small one for the high ones, each with its attention; then a channel
/// mixing branch. Both branches have the same scale (figure 3 of the paper).
#[derive(Module, Debug)]
pub(crate) struct Block {
    attention_norm: BatchNorm2d,
    tall: Strip,
    wide: Strip,
    low_frequency: FrequencyAttention,
    small: Strip,
    high_frequency: FrequencyAttention,
    mixer_norm: BatchNorm2d,
    mixer: TemporalMixer,
    scale: Param<Tensor<1>>,
    drop_path: DropPath,
}

impl Block {
    /// With `dropping`, branches are left out in training; `step` decides which running statistics there are.
    ///
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`, with time among the channels
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>, dropping: bool, step: usize) -> Tensor<4> {
        let drop = |branch| {
            if dropping {
                self.drop_path.forward(branch)
            } else {
                branch
            }
        };
        let normalized = self.attention_norm.forward(input.clone(), step);
        let large = self.tall.forward(normalized.clone(), step) + self.wide.forward(normalized.clone(), step);
        let low = self.low_frequency.forward(large, step);
        let high = self.high_frequency.forward(self.small.forward(normalized, step), step);
        let input = scaled_add(input, drop(low + high), self.scale.val());
        let mixed = self.mixer.forward(self.mixer_norm.forward(input.clone(), step), step);
        scaled_add(input, drop(mixed), self.scale.val())
    }
}

/// Blocks in a row.
#[derive(Module, Debug)]
pub(crate) struct Translator {
    blocks: Vec<Block>,
}

impl Translator {
    pub(crate) fn new(blocks: &[BlockConfig], device: &Device) -> Self {
        Self {
            blocks: blocks.iter().map(|block| block.init(device)).collect(),
        }
    }

    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`, with time among the channels
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>, dropping: bool, step: usize) -> Tensor<4> {
        self.blocks
            .iter()
            .fold(input, |features, block| block.forward(features, dropping, step))
    }
}
