//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, TrueFrames, unrolled_from,
};
use foreframe_nn::{ConvTranspose2d, ConvTranspose2dConfig, FramePatches, PathDraws, zero_state};
use foreframe_ops::sigmoid;

use crate::cell::SwinLstmCell;
use crate::scales::{PatchEmbedding, PatchExpanding, PatchMerging};
use crate::{SwinLstmConfig, config, pytorch};

/// The network of "SwinLSTM: Improving Spatiotemporal Prediction Accuracy using Swin Transformer and LSTM".
#[derive(Module, Debug)]
pub struct SwinLstm {
    embedding: PatchEmbedding,
    /// On the way down, then on the way up; SwinLSTM-B has one.
    cells: Vec<SwinLstmCell>,
    merges: Vec<PatchMerging>,
    expansions: Vec<PatchExpanding>,
    last: ConvTranspose2d,
    /// The frames that fit.
    frames: FramePatches,
    /// Of every cell: channels, and how often its image was halved.
    sizes: Vec<(usize, usize)>,
}

/// State of the network: of every cell, `[batch, channels, rows, columns]` each.
#[derive(Clone, Debug)]
pub struct SwinLstmState {
    hidden: Vec<Tensor<4>>,
    memory: Vec<Tensor<4>>,
    /// In training: which branches are left out.
    draws: Option<PathDraws>,
}

impl State for SwinLstmState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            hidden: self.hidden.map_tensors(change),
            memory: self.memory.map_tensors(change),
            draws: self.draws,
        }
    }
}

fn last(width: usize, channels: usize) -> ConvTranspose2dConfig {
    ConvTranspose2dConfig {
        input: width,
        output: channels,
        kernel: 3,
        stride: 2,
    }
}

impl Recurrent for SwinLstm {
    type State = SwinLstmState;

    fn start(&self, frame: &Tensor<4>) -> SwinLstmState {
        let image = self.frames.image_of(frame);
        let zeros = |&(width, halvings): &(usize, usize)| zero_state(frame, width, image.map(|side| side >> halvings));
        let zeros: Vec<Tensor<4>> = self.sizes.iter().map(zeros).collect();
        SwinLstmState {
            hidden: zeros.clone(),
            memory: zeros,
            draws: None,
        }
    }

    fn step(&self, frame: Tensor<4>, mut state: SwinLstmState) -> (Tensor<4>, SwinLstmState) {
        let mut features = self.embedding.forward(frame);
        for (index, cell) in self.cells.iter().enumerate() {
            let (hidden, memory) = (state.hidden[index].clone(), state.memory[index].clone());
            let [hidden, memory] = cell.forward(features, hidden, memory, &mut state.draws);
            state.hidden[index] = hidden.clone();
            state.memory[index] = memory;
            features = match self.merges.get(index) {
                Some(merge) => merge.forward(hidden),
                None => match self.expansions.get(index - self.merges.len()) {
                    Some(expansion) => expansion.forward(hidden),
                    None => hidden,
                },
            };
        }
        (sigmoid(self.last.forward(features)), state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.frames.check("frame", frame)
    }
}

impl Architecture for SwinLstm {
    type Config = SwinLstmConfig;

