//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, unrolled,
};
use foreframe_nn::{Conv2d, FramePatches, StLstm, StLstmConfig, Stack, zero_state};
use foreframe_ops::{StLstmExtras, StLstmState};

use crate::block::{BlockState, MimBlock};
use crate::peephole_lstm::{PeepholeLstm, PeepholeLstmConfig};
use crate::{MimConfig, config, pytorch};

/// The network of "Memory In Memory: A Predictive Neural Network for Learning Higher-Order Non-Stationarity from
/// Spatiotemporal Dynamics".
#[derive(Module, Debug)]
pub struct Mim {
    first: StLstm,
    blocks: Vec<MimBlock>,
    /// One below every block.
    differences: Vec<PeepholeLstm>,
    head: Conv2d,
    patches: FramePatches,
    width: usize,
}

/// State of the network, `[batch, width, rows, columns]` each.
#[derive(Clone, Debug)]
pub struct MimState {
    hidden: Vec<Tensor<4>>,
    cell: Vec<Tensor<4>>,
    /// The memory that all layers share.
    memory: Tensor<4>,
    /// Of every block, the stationary cell's own memory.
    stationary: Vec<Tensor<4>>,
    /// Of every block, hidden state and cell of the non-stationary cell below it.
    difference: Vec<Tensor<4>>,
    difference_cell: Vec<Tensor<4>>,
    /// Whether a frame was read: there is no difference before the second.
    begun: bool,
}

impl State for MimState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            hidden: self.hidden.map_tensors(change),
            cell: self.cell.map_tensors(change),
            memory: change(self.memory),
            stationary: self.stationary.map_tensors(change),
            difference: self.difference.map_tensors(change),
            difference_cell: self.difference_cell.map_tensors(change),
            begun: self.begun,
        }
    }
}

impl Recurrent for Mim {
    type State = MimState;

    fn start(&self, frame: &Tensor<4>) -> MimState {
        let zeros = zero_state(frame, self.width, self.patches.image_of(frame));
        let each = |count: usize| vec![zeros.clone(); count];
        let blocks = self.blocks.len();
        MimState {
            hidden: each(blocks + 1),
            cell: each(blocks + 1),
            memory: zeros.clone(),
            stationary: each(blocks),
            difference: each(blocks),
            difference_cell: each(blocks),
            begun: false,
        }
    }

    fn step(&self, frame: Tensor<4>, mut state: MimState) -> (Tensor<4>, MimState) {
        let before = state.hidden[0].clone();
        let old = StLstmState {
            hidden: before.clone(),
            cell: state.cell[0].clone(),
            memory: state.memory,
        };
        let first = self
            .first
            .forward(self.patches.cut(frame), old, StLstmExtras::default());
        let mut input = first.state.hidden;
        let mut change = input.clone() - before;
        state.hidden[0] = input.clone();
        state.cell[0] = first.state.cell;
        state.memory = first.state.memory;
        for (index, block) in self.blocks.iter().enumerate() {
            if state.begun {
                let (hidden, cell) = (state.difference[index].clone(), state.difference_cell[index].clone());
                let [hidden, cell] = self.differences[index].forward(change, hidden, cell);
                state.difference[index] = hidden;
                state.difference_cell[index] = cell;
            }
            change = state.difference[index].clone();
            let old = BlockState {
                hidden: state.hidden[index + 1].clone(),
                cell: state.cell[index + 1].clone(),
                memory: state.memory,
                stationary: state.stationary[index].clone(),
            };
            let new = block.forward(input, change.clone(), old);
            input = new.hidden.clone();
            state.hidden[index + 1] = new.hidden;
            state.cell[index + 1] = new.cell;
            state.memory = new.memory;
            state.stationary[index] = new.stationary;
        }
        state.begun = true;
        (self.patches.join(self.head.forward(input)), state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.patches.check("frame", frame)
    }
}

fn first(config: &MimConfig, clip: &ClipShape) -> StLstmConfig {
    StLstmConfig {
        input: config.stack().patch_channels(clip),
        width: config.widths[0],
        kernel: config.kernel,
        normalized: config.stack().normalized(clip),
    }
}

fn inner(config: &MimConfig, clip: &ClipShape) -> PeepholeLstmConfig {
    PeepholeLstmConfig {
        width: config.widths[0],
        kernel: config.kernel,
        image: config.stack().image(clip),
        layer_norm: config.layer_norm,
    }
}

impl Architecture for Mim {
    type Config = MimConfig;

