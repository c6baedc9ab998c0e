//! PredRNN.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, unrolled,
};
use foreframe_nn::{Conv2d, FramePatches, StLstm, Stack, zero_state};
use foreframe_ops::{StLstmExtras, StLstmState, StLstmStep};

use crate::{PredRnnConfig, config, pytorch};

/// The network of "PredRNN: Recurrent Neural Networks for Predictive Learning using Spatiotemporal LSTMs".
#[derive(Module, Debug)]
pub struct PredRnn {
    cells: Vec<StLstm>,
    head: Conv2d,
    patches: FramePatches,
    width: usize,
}

/// State of the network, `[batch, width, rows, columns]` each.
#[derive(Clone, Debug)]
pub struct PredRnnState {
    /// Of every layer.
    pub(crate) hidden: Vec<Tensor<4>>,
    /// The temporal memory of every layer.
    pub(crate) cell: Vec<Tensor<4>>,
    /// The memory that all layers share.
    pub(crate) memory: Tensor<4>,
}

impl State for PredRnnState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            hidden: self.hidden.map_tensors(change),
            cell: self.cell.map_tensors(change),
            memory: change(self.memory),
        }
    }
}

impl PredRnnState {
    /// Nothing remembered by `layers` layers of `width` channels above an image of this size.
    pub(crate) fn zero(frame: &Tensor<4>, layers: usize, width: usize, image: [usize; 2]) -> Self {
        let zeros = zero_state(frame, width, image);
        Self {
            hidden: vec![zeros.clone(); layers],
            cell: vec![zeros.clone(); layers],
            memory: zeros,
        }
    }
}

impl PredRnn {
    /// A step that also shows what every layer did.
    pub(crate) fn observed_step(
        &self,
        frame: Tensor<4>,
        mut state: PredRnnState,
        extras: StLstmExtras,
        mut observe: impl FnMut(&StLstmStep),
    ) -> (Tensor<4>, PredRnnState) {
        let mut input = self.patches.cut(frame);
        for (layer, cell) in self.cells.iter().enumerate() {
            let old = StLstmState {
                hidden: state.hidden[layer].clone(),
                cell: state.cell[layer].clone(),
                memory: state.memory,
            };
            let step = cell.forward(input, old, extras);
            observe(&step);
            input = step.state.hidden.clone();
            state.hidden[layer] = step.state.hidden;
            state.cell[layer] = step.state.cell;
            state.memory = step.state.memory;
        }
        (self.patches.join(self.head.forward(input)), state)
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }
}

impl Recurrent for PredRnn {
    type State = PredRnnState;

    fn start(&self, frame: &Tensor<4>) -> PredRnnState {
        PredRnnState::zero(frame, self.cells.len(), self.width, self.patches.image_of(frame))
    }

    fn step(&self, frame: Tensor<4>, state: PredRnnState) -> (Tensor<4>, PredRnnState) {
        self.observed_step(frame, state, StLstmExtras::default(), |_| {})
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.patches.check("frame", frame)
    }
}

impl Architecture for PredRnn {
    type Config = PredRnnConfig;

    const NAME: &'static str = "predrnn";
    const PAPER: &'static str = "Wang et al., NeurIPS 2017";
    const ABOUT: &'static str = "LSTM cells that share a memory across layers and time";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = Stack::OPENSTL_SETTINGS;
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<PredRnnConfig>> {
        config::presets()
    }

    fn new(config: &PredRnnConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config::validate(config, clip)?;
        Ok(Self {
            cells: config.stack().st_lstms(clip).map(|cell| cell.init(device)).collect(),
            head: config.stack().head(clip).init(device),
            patches: config.stack().patches(clip),
            width: config.widths[0],
        })
    }

    /// Mean squared error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &PredRnnConfig, clip: &ClipShape) -> Cost {
        let image = config.stack().image(clip);
        let cells: Cost = config.stack().st_lstms(clip).map(|cell| cell.cost(image)).sum();
        (cells + config.stack().head(clip).cost(image)) * (clip.frames() - 1)
    }

    fn pytorch_keys(_config: &PredRnnConfig) -> KeyMap {
        KeyMap::new(pytorch::keys(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    #[test]
    fn published_sizes() {
        published::check_sizes::<PredRnn>(&[
            ("moving-mnist", 23_838_720),
            ("moving-mnist-cifar", 24_559_616),
            ("taxibj", 23_658_496),
            ("kth", 23_568_384),
            ("human", 24_559_616),
            ("kinetics", 24_559_616),
            ("caltech", 23_748_608),
            ("bair", 23_748_608),
            ("weatherbench", 23_568_384),
            ("weatherbench-fine", 23_568_384),
            ("weatherbench-wind", 23_658_496),
            ("weatherbench-multi", 24_559_616),
        ]);
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [("moving-mnist", 115.95), ("taxibj", 42.4), ("weatherbench", 277.54)];
        published::check_costs::<PredRnn>(&published, 5e-4);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |change: fn(&mut PredRnnConfig)| {
            let mut config = PredRnnConfig::default();
            change(&mut config);
            PredRnn::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.patch = 5), "clip.height");
        assert_eq!(field(|config| config.widths = vec![8, 12]), "network.widths[1]");
        assert_eq!(field(|config| config.kernel = 0), "network.kernel");
    }

    /// A network whose gates are normalized has parameters for every pixel; frames of another size must not reach them.
    #[test]
    fn frames_that_do_not_fit_are_refused() {
        let config = PredRnnConfig {
            widths: vec![4],
            ..PredRnnConfig::default()
        };
        let normalized = PredRnnConfig {
            layer_norm: true,
            ..config.clone()
        };
        let clip = ClipShape::new([2, 2, 1, 8, 8]);
        let build = |config| PredRnn::new(config, &clip, &Device::flex()).unwrap();
        assert!(build(&config).check_frame([1, 12, 4]).is_ok());
        assert_eq!(
            build(&config).check_frame([2, 8, 8]).unwrap_err().field,
            "frame.channels"
        );
        assert_eq!(build(&config).check_frame([1, 8, 10]).unwrap_err().field, "frame.width");
        assert!(build(&normalized).check_frame([1, 8, 8]).is_ok());
        assert_eq!(
            build(&normalized).check_frame([1, 12, 8]).unwrap_err().field,
            "frame.height"
        );
    }
}
