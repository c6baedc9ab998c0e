//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, Sampling, SamplingRule,
    State, StepContext, mean_squared_error, unrolled,
};
use foreframe_nn::{FramePatches, zero_state};

use crate::coders::{Decoders, Encoders, coders_cost};
use crate::lstm::LstmCell;
use crate::phycell::PhyCell;
use crate::{PhyDNetConfig, config, pytorch};

/// The network of "Disentangling Physical Dynamics from Unknown Factors for Unsupervised Video Prediction".
#[derive(Module, Debug)]
pub struct PhyDNet {
    encoders: Encoders,
    physical: PhyCell,
    residual: Vec<LstmCell>,
    decoders: Decoders,
    /// The frames that fit.
    frames: FramePatches,
    latent: usize,
    widths: Vec<usize>,
    /// Forecasts of a clip of training, whose errors are summed.
    steps: usize,
    teacher_decay: f64,
}

/// State of the network, `[batch, channels, rows, columns]` each.
#[derive(Clone, Debug)]
pub struct PhyDNetState {
    physical: Tensor<4>,
    /// Of every layer of the residual branch.
    hidden: Vec<Tensor<4>>,
    cell: Vec<Tensor<4>>,
}

impl State for PhyDNetState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            physical: change(self.physical),
            hidden: self.hidden.map_tensors(change),
            cell: self.cell.map_tensors(change),
        }
    }
}

impl PhyDNet {
    /// Whether the clips of this step are read with their true future: one draw for all of them, less and less likely from
    /// epoch to epoch.
    fn shows_future(&self, step: &StepContext) -> bool {
        let likely = 1.0 - self.teacher_decay * step.epoch as f64;
        // 53 bits are all that a float in [0, 1) can hold.
        let bits = StepContext::new(0, 0, step.seed).seed >> 11;
        (bits as f64) < likely * (1u64 << 53) as f64
    }
}

impl Recurrent for PhyDNet {
    type State = PhyDNetState;

    fn start(&self, frame: &Tensor<4>) -> PhyDNetState {
        let image = self.frames.image_of(frame);
        let zeros: Vec<Tensor<4>> = self
            .widths
            .iter()
            .map(|&width| zero_state(frame, width, image))
            .collect();
        PhyDNetState {
            physical: zero_state(frame, self.latent, image),
            hidden: zeros.clone(),
            cell: zeros,
        }
    }

    fn step(&self, frame: Tensor<4>, mut state: PhyDNetState) -> (Tensor<4>, PhyDNetState) {
        let [physical, mut input] = self.encoders.forward(frame);
        state.physical = self.physical.forward(physical, state.physical);
        for (layer, cell) in self.residual.iter().enumerate() {
            let [new_cell, hidden] = cell.forward(input, state.hidden[layer].clone(), state.cell[layer].clone());
            state.cell[layer] = new_cell;
            state.hidden[layer] = hidden.clone();
            input = hidden;
        }
        (self.decoders.forward(state.physical.clone(), input), state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.frames.check("frame", frame)
    }

    fn penalized_step(&self, frame: Tensor<4>, state: PhyDNetState) -> (Tensor<4>, PhyDNetState, Option<Tensor<1>>) {
        let (next, state) = self.step(frame, state);
        (next, state, Some(self.physical.moment_loss()))
    }

    /// Mean squared error, times the number of forecasts: the objective is their sum.
    fn frame_loss(&self, forecast: Tensor<4>, truth: Tensor<4>) -> Tensor<1> {
        mean_squared_error(forecast, truth) * self.steps as f64
    }
}

impl Architecture for PhyDNet {
    type Config = PhyDNetConfig;

    const NAME: &'static str = "phydnet";
    const PAPER: &'static str = "Le Guen and Thome, CVPR 2020, arXiv:2003.01460";
    const ABOUT: &'static str = "a branch of learned partial derivatives beside LSTM cells for the rest";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[("patch_size", "patch")];
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::FreeRunning);

    fn presets() -> Vec<Preset<PhyDNetConfig>> {
        config::presets()
    }

    fn new(config: &PhyDNetConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        Ok(Self {
            encoders: Encoders::new(config, clip.channels, device),
            physical: PhyCell::new(config.latent(), device),
            residual: config
                .layers()
                .map(|channels| LstmCell::new(channels, device))
                .collect(),
            decoders: Decoders::new(config, clip.channels, device),
            frames: config.frames(clip),
            latent: config.latent(),
            widths: config.widths.clone(),
            steps: clip.frames() - 1,
            teacher_decay: config.teacher_decay,
        })
    }

    /// The sum of the mean squared errors of all forecast frames, those of the past included, and how far the convolutions
    /// of the physical branch are from partial derivatives. Where nothing else is asked for (`train.sampling`), the future
    /// is shown to all clips of a step or to none.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        let sampling = match step.sampling {
            Sampling::FREE_RUNNING if self.shows_future(step) => Sampling::TEACHER_FORCING,
            asked => asked,
        };
        unrolled(self, clip, &StepContext { sampling, ..*step })
    }

    fn cost(config: &PhyDNetConfig, clip: &ClipShape) -> Cost {
        let image = config.image(clip);
        let residual: Cost = config.layers().map(|channels| LstmCell::cost(channels, image)).sum();
        let physical = PhyCell::cost(config.latent(), image);
        (coders_cost(config, clip) + physical + residual) * (clip.frames() - 1)
    }

    fn pytorch_keys(_config: &PhyDNetConfig) -> KeyMap {
        pytorch::keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    #[test]
    fn published_sizes() {
        published::check_sizes::<PhyDNet>(&[
            ("moving-mnist", 3_091_732),
            ("moving-mnist-cifar", 3_092_886),
            ("taxibj", 3_092_309),
            ("kth", 3_091_732),
            ("human", 3_092_886),
            ("kinetics", 3_092_886),
            ("caltech", 3_092_886),
            ("bair", 3_092_886),
            ("weatherbench", 3_091_732),
            ("weatherbench-fine", 3_091_732),
            ("weatherbench-wind", 3_092_309),
            ("weatherbench-multi", 3_098_079),
        ]);
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [("moving-mnist", 15.33), ("taxibj", 5.6), ("weatherbench", 36.76)];
        published::check_costs::<PhyDNet>(&published, 2e-3);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |change: fn(&mut PhyDNetConfig)| {
            let mut config = PhyDNetConfig::default();
            change(&mut config);
            PhyDNet::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.patch = 3), "network.patch");
        assert_eq!(field(|config| config.width = 24), "network.width");
        assert_eq!(field(|config| config.widths = vec![]), "network.widths");
        assert_eq!(field(|config| config.widths = vec![64, 32]), "network.widths[1]");
        assert_eq!(field(|config| config.teacher_decay = f64::NAN), "network.teacher_decay");
        let narrow = ClipShape::new([4, 4, 1, 16, 18]);
        let error = PhyDNet::new(&PhyDNetConfig::default(), &narrow, &Device::flex()).unwrap_err();
        assert_eq!(error.field, "clip.width");
    }

    #[test]
    fn the_future_is_shown_less_and_less() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let network = PhyDNet::new(&PhyDNetConfig::default(), &clip, &Device::flex()).unwrap();
        let shown = |epoch| {
            let shown = (0..1000).filter(|&iteration| network.shows_future(&StepContext::new(iteration, epoch, 7)));
            shown.count() as f64 / 1000.0
        };
        assert_eq!((shown(0), shown(334)), (1.0, 0.0));
        assert!((shown(100) - 0.7).abs() < 0.05, "{}", shown(100));
    }
}
