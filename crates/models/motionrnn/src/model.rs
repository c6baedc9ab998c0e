//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, StepContext,
    unrolled,
};
use foreframe_nn::{GrowthDecay, StLstm, StLstmConfig, Stack};
use foreframe_ops::StLstmState;

use crate::stack::{GATE, gated};
use crate::{MotionCell, MotionRnnConfig, MotionStack, MotionStackConfig, MotionStackState, config, validate_motion};

/// PredRNN's cell with a highway past it.
#[derive(Module, Debug)]
struct HighwayCell {
    lstm: StLstm,
}

impl MotionCell for HighwayCell {
    fn forward(&self, input: Tensor<4>, state: StLstmState, highway: Tensor<4>) -> StLstmState {
        let (state, gate) = gated(self.lstm.forward(input, state, GATE));
        StLstmState {
            hidden: state.hidden + highway.clone() - gate * highway,
            ..state
        }
    }
}

/// The network of "MotionRNN: A Flexible Model for Video Prediction with Spacetime-Varying Motions".
#[derive(Module, Debug)]
pub struct MotionRnn {
    layers: MotionStack<HighwayCell>,
}

impl Recurrent for MotionRnn {
    type State = MotionStackState;

    fn start(&self, frame: &Tensor<4>) -> MotionStackState {
        self.layers.start(frame)
    }

    fn step(&self, frame: Tensor<4>, state: MotionStackState) -> (Tensor<4>, MotionStackState) {
        self.layers.step(frame, state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.layers.patches().check("frame", frame)
    }
}

impl MotionRnnConfig {
    fn around(&self) -> MotionStackConfig<'_> {
        MotionStackConfig {
            stack: self.stack(),
            growing: false,
            decay: GrowthDecay::RecurrenceStep,
            random_start: self.random_start,
        }
    }

    fn cells(&self, clip: &ClipShape) -> Vec<StLstmConfig> {
        self.stack().st_lstms(clip).collect()
    }
}

impl Architecture for MotionRnn {
    type Config = MotionRnnConfig;

    const NAME: &'static str = "motionrnn";
    const PAPER: &'static str = "Wu et al., CVPR 2021, arXiv:2103.02243";
    const ABOUT: &'static str = "PredRNN whose states are warped along the motion they show";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = Stack::OPENSTL_SETTINGS;
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<MotionRnnConfig>> {
        config::presets()
    }

    fn new(config: &MotionRnnConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        validate_motion(config.stack(), clip)?;
        let cells = config
            .cells(clip)
            .iter()
            .map(|cell| HighwayCell {
                lstm: cell.init(device),
            })
            .collect();
        Ok(Self {
            layers: config.around().init(cells, clip, device),
        })
    }

    /// Mean squared error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &MotionRnnConfig, clip: &ClipShape) -> Cost {
        let image = config.stack().image(clip);
        let cells: Cost = config.cells(clip).iter().map(|cell| cell.cost(image)).sum();
        (cells + config.around().cost(clip)) * (clip.frames() - 1)
    }

    fn pytorch_keys(config: &MotionRnnConfig) -> KeyMap {
        let cells = StLstm::openstl_keys("layers.cells.*.lstm", "cell_list.*");
        KeyMap::new(cells.into_iter().chain(config.around().published_keys("layers.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::count_parameters;

    #[test]
    fn published_sizes_and_multiply_accumulates() {
        let published = [
            ("moving-mnist", 26_911_553, 128.66),
            ("taxibj", 26_730_305, 47.08),
            ("weatherbench", 26_639_681, 308.29),
        ];
        let presets = MotionRnn::presets();
        for (name, parameters, giga) in published {
            let preset = presets.iter().find(|preset| preset.name == name).unwrap();
            let network = MotionRnn::new(&preset.config, &preset.clip, &Device::flex()).unwrap();
            assert_eq!(count_parameters(&network), parameters, "{name}");
            let counted = MotionRnn::cost(&preset.config, &preset.clip).total() as f64 / 1e9;
            assert!(
                (counted / giga - 1.0).abs() < 1e-3,
                "{name}: {counted}, published {giga}"
            );
        }
    }

    #[test]
    fn impossible_sizes_are_named() {
        let field = |clip: [usize; 5], change: fn(&mut MotionRnnConfig)| {
            let mut config = MotionRnnConfig::default();
            change(&mut config);
            MotionRnn::new(&config, &ClipShape::new(clip), &Device::flex()).unwrap_err()
        };
        let frame = [4, 4, 1, 16, 16];
        assert_eq!(field(frame, |config| config.widths = vec![8]).field, "network.widths");
        assert_eq!(
            field(frame, |config| config.widths = vec![6, 6]).field,
            "network.widths[0]"
        );
        assert_eq!(
            field(frame, |config| config.widths = vec![8, 4]).field,
            "network.widths[1]"
        );
        let odd = field([4, 4, 1, 16, 20], |_| {});
        assert_eq!(odd.field, "clip.width");
        assert!(odd.to_string().contains("use a multiple of 8, e.g. 24"), "{odd}");
    }

    #[test]
    fn a_random_start_makes_forecasts_differ_and_zeros_do_not() {
        let forecast = |random_start| {
            let config = MotionRnnConfig {
                widths: vec![4, 4],
                random_start,
                ..MotionRnnConfig::default()
            };
            let network = MotionRnn::new(&config, &ClipShape::new([2, 2, 1, 8, 8]), &Device::flex()).unwrap();
            let past = Tensor::ones([1, 2, 1, 8, 8], &Device::flex());
            [0, 1].map(|_| foreframe_core::Forecast::forecast(&network, past.clone(), 2).into_data())
        };
        let [one, other] = forecast(true);
        assert_ne!(one, other);
        let [one, other] = forecast(false);
        assert_eq!(one, other);
    }
}
