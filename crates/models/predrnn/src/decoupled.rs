//! PredRNNv2: PredRNN whose memories are kept apart.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, StepContext,
    unrolled,
};
use foreframe_nn::{Conv2d, Conv2dConfig, Stack};
use foreframe_ops::StLstmExtras;

use crate::{PredRnn, PredRnnState, PredRnnV2Config, config, pytorch};

/// Lower limits of norms in PyTorch's `normalize` and `cosine_similarity`.
const NORMALIZE_FLOOR: f64 = 1e-12;
const COSINE_FLOOR: f64 = 1e-8;

/// The network of "PredRNN: A Recurrent Neural Network for Spatiotemporal Predictive Learning".
#[derive(Module, Debug)]
pub struct PredRnnV2 {
    base: PredRnn,
    /// One for all layers, used in training only.
    adapter: Conv2d,
    decoupling_weight: f64,
}

const fn adapter(width: usize) -> Conv2dConfig {
    Conv2dConfig::new([width, width], 1).without_bias()
}

impl PredRnnV2 {
    /// How parallel what was added to the two memories of a layer is: the mean over batch and channels of the absolute
    /// cosine between both, taken through the adapter (equation 9 of the paper), `[1]`.
    fn similarity(&self, [cell, memory]: &[Tensor<4>; 2]) -> Tensor<1> {
        let direction = |increment: &Tensor<4>| {
            let adapted = self.adapter.forward(increment.clone()).flatten::<3>(2, 3);
            adapted.clone() / norm(adapted).clamp_min(NORMALIZE_FLOOR)
        };
        let (cell, memory) = (direction(cell), direction(memory));
        let lengths = norm(cell.clone()).clamp_min(COSINE_FLOOR) * norm(memory.clone()).clamp_min(COSINE_FLOOR);
        ((cell * memory).sum_dim(2) / lengths).abs().mean()
    }
}

/// Lengths of the rows, `[batch, channels, 1]`. The square root of 0 has no derivative: nothing shorter than the smallest
/// normal number is told apart from it.
fn norm(rows: Tensor<3>) -> Tensor<3> {
    rows.square().sum_dim(2).clamp_min(f64::from(f32::MIN_POSITIVE)).sqrt()
}

impl Recurrent for PredRnnV2 {
    type State = PredRnnState;

    fn start(&self, frame: &Tensor<4>) -> PredRnnState {
        self.base.start(frame)
    }

    fn step(&self, frame: Tensor<4>, state: PredRnnState) -> (Tensor<4>, PredRnnState) {
        self.base.step(frame, state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.base.check_frame(frame)
    }

    fn penalized_step(&self, frame: Tensor<4>, state: PredRnnState) -> (Tensor<4>, PredRnnState, Option<Tensor<1>>) {
        let mut similarities = Vec::new();
        let extras = StLstmExtras {
            increments: true,
            gate: false,
        };
        let (next, state) = self.base.observed_step(frame, state, extras, |step| {
            similarities.extend(step.increments.as_ref().map(|increments| self.similarity(increments)));
        });
        let penalty = Tensor::cat(similarities, 0).mean() * self.decoupling_weight;
        (next, state, Some(penalty))
    }
}

impl Architecture for PredRnnV2 {
    type Config = PredRnnV2Config;

    const NAME: &'static str = "predrnnv2";
    const PAPER: &'static str = "Wang et al., TPAMI 2022, arXiv:2103.09504";
    const ABOUT: &'static str = "PredRNN whose two memories are trained to differ";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = Stack::OPENSTL_SETTINGS;
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Reverse);

    fn presets() -> Vec<Preset<PredRnnV2Config>> {
        config::v2_presets()
    }

    fn new(config: &PredRnnV2Config, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let base = PredRnn::new(&config.base(), clip, device)?;
        Ok(Self {
            adapter: adapter(base.width()).init(device),
            base,
            decoupling_weight: config.decoupling_weight,
        })
    }

    /// Mean squared error of all forecast frames, those of the past included, and the weighted mean similarity of what is
    /// added to the memories.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    /// The adapter is not needed to forecast, but the reference runs it, and its figures count it.
    fn cost(config: &PredRnnV2Config, clip: &ClipShape) -> Cost {
        let (base, width) = (config.base(), config.widths[0]);
        let adapted = adapter(width).cost(base.stack().image(clip)) * (2 * config.widths.len());
        PredRnn::cost(&base, clip) + adapted * (clip.frames() - 1)
    }

    fn pytorch_keys(_config: &PredRnnV2Config) -> KeyMap {
        KeyMap::new(pytorch::keys("base."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    #[test]
    fn published_sizes() {
        published::check_sizes::<PredRnnV2>(&[
            ("moving-mnist", 23_855_104),
            ("moving-mnist-cifar", 24_576_000),
            ("taxibj", 23_674_880),
            ("kth", 23_584_768),
            ("human", 24_576_000),
            ("kinetics", 24_576_000),
            ("caltech", 23_764_992),
            ("bair", 23_764_992),
            ("weatherbench", 23_584_768),
            ("weatherbench-fine", 23_584_768),
            ("weatherbench-wind", 23_674_880),
            ("weatherbench-multi", 24_576_000),
        ]);
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [("moving-mnist", 116.59), ("taxibj", 42.63), ("weatherbench", 279.08)];
        published::check_costs::<PredRnnV2>(&published, 1e-3);
    }

    #[test]
    fn the_weight_of_the_penalty_is_checked() {
        let config = PredRnnV2Config {
            decoupling_weight: -1.0,
            ..PredRnnV2Config::default()
        };
        let error = PredRnnV2::new(&config, &ClipShape::new([4, 4, 1, 16, 16]), &Device::flex()).unwrap_err();
        assert_eq!(error.field, "network.decoupling_weight");
    }
}
