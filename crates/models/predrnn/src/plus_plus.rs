//! PredRNN++.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, unrolled,
};
use foreframe_nn::{
    CausalLstm, CausalLstmConfig, Conv2d, FramePatches, GradientHighway, GradientHighwayConfig, zero_state,
};

use crate::{PredRnnPlusPlusConfig, PredRnnState, config, pytorch};

/// The network of "PredRNN++: Towards A Resolution of the Deep-in-Time Dilemma in Spatiotemporal Predictive Learning".
#[derive(Module, Debug)]
pub struct PredRnnPlusPlus {
    cells: Vec<CausalLstm>,
    highway: GradientHighway,
    head: Conv2d,
    patches: FramePatches,
    width: usize,
}

/// State of the network, `[batch, width, rows, columns]` each.
#[derive(Clone, Debug)]
pub struct PredRnnPlusPlusState {
    layers: PredRnnState,
    highway: Tensor<4>,
}

impl State for PredRnnPlusPlusState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            layers: self.layers.map_tensors(change),
            highway: change(self.highway),
        }
    }
}

impl Recurrent for PredRnnPlusPlus {
    type State = PredRnnPlusPlusState;

    fn start(&self, frame: &Tensor<4>) -> PredRnnPlusPlusState {
        let image = self.patches.image_of(frame);
        PredRnnPlusPlusState {
            layers: PredRnnState::zero(frame, self.cells.len(), self.width, image),
            highway: zero_state(frame, self.width, image),
        }
    }

    fn step(&self, frame: Tensor<4>, state: PredRnnPlusPlusState) -> (Tensor<4>, PredRnnPlusPlusState) {
        let PredRnnPlusPlusState {
            mut layers,
            mut highway,
        } = state;
        let mut input = self.patches.cut(frame);
        for (layer, cell) in self.cells.iter().enumerate() {
            let (hidden, old) = (layers.hidden[layer].clone(), layers.cell[layer].clone());
            let [hidden, cell, memory] = cell.forward(input, hidden, old, layers.memory);
            layers.hidden[layer] = hidden.clone();
            layers.cell[layer] = cell;
            layers.memory = memory;
            input = match layer {
                0 => {
                    highway = self.highway.forward(hidden, highway);
                    highway.clone()
                }
                _ => hidden,
            };
        }
        let next = self.patches.join(self.head.forward(input));
        (next, PredRnnPlusPlusState { layers, highway })
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.patches.check("frame", frame)
    }
}

fn cells(config: &PredRnnPlusPlusConfig, clip: &ClipShape) -> Vec<CausalLstmConfig> {
    let cell = |[input, width]: [usize; 2]| CausalLstmConfig {
        input,
        width,
        kernel: config.kernel,
    };
    config.stack().layers(clip).map(cell).collect()
}

fn highway(config: &PredRnnPlusPlusConfig) -> GradientHighwayConfig {
    GradientHighwayConfig {
        width: config.widths[0],
        kernel: config.kernel,
    }
}

impl Architecture for PredRnnPlusPlus {
    type Config = PredRnnPlusPlusConfig;

    const NAME: &'static str = "predrnnpp";
    const PAPER: &'static str = "Wang et al., ICML 2018, arXiv:1804.06300";
    const ABOUT: &'static str = "PredRNN with cascaded memories and a highway for gradients";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("patch_size", "patch"),
        ("num_hidden", "widths"),
        ("filter_size", "kernel"),
    ];
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<PredRnnPlusPlusConfig>> {
        config::plus_plus_presets()
    }

    fn new(config: &PredRnnPlusPlusConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        Ok(Self {
            cells: cells(config, clip).iter().map(|cell| cell.init(device)).collect(),
            highway: highway(config).init(device),
            head: config.stack().head(clip).init(device),
            patches: config.stack().patches(clip),
            width: config.widths[0],
        })
    }

    /// Mean squared error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &PredRnnPlusPlusConfig, clip: &ClipShape) -> Cost {
        let image = config.stack().image(clip);
        let cells: Cost = cells(config, clip).iter().map(|cell| cell.cost(image)).sum();
        (cells + highway(config).cost(image) + config.stack().head(clip).cost(image)) * (clip.frames() - 1)
    }

    fn pytorch_keys(_config: &PredRnnPlusPlusConfig) -> KeyMap {
        pytorch::plus_plus_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    /// Of every cell OpenSTL counts one convolution that it never uses.
    const UNUSED: usize = 4 * 2 * 128 * 128 * 25;

    #[test]
    fn published_sizes() {
        published::check_sizes::<PredRnnPlusPlus>(&[
            ("moving-mnist", 38_584_320 - UNUSED),
            ("moving-mnist-cifar", 39_305_216 - UNUSED),
            ("taxibj", 38_404_096 - UNUSED),
            ("kth", 38_313_984 - UNUSED),
            ("human", 39_305_216 - UNUSED),
            ("kinetics", 39_305_216 - UNUSED),
            ("caltech", 38_494_208 - UNUSED),
            ("bair", 38_494_208 - UNUSED),
            ("weatherbench", 38_313_984 - UNUSED),
            ("weatherbench-fine", 38_313_984 - UNUSED),
            ("weatherbench-wind", 38_404_096 - UNUSED),
            ("weatherbench-multi", 39_305_216 - UNUSED),
        ]);
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [("moving-mnist", 171.74), ("taxibj", 62.95), ("weatherbench", 412.6)];
        published::check_costs::<PredRnnPlusPlus>(&published, 2e-3);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |widths: &[usize]| {
            let config = PredRnnPlusPlusConfig {
                widths: widths.to_vec(),
                ..PredRnnPlusPlusConfig::default()
            };
            PredRnnPlusPlus::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(&[8]), "network.widths");
        assert_eq!(field(&[8, 8, 4]), "network.widths[2]");
    }
}
