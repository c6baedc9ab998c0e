//! The physical branch.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, GroupNorm};
use foreframe_ops::{Then, sigmoid};

use crate::moments::{EDGE, ORDERS, moment_loss};

/// Groups of the normalization between derivatives.
const GROUPS: usize = 7;

fn derivatives(width: usize) -> Conv2dConfig {
    Conv2dConfig::new([width, ORDERS], EDGE).with_padding(EDGE / 2)
}

fn combination(width: usize) -> Conv2dConfig {
    Conv2dConfig::new([ORDERS, width], 1)
}

fn gain(width: usize) -> Conv2dConfig {
    Conv2dConfig::new([2 * width, width], 3).with_padding(1)
}

/// A step of a partial differential equation, corrected by the observation as a Kalman filter does (equations 3 to 6 of the
/// paper).
#[derive(Module, Debug)]
pub(crate) struct PhyCell {
    derivatives: Conv2d,
    norm: GroupNorm,
    combination: Conv2d,
    gain: Conv2d,
}

impl PhyCell {
    pub(crate) fn new(width: usize, device: &Device) -> Self {
        Self {
            derivatives: derivatives(width).init(device),
            norm: GroupNorm::new(GROUPS, ORDERS, device),
            combination: combination(width).init(device),
            gain: gain(width).init(device),
        }
    }

    pub(crate) fn cost(width: usize, image: [usize; 2]) -> Cost {
        let norm = Cost::group_norm(ORDERS * image[0] * image[1]);
        derivatives(width).cost(image) + norm + combination(width).cost(image) + gain(width).cost(image)
    }

    /// The new state.
    ///
    /// # Shapes
    /// - all: `[batch, width, height, width]`
    pub(crate) fn forward(&self, observed: Tensor<4>, state: Tensor<4>) -> Tensor<4> {
        let gain = self.gain.forward(Tensor::cat(vec![observed.clone(), state.clone()], 1));
        let derivatives = self
            .norm
            .forward(self.derivatives.forward(state.clone()), Then::Nothing);
        let predicted = state + self.combination.forward(derivatives);
        predicted.clone() + sigmoid(gain) * (observed - predicted)
    }

    /// How far the convolutions are from partial derivatives.
    pub(crate) fn moment_loss(&self) -> Tensor<1> {
        moment_loss(self.derivatives.weight.val())
    }
}
