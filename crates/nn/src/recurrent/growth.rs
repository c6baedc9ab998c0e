//! Growth and decay of motion.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor};
use foreframe_core::Cost;
use foreframe_ops::sigmoid;

use crate::{Linear, LinearConfig};

/// The time by which the trend of a motion decays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowthDecay {
    /// Frames read before this one: what the paper's equation means.
    RecurrenceStep,
    /// The sample's place in the batch: what GMG's published code computes, so that a forecast depends on its neighbors.
    BatchIndex,
    /// Always 1.
    Constant,
}

/// First values of the learned defaults of growth and decay.
const INITIAL_GROWTH: f32 = 0.5;
const INITIAL_DECAY: f32 = 0.9;

/// Rescales the trend of a motion by what the whole image looks like (Zhou et al., GMG, arXiv:2503.11297, equations 11 to
/// 16): `trend * exp(-decay * time) + growth * rate * trend`.
#[derive(Module, Debug)]
pub(super) struct Growth {
    /// `[1]`
    growth_default: Param<Tensor<1>>,
    /// `[1]`
    decay_default: Param<Tensor<1>>,
    growth: Linear,
    decay: Linear,
    rate: Linear,
}

impl Growth {
    pub(super) fn new(channels: usize, device: &Device) -> Self {
        let linear = LinearConfig::new([channels, 1]);
        let constant = |value| Param::from_tensor(Tensor::from_floats([value], device));
        Self {
            growth_default: constant(INITIAL_GROWTH),
            decay_default: constant(INITIAL_DECAY),
            growth: linear.init(device),
            decay: linear.init(device),
            rate: linear.without_bias().init(device),
        }
    }

    pub(super) const fn cost(channels: usize) -> Cost {
        Cost::linear(3, channels)
    }

    /// # Shapes
    /// - `features`: `[batch, channels, height, width]`
    /// - `trend` and output: `[batch, 18, height, width]`
    pub(super) fn forward(
        &self,
        features: Tensor<4>,
        trend: Tensor<4>,
        step: usize,
        decay_by: GrowthDecay,
    ) -> Tensor<4> {
        let batch = features.dims()[0];
        let means: Tensor<2> = features.flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2);
        let per_sample = |values: Tensor<2>| values.reshape([batch, 1, 1, 1]);
        // Half a learned constant, half what the image says.
        let balanced = |default: &Param<Tensor<1>>, dynamic: &Linear| {
            let default = default.val().reshape([1, 1, 1, 1]);
            (default + per_sample(sigmoid(dynamic.forward(means.clone())))) * 0.5
        };
        let growth = balanced(&self.growth_default, &self.growth);
        let decay = balanced(&self.decay_default, &self.decay);
        let rate = per_sample(sigmoid(self.rate.forward(means.clone())));
        let decayed = match decay_by {
            GrowthDecay::RecurrenceStep => decay * step as f64,
            GrowthDecay::Constant => decay,
            GrowthDecay::BatchIndex => {
                let index = Tensor::<1, Int>::arange(0..batch as i64, &decay.device()).float();
                decay.clone() * index.cast(decay.dtype()).reshape([batch, 1, 1, 1])
            }
        };
        trend * ((-decayed).exp() + growth * rate)
    }
}

/// Our names of the tensors and those of GMG's code, below the unit's path.
pub(super) const GMG_KEYS: [(&str, &str); 5] = [
    ("growth_default", "alpha_default"),
    ("decay_default", "beta_default"),
    ("growth", "alpha_fc"),
    ("decay", "beta_fc"),
    ("rate", "fc_global"),
];
