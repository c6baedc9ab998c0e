//! The temporal attention unit.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Block, LargeKernelBlock, LargeKernelConv, SpatialGate, keys_below, normal};
use foreframe_ops::{relu, sigmoid};

/// How many channels the dynamical attention is meant to squeeze into one.
const REDUCTION: usize = 16;
const INITIAL_STD: f64 = 0.02;

/// Values between squeeze and excitation. OpenSTL divides by the reduction twice, so there are about 16 at any width.
fn squeezed(channels: usize) -> usize {
    channels / (channels / REDUCTION).max(4)
}

/// Attention across frames: one weight per channel, that is per frame and feature, from their spatial means.
#[derive(Module, Debug)]
struct DynamicalAttention {
    /// `[squeezed, channels]`
    squeeze: Param<Tensor<2>>,
    /// `[channels, squeezed]`
    excite: Param<Tensor<2>>,
}

impl DynamicalAttention {
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: `[batch, channels, 1, 1]`
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = input.dims();
        let means = input
            .reshape([batch, channels, height * width])
            .mean_dim(2)
            .reshape([batch, channels]);
        let squeezed = relu(means.matmul(self.squeeze.val().transpose()));
        sigmoid(squeezed.matmul(self.excite.val().transpose())).reshape([batch, channels, 1, 1])
    }
}

/// Temporal attention (figure 3 of the paper): *statical*, within frames, by large kernels, times *dynamical*, across
/// frames. Its block needs 4 channels or more.
#[derive(Module, Debug)]
pub struct TemporalGate {
    statical: LargeKernelConv,
    dynamical: DynamicalAttention,
}

/// One block of TAU's translator.
pub type TauBlock = LargeKernelBlock<TemporalGate>;

impl Block for TemporalGate {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let attention = self.statical.forward(features.clone()) * self.dynamical.forward(features.clone());
        attention * features
    }
}

impl SpatialGate for TemporalGate {
    fn new(channels: usize, device: &Device) -> Self {
        let hidden = squeezed(channels);
        Self {
            statical: LargeKernelConv::new([channels, channels], device),
            dynamical: DynamicalAttention {
                squeeze: normal(INITIAL_STD).init([hidden, channels], device),
                excite: normal(INITIAL_STD).init([channels, hidden], device),
            },
        }
    }

    fn cost(channels: usize, size: [usize; 2]) -> Cost {
        LargeKernelConv::cost([channels, channels], size) + Cost::linear(channels, squeezed(channels)) * 2
    }

    fn openstl_keys() -> Vec<(String, String)> {
        let mut keys = LargeKernelConv::openstl_keys("statical");
        keys.extend(keys_below(
            "dynamical",
            "fc",
            [("squeeze", "0.weight"), ("excite", "2.weight")]
                .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())),
        ));
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::count_parameters;
    use foreframe_nn::{BlockConfig, SizedBlock};

    #[test]
    fn has_openstls_number_of_parameters() {
        let device = Device::flex();
        for (channels, parameters) in [(256, 1_297_920), (128, 337_664)] {
            let config = BlockConfig {
                channels,
                mlp_ratio: 8,
                drop_path: 0.0,
                steps: 1,
            };
            assert_eq!(count_parameters(&TauBlock::new(&config, &device)), parameters);
        }
    }
}