    const NAME: &'static str = "mim";
    const PAPER: &'static str = "Wang et al., CVPR 2019, arXiv:1811.07490";
    const ABOUT: &'static str = "PredRNN whose memories are kept by cells that model differences";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = Stack::OPENSTL_SETTINGS;
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<MimConfig>> {
        config::presets()
    }

    fn new(config: &MimConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config::validate(config, clip)?;
        let inner = inner(config, clip);
        let above = 1..config.widths.len();
        Ok(Self {
            first: first(config, clip).init(device),
            blocks: above.clone().map(|_| inner.init_block(device)).collect(),
            differences: above.map(|_| inner.init(device)).collect(),
            head: config.stack().head(clip).init(device),
            patches: config::patches(config, clip),
            width: config.widths[0],
        })
    }

    /// Mean squared error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &MimConfig, clip: &ClipShape) -> Cost {
        let (image, inner) = (config.stack().image(clip), inner(config, clip));
        let blocks = config.widths.len() - 1;
        let every_step =
            first(config, clip).cost(image) + inner.block_cost() * blocks + config.stack().head(clip).cost(image);
        // The first frame has no difference to the one before it.
        every_step * (clip.frames() - 1) + inner.cost() * (blocks * (clip.frames() - 2))
    }

    fn pytorch_keys(_config: &MimConfig) -> KeyMap {
        pytorch::keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    /// Of every non-stationary cell OpenSTL counts one convolution that it never uses.
    const UNUSED: usize = 3 * 2 * 128 * 128;

    #[test]
    fn published_sizes() {
        published::check_sizes::<Mim>(&[
            ("moving-mnist", 38_043_648 - UNUSED),
            ("moving-mnist-cifar", 38_764_544 - UNUSED),
            ("taxibj", 37_863_424 - UNUSED),
            ("kth", 39_813_120 - UNUSED),
            ("human", 47_611_904 - UNUSED),
            ("kinetics", 47_611_904 - UNUSED),
            ("caltech", 49_160_192 - UNUSED),
            ("bair", 39_723_008 - UNUSED),
            ("weatherbench", 37_748_736 - UNUSED),
            ("weatherbench-fine", 42_172_416 - UNUSED),
            ("weatherbench-wind", 38_109_184 - UNUSED),
            ("weatherbench-multi", 41_713_664 - UNUSED),
        ]);
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [("moving-mnist", 179.18), ("taxibj", 64.1), ("weatherbench", 108.72)];
        published::check_costs::<Mim>(&published, 5e-4);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |widths: &[usize]| {
            let config = MimConfig {
                widths: widths.to_vec(),
                ..MimConfig::default()
            };
            Mim::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(&[8]), "network.widths");
        assert_eq!(field(&[8, 4]), "network.widths[1]");
    }

    /// Its reference kept a part of the state from one clip to the next.
    #[test]
    fn nothing_is_left_of_an_earlier_clip() {
        let config = MimConfig {
            widths: vec![4, 4],
            ..MimConfig::default()
        };
        let clip = ClipShape::new([2, 2, 1, 8, 8]);
        let network = Mim::new(&config, &clip, &Device::flex()).unwrap();
        let past = Tensor::random([1, 2, 1, 8, 8], burn::tensor::Distribution::Default, &Device::flex());
        let forecast = || foreframe_core::Forecast::forecast(&network, past.clone(), 3).into_data();
        assert_eq!(forecast(), forecast());
    }
}