    const NAME: &'static str = "swinlstm";
    const PAPER: &'static str = "Tang et al., ICCV 2023, arXiv:2308.09891";
    const ABOUT: &'static str = "recurrent cells of attention within windows, at one scale or several";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("embed_dim", "width"),
        ("window_size", "window"),
        ("depths", "depths"),
        ("depths_downsample", "depths"),
        ("depths_upsample", "up_depths"),
        ("num_heads", "heads"),
    ];
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::FreeRunning);

    fn presets() -> Vec<Preset<SwinLstmConfig>> {
        config::presets()
    }

    fn new(config: &SwinLstmConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let cells = config.cells(clip);
        let scales = config.scales();
        Ok(Self {
            embedding: PatchEmbedding::new(clip.channels, config.width, device),
            cells: cells.iter().map(|(_, cell)| cell.init(device)).collect(),
            merges: (0..scales)
                .map(|halvings| PatchMerging::new(config.width_at(halvings), device))
                .collect(),
            expansions: (1..=scales)
                .rev()
                .map(|halvings| PatchExpanding::new(config.width_at(halvings), device))
                .collect(),
            last: last(config.width, clip.channels).init(device),
            frames: config.fitting(clip),
            sizes: cells.iter().map(|(halvings, cell)| (cell.width, *halvings)).collect(),
        })
    }

    /// Mean squared error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        let [batch, past, ..] = clip.past.dims();
        let shown = TrueFrames::draw(step, batch, past, clip.future.dims()[1]);
        let mut state = self.start(&clip.past.clone().narrow(1, 0, 1).squeeze_dim(1));
        state.draws = clip.past.device().is_autodiff().then(|| PathDraws::new(step.seed));
        unrolled_from(self, state, clip, &shown, step.recompute_steps)
    }

    fn cost(config: &SwinLstmConfig, clip: &ClipShape) -> Cost {
        let positions = |halvings: usize| SwinLstmConfig::image_at(clip, halvings).iter().product::<usize>();
        let cells = config.cells(clip).into_iter();
        let cells: Cost = cells.map(|(halvings, cell)| cell.cost(positions(halvings))).sum();
        let between: Cost = (0..config.scales())
            .map(|halvings| {
                PatchMerging::cost(config.width_at(halvings), positions(halvings))
                    + PatchExpanding::cost(config.width_at(halvings + 1), positions(halvings + 1))
            })
            .sum();
        let image = SwinLstmConfig::image_at(clip, 0);
        let step = PatchEmbedding::cost(clip.channels, config.width, image)
            + cells
            + between
            + last(config.width, clip.channels).cost(image);
        step * (clip.frames() - 1)
    }

    fn pytorch_keys(config: &SwinLstmConfig) -> KeyMap {
        pytorch::keys(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::gradients;
    use foreframe_golden::published;

    /// OpenSTL's counts, without the layers of every second block that it never uses, and without a second embedding.
    #[test]
    fn published_sizes() {
        let reduction = |width: usize| 2 * width * width + width;
        let unused = reduction(128) + 6 * reduction(256) + reduction(512) + (128 * 4 + 128 + 2 * 128);
        published::check_sizes::<SwinLstm>(&[
            ("moving-mnist", 20_191_969 - unused),
            ("human", 2_781_747 - 6 * reduction(128)),
        ]);
    }

    #[test]
    fn published_multiply_accumulates() {
        published::check_costs::<SwinLstm>(&[("moving-mnist", 69.88)], 2e-3);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let field_at = |size: usize, change: fn(&mut SwinLstmConfig)| {
            let mut config = SwinLstmConfig::default();
            change(&mut config);
            let clip = ClipShape::new([4, 4, 1, 32, size]);
            SwinLstm::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        let field = |change| field_at(32, change);
        assert_eq!(field(|config| config.width = 0), "network.width");
        assert_eq!(field(|config| config.width = 10_000), "network.width");
        assert_eq!(field(|config| config.depths = vec![]), "network.depths");
        assert_eq!(field(|config| config.depths = vec![2, 0]), "network.depths[1]");
        assert_eq!(field(|config| config.up_depths = vec![]), "network.up_depths");
        assert_eq!(field(|config| config.up_depths = vec![2]), "network.up_depths");
        assert_eq!(field(|config| config.heads = vec![4]), "network.heads");
        assert_eq!(field(|config| config.heads = vec![4, 7]), "network.heads[1]");
        assert_eq!(field(|config| config.drop_path = 1.0), "network.drop_path");
        assert_eq!(field(|config| config.window = 0), "network.window");
        assert_eq!(field_at(36, |_| ()), "clip.width");
        assert_eq!(field_at(40, |_| ()), "clip.width");
    }

    #[test]
    fn recomputed_steps_leave_out_the_same_branches() {
        let device = Device::flex().autodiff();
        let clip = ClipShape::new([2, 2, 1, 8, 8]);
        let config = SwinLstmConfig {
            width: 8,
            depths: vec![2],
            up_depths: vec![2],
            heads: vec![2],
            window: 2,
            drop_path: 0.5,
        };
        let network = SwinLstm::new(&config, &clip, &device).unwrap();
        let random = || Tensor::<5>::random([2, 2, 1, 8, 8], burn::tensor::Distribution::Default, &device);
        let (past, future) = (random(), random());
        let found = |recompute_steps: bool, seed: u64| {
            let step = StepContext {
                recompute_steps,
                ..StepContext::new(0, 0, seed)
            };
            let loss = network.loss(Clip::new(past.clone(), future.clone()), &step).loss;
            let gradients = gradients(&network, &loss.backward());
            (loss.into_scalar::<f32>(), gradients)
        };
        let (kept, again) = (found(false, 1), found(true, 1));
        assert!((kept.0 - again.0).abs() < 1e-6, "{} {}", kept.0, again.0);
        for (name, gradient) in &kept.1 {
            let pairs = gradient.iter::<f64>().zip(again.1[name].iter::<f64>());
            for (one, other) in pairs {
                assert!((one - other).abs() < 1e-6 + 1e-4 * one.abs(), "{name}: {one} {other}");
            }
        }
        assert!((kept.0 - found(false, 2).0).abs() > 1e-7);
    }
}
