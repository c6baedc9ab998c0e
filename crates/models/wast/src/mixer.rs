//! The channel mixing branch.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig, Conv2d, Conv2dConfig};
use foreframe_ops::{relu, sigmoid};

const KERNEL: usize = 7;
/// Widths are multiples of this.
const MULTIPLE: usize = 8;

/// Sizes of a [`TemporalMixer`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TemporalMixerConfig {
    /// Channels in and out.
    pub(crate) channels: usize,
    /// Hidden channels per channel.
    pub(crate) ratio: f64,
    /// Steps of a recurrence with running statistics of their own.
    pub(crate) steps: usize,
}

impl TemporalMixerConfig {
    /// Hidden channels: the nearest multiple of 8, never less than nine tenths of what was asked for.
    fn hidden(&self) -> usize {
        let wanted = self.channels as f64 * self.ratio;
        let multiple = MULTIPLE as f64;
        let nearest = ((wanted / multiple + 0.5).floor() * multiple).max(multiple);
        let hidden = if nearest < 0.9 * wanted {
            nearest + multiple
        } else {
            nearest
        };
        hidden as usize
    }

    /// Values between squeeze and excitation.
    fn squeezed(&self) -> usize {
        self.hidden() / 4
    }

    pub(crate) fn init(&self, device: &Device) -> TemporalMixer {
        let (channels, hidden, squeezed) = (self.channels, self.hidden(), self.squeezed());
        let pointwise = |input, output| Conv2dConfig::new([input, output], 1);
        let norm = |channels| BatchNorm2dConfig::new(channels).with_steps(self.steps).init(device);
        let depthwise = Conv2dConfig::new([hidden, hidden], KERNEL).with_padding(KERNEL / 2);
        TemporalMixer {
            expand: pointwise(channels, hidden).without_bias().init(device),
            expand_norm: norm(hidden),
            depthwise: depthwise.with_groups(hidden).without_bias().init(device),
            depthwise_norm: norm(hidden),
            squeeze: pointwise(hidden, squeezed).init(device),
            excite: pointwise(squeezed, hidden).init(device),
            contract: pointwise(hidden, channels).without_bias().init(device),
            contract_norm: norm(channels),
        }
    }

    /// Cost for one image of this size.
    pub(crate) fn cost(&self, size: [usize; 2]) -> Cost {
        let (positions, hidden) = (size[0] * size[1], self.hidden());
        Cost::linear(hidden * positions, self.channels) * 2
            + Cost::convolution(hidden * positions, 1, [KERNEL, KERNEL])
            + Cost::linear(hidden, self.squeezed()) * 2
            + Cost::batch_norm(hidden * positions) * 2
            + Cost::batch_norm(self.channels * positions)
    }
}

/// 1x1 convolution up, depthwise 7x7, squeeze and excitation, 1x1 convolution down: an inverted residual without its
/// shortcut (Sandler et al., arXiv:1801.04381; Hu et al., arXiv:1709.01507). As time lies among the channels, it mixes
/// frames.
#[derive(Module, Debug)]
pub(crate) struct TemporalMixer {
    expand: Conv2d,
    expand_norm: BatchNorm2d,
    depthwise: Conv2d,
    depthwise_norm: BatchNorm2d,
    squeeze: Conv2d,
    excite: Conv2d,
    contract: Conv2d,
    contract_norm: BatchNorm2d,
}

impl TemporalMixer {
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>, step: usize) -> Tensor<4> {
        let hidden = relu(self.expand_norm.forward(self.expand.forward(input), step));
        let hidden = relu(self.depthwise_norm.forward(self.depthwise.forward(hidden), step));
        let [batch, channels, height, width] = hidden.dims();
        let means = hidden.clone().reshape([batch, channels, height * width]).mean_dim(2);
        let squeezed = relu(self.squeeze.forward(means.reshape([batch, channels, 1, 1])));
        let gate = sigmoid(self.excite.forward(squeezed));
        self.contract_norm.forward(self.contract.forward(hidden * gate), step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_multiples_of_eight() {
        let hidden = |channels, ratio| {
            let steps = 1;
            TemporalMixerConfig { channels, ratio, steps }.hidden()
        };
        assert_eq!(hidden(16, 2.0), 32);
        assert_eq!(hidden(80, 4.0), 320);
        assert_eq!(hidden(10, 2.0), 24);
        assert_eq!(hidden(11, 1.0), 16);
        assert_eq!(hidden(1, 0.5), 8);
    }
}
