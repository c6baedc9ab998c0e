//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, unrolled,
};
use foreframe_nn::{Conv2d, FramePatches, Stack, zero_state};

use crate::cell::ConvLstmCell;
use crate::{ConvLstmConfig, config, pytorch};

/// The network of "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting".
#[derive(Module, Debug)]
pub struct ConvLstm {
    cells: Vec<ConvLstmCell>,
    head: Conv2d,
    patches: FramePatches,
    widths: Vec<usize>,
}

/// State of the network: hidden state and cell of every layer, `[batch, width, rows, columns]` each.
#[derive(Clone, Debug)]
pub struct ConvLstmState {
    hidden: Vec<Tensor<4>>,
    cell: Vec<Tensor<4>>,
}

impl State for ConvLstmState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            hidden: self.hidden.map_tensors(change),
            cell: self.cell.map_tensors(change),
        }
    }
}

impl Recurrent for ConvLstm {
    type State = ConvLstmState;

    fn start(&self, frame: &Tensor<4>) -> ConvLstmState {
        let image = self.patches.image_of(frame);
        let zeros: Vec<Tensor<4>> = self
            .widths
            .iter()
            .map(|&width| zero_state(frame, width, image))
            .collect();
        ConvLstmState {
            hidden: zeros.clone(),
            cell: zeros,
        }
    }

    fn step(&self, frame: Tensor<4>, mut state: ConvLstmState) -> (Tensor<4>, ConvLstmState) {
        let mut input = self.patches.cut(frame);
        for (layer, cell) in self.cells.iter().enumerate() {
            let [new_cell, hidden] = cell.forward(input, state.hidden[layer].clone(), state.cell[layer].clone());
            state.cell[layer] = new_cell;
            state.hidden[layer] = hidden.clone();
            input = hidden;
        }
        (self.patches.join(self.head.forward(input)), state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.patches.check("frame", frame)
    }
}

impl Architecture for ConvLstm {
    type Config = ConvLstmConfig;

    const NAME: &'static str = "convlstm";
    const PAPER: &'static str = "Shi et al., NeurIPS 2015, arXiv:1506.04214";
    const ABOUT: &'static str = "a stack of LSTM cells whose products are convolutions";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = Stack::OPENSTL_SETTINGS;
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<ConvLstmConfig>> {
        config::presets()
    }

    fn new(config: &ConvLstmConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config::validate(config, clip)?;
        Ok(Self {
            cells: config::cells(config, clip)
                .iter()
                .map(|cell| cell.init(device))
                .collect(),
            head: config.stack().head(clip).init(device),
            patches: config.stack().patches(clip),
            widths: config.widths.clone(),
        })
    }

    /// Mean squared error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &ConvLstmConfig, clip: &ClipShape) -> Cost {
        let image = config.stack().image(clip);
        let cells: Cost = config::cells(config, clip).iter().map(|cell| cell.cost(image)).sum();
        (cells + config.stack().head(clip).cost(image)) * (clip.frames() - 1)
    }

    fn pytorch_keys(_config: &ConvLstmConfig) -> KeyMap {
        pytorch::keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    /// OpenSTL's count, without the two convolutions of every cell that it never uses.
    #[test]
    fn published_sizes() {
        published::check_sizes::<ConvLstm>(&[
            ("moving-mnist", 15_083_520 - 3_407_872),
            ("moving-mnist-l", 33_782_784 - 7_667_712),
            ("moving-mnist-cifar", 15_497_216 - 3_407_872),
            ("moving-mnist-cifar-l", 34_403_328 - 7_667_712),
            ("taxibj", 14_980_096 - 3_407_872),
            ("kth", 14_928_384 - 3_407_872),
            ("human", 15_497_216 - 3_407_872),
            ("kinetics", 15_497_216 - 3_407_872),
            ("caltech", 15_031_808 - 3_407_872),
            ("bair", 15_031_808 - 3_407_872),
            ("weatherbench", 14_928_384 - 3_407_872),
            ("weatherbench-fine", 15_083_520 - 3_407_872),
            ("weatherbench-wind", 14_980_096 - 3_407_872),
            ("weatherbench-multi", 15_497_216 - 3_407_872),
        ]);
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [
            ("moving-mnist", 56.79),
            ("moving-mnist-l", 127.02),
            ("taxibj", 20.74),
            ("weatherbench", 135.67),
        ];
        published::check_costs::<ConvLstm>(&published, 5e-4);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |change: fn(&mut ConvLstmConfig)| {
            let mut config = ConvLstmConfig::default();
            change(&mut config);
            ConvLstm::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.patch = 0), "network.patch");
        assert_eq!(field(|config| config.patch = 3), "clip.height");
        assert_eq!(field(|config| config.widths = vec![]), "network.widths");
        assert_eq!(field(|config| config.widths = vec![8, 0]), "network.widths[1]");
        assert_eq!(field(|config| config.kernel = 4), "network.kernel");
    }

    /// Layers of different widths go together here: nothing is shared between them.
    #[test]
    fn layers_may_differ_in_width() {
        let config = ConvLstmConfig {
            widths: vec![4, 6],
            ..ConvLstmConfig::default()
        };
        let network = ConvLstm::new(&config, &ClipShape::new([2, 2, 1, 8, 8]), &Device::flex()).unwrap();
        let frame = Tensor::zeros([1, 1, 8, 8], &Device::flex());
        let state = network.start(&frame);
        assert_eq!(network.step(frame, state).0.dims(), [1, 1, 8, 8]);
    }
}
