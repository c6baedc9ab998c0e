//! Attention by rows and columns.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig, Conv2d, Conv2dConfig};
use foreframe_ops::sigmoid;

/// How many channels are squeezed into one, and the fewest that are left.
const REDUCTION: usize = 4;
const FEWEST: usize = 8;

/// Values per row and per column between squeeze and excitation.
fn squeezed(channels: usize) -> usize {
    (channels / REDUCTION).max(FEWEST)
}

/// `x` times a piecewise linear imitation of the logistic function (Howard et al., arXiv:1905.02244).
fn hard_swish(input: Tensor<4>) -> Tensor<4> {
    let gate = (input.clone() + 3.0).clamp(0.0, 6.0) / 6.0;
    input * gate
}

/// Weighs rows and columns by what their means tell (coordinate attention, Hou et al., arXiv:2103.02907).
#[derive(Module, Debug)]
pub(crate) struct FrequencyAttention {
    squeeze: Conv2d,
    norm: BatchNorm2d,
    rows: Conv2d,
    columns: Conv2d,
}

impl FrequencyAttention {
    pub(crate) fn new(channels: usize, steps: usize, device: &Device) -> Self {
        let hidden = squeezed(channels);
        let pointwise = |input, output| Conv2dConfig::new([input, output], 1).init(device);
        Self {
            squeeze: pointwise(channels, hidden),
            norm: BatchNorm2dConfig::new(hidden).with_steps(steps).init(device),
            rows: pointwise(hidden, channels),
            columns: pointwise(hidden, channels),
        }
    }

    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub(crate) fn forward(&self, input: Tensor<4>, step: usize) -> Tensor<4> {
        let [_, _, height, width] = input.dims();
        let rows = input.clone().mean_dim(3);
        let columns = input.clone().mean_dim(2).swap_dims(2, 3);
        let means = self.squeeze.forward(Tensor::cat(vec![rows, columns], 2));
        let squeezed = hard_swish(self.norm.forward(means, step));
        let rows = sigmoid(self.rows.forward(squeezed.clone().narrow(2, 0, height)));
        let columns = sigmoid(self.columns.forward(squeezed.narrow(2, height, width)));
        input * (rows * columns.swap_dims(2, 3))
    }

    pub(crate) fn cost(channels: usize, [height, width]: [usize; 2]) -> Cost {
        let (hidden, means) = (squeezed(channels), height + width);
        Cost::linear(hidden * means, channels)
            + Cost::batch_norm(hidden * means)
            + Cost::linear(channels * means, hidden)
    }
}
