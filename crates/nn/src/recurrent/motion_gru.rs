//! The recurrent unit that tracks motion.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{neighborhood_warp, sigmoid, tanh};

use super::growth::{self, Growth};
use super::motion::MotionState;
use super::{GrowthDecay, MotionPathConfig};
use crate::fan_in_uniform;
use crate::{Conv2d, Conv2dConfig};

/// A displacement down and one to the right for each of nine neighbors.
pub(super) const DISPLACEMENTS: usize = 18;
const NEIGHBORS: usize = 9;
/// How far the trend moves towards the newest motion in one step.
const TREND_RATE: f64 = 0.5;

fn gate(channels: usize) -> Conv2dConfig {
    Conv2dConfig::new([channels + DISPLACEMENTS, DISPLACEMENTS], 3).with_padding(1)
}

fn modulation(channels: usize) -> Conv2dConfig {
    Conv2dConfig::new([channels, NEIGHBORS], 3).with_padding(1)
}

/// Estimates where every neighborhood moves to, as a transient part from a GRU and a trend, and warps the features along
/// it (Wu et al., MotionRNN, CVPR 2021, equations 3 to 5).
#[derive(Module, Debug)]
pub(super) struct MotionGru {
    update: Conv2d,
    reset: Conv2d,
    candidate: Conv2d,
    growth: Option<Growth>,
    modulation: Conv2d,
    /// `[channels, channels, 3, 3]`
    warp: Param<Tensor<4>>,
}

impl MotionGru {
    /// The convolutions of motion begin at 0, so that nothing is warped by chance at first.
    pub(super) fn new(channels: usize, growing: bool, device: &Device) -> Self {
        let gate = || gate(channels).init_zero_weights(device);
        Self {
            update: gate(),
            reset: gate(),
            candidate: gate(),
            growth: growing.then(|| Growth::new(channels, device)),
            modulation: modulation(channels).init_zero_weights(device),
            warp: fan_in_uniform().init_with([channels, channels, 3, 3], Some(channels * NEIGHBORS), None, device),
        }
    }

    pub(super) fn cost(channels: usize, growing: bool, size: [usize; 2]) -> Cost {
        let growth = match growing {
            true => Growth::cost(channels),
            false => Cost::default(),
        };
        let warp = Conv2dConfig::new([channels, channels], 3);
        gate(channels).cost(size) * 3 + modulation(channels).cost(size) + warp.cost(size) + growth
    }

    /// # Shapes
    /// - `features` and output: `[batch, channels, height, width]`
    pub(super) fn forward(
        &self,
        features: Tensor<4>,
        state: MotionState,
        step: usize,
        decay_by: GrowthDecay,
    ) -> (Tensor<4>, MotionState) {
        let MotionState { displacement, trend } = state;
        let both = Tensor::cat(vec![features.clone(), displacement.clone()], 1);
        let update = sigmoid(self.update.forward(both.clone()));
        let reset = sigmoid(self.reset.forward(both));
        let remembered = Tensor::cat(vec![features.clone(), displacement.clone() * reset], 1);
        let candidate = tanh(self.candidate.forward(remembered));
        let transient = displacement.clone() + update * (candidate - displacement.clone());

        let trend = match &self.growth {
            Some(growth) => growth.forward(features.clone(), trend, step, decay_by),
            None => trend,
        };
        let trend = trend.clone() + (displacement - trend) * TREND_RATE;
        let displacement = transient + trend.clone();

        let modulation = sigmoid(self.modulation.forward(features.clone()));
        let warped = neighborhood_warp(features, displacement.clone(), modulation, self.warp.val());
        (warped, MotionState { displacement, trend })
    }
}

impl MotionPathConfig {
    /// Our names of the unit's tensors and those of the published code, below the unit's path.
    pub(super) fn unit_keys(&self) -> Vec<(String, String)> {
        let own = [
            ("update", "update"),
            ("reset", "reset"),
            ("candidate", "output"),
            ("modulation", "warp.warp_gate"),
            ("warp", "warp.conv.weight"),
        ]
        .map(|(our, their)| (our.to_owned(), their.to_owned()));
        let growth = growth::GMG_KEYS
            .iter()
            .filter(|_| self.growing)
            .map(|(our, their)| (format!("growth.{our}"), format!("global_growth_module.{their}")));
        own.into_iter().chain(growth).collect()
    }
}
