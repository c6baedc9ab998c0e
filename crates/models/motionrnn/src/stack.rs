//! Layers of cells with motion between them.

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use foreframe_core::{ClipShape, Cost, State};
use foreframe_nn::{
    Conv2d, Conv2dConfig, FramePatches, GrowthDecay, MotionPath, MotionPathConfig, MotionState, Stack, zero_state,
};
use foreframe_ops::{StLstmExtras, StLstmState, StLstmStep};

/// A cell that a [`MotionStack`] can be made of.
pub trait MotionCell: Module {
    /// One step.
    ///
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - `state`, `highway` and the new state, whose hidden part the highway carries on: `[batch, width, height, width]`
    fn forward(&self, input: Tensor<4>, state: StLstmState, highway: Tensor<4>) -> StLstmState;
}

/// Asks a spatio-temporal LSTM for its output gate, which decides how much of the highway comes past it.
pub const GATE: StLstmExtras = StLstmExtras {
    increments: false,
    gate: true,
};

/// The state and the output gate of a step that was asked for it.
///
/// # Panics
/// If the step was not asked for [`GATE`].
pub fn gated(step: StLstmStep) -> (StLstmState, Tensor<4>) {
    (step.state, step.gate.expect("the gate was asked for"))
}

/// Sizes of what is around the cells of a [`MotionStack`].
#[derive(Clone, Debug, PartialEq)]
pub struct MotionStackConfig<'a> {
    /// Patches, widths, kernels.
    pub stack: Stack<'a>,
    /// Whether the trend of a motion grows and decays.
    pub growing: bool,
    /// The time by which it decays.
    pub decay: GrowthDecay,
    /// Whether first states are drawn instead of 0.
    pub random_start: bool,
}

impl MotionStackConfig<'_> {
    fn width(&self) -> usize {
        self.stack.widths.first().copied().unwrap_or_default()
    }

    fn path(&self) -> MotionPathConfig {
        MotionPathConfig {
            width: self.width(),
            kernel: self.stack.kernel,
            growing: self.growing,
        }
    }

    fn highway(&self, clip: &ClipShape) -> Conv2dConfig {
        Conv2dConfig::new([self.stack.patch_channels(clip), self.width()], 1).without_bias()
    }

    fn head(&self, clip: &ClipShape) -> Conv2dConfig {
        Conv2dConfig::new([self.width(), self.stack.patch_channels(clip)], 1).without_bias()
    }

    /// The stack of `cells` with fresh weights around them.
    pub fn init<C: MotionCell>(&self, cells: Vec<C>, clip: &ClipShape, device: &Device) -> MotionStack<C> {
        MotionStack {
            paths: (1..cells.len()).map(|_| self.path().init(device)).collect(),
            cells,
            highway: self.highway(clip).init(device),
            head: self.head(clip).init(device),
            patches: self.stack.patches(clip).halved(),
            width: self.width(),
            random_start: self.random_start,
            decay: self.decay,
        }
    }

    /// Cost of one step without the cells.
    pub fn cost(&self, clip: &ClipShape) -> Cost {
        let image = self.stack.image(clip);
        self.path().cost(image) * self.stack.widths.len().saturating_sub(1)
            + self.highway(clip).cost(image)
            + self.head(clip).cost(image)
    }

    /// Our names of the tensors besides the cells and those of the published code, for a stack at the path `ours`, which
    /// is empty or ends in a dot.
    pub fn published_keys(&self, ours: &str) -> Vec<(String, String)> {
        let mut keys = self.path().published_keys(&format!("{ours}paths"));
        keys.push((format!("{ours}highway"), "conv_first_v".to_owned()));
        keys.push((format!("{ours}head"), "conv_last".to_owned()));
        keys
    }
}

/// Recurrent layers, between which the hidden state is moved along the motion that it shows.
#[derive(Module, Debug)]
pub struct MotionStack<C: MotionCell> {
    cells: Vec<C>,
    /// One after every layer but the last.
    paths: Vec<MotionPath>,
    highway: Conv2d,
    head: Conv2d,
    patches: FramePatches,
    width: usize,
    random_start: bool,
    #[module(skip)]
    decay: GrowthDecay,
}

/// State of a [`MotionStack`].
#[derive(Clone, Debug)]
pub struct MotionStackState {
    /// Of every layer, `[batch, width, rows, columns]`.
    pub hidden: Vec<Tensor<4>>,
    /// Of every layer, of the same shape.
    pub cell: Vec<Tensor<4>>,
    /// Shared by all layers, of the same shape.
    pub memory: Tensor<4>,
    /// After every layer but the last.
    pub motion: Vec<MotionState>,
    /// Frames read.
    pub step: usize,
}

impl State for MotionStackState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            hidden: self.hidden.map_tensors(change),
            cell: self.cell.map_tensors(change),
            memory: change(self.memory),
            motion: self.motion.map_tensors(change),
            step: self.step,
        }
    }
}

impl MotionStackState {
    /// From what the published code draws before the first frame, in its order: of every layer one tensor for hidden state
    /// and cell, of every motion a tensor that it never reads and one for displacement and trend, the memory, and a
    /// highway that it never reads either.
    pub fn of_draws(draws: Vec<Tensor<4>>) -> Self {
        // n layers, n - 1 motions of two, and two more.
        let layers = draws.len() / 3;
        let hidden: Vec<_> = draws[..layers].to_vec();
        let motion = draws[layers..draws.len() - 2].chunks_exact(2).map(|pair| MotionState {
            displacement: pair[1].clone(),
            trend: pair[1].clone(),
        });
        Self {
            cell: hidden.clone(),
            hidden,
            memory: draws[draws.len() - 2].clone(),
            motion: motion.collect(),
            step: 0,
        }
    }
}

impl<C: MotionCell> MotionStack<C> {
    /// The state before the first frame.
    pub fn start(&self, frame: &Tensor<4>) -> MotionStackState {
        let image = self.patches.image_of(frame);
        let first = |state: Tensor<4>| match self.random_start {
            true => drawn_like(&state),
            false => state,
        };
        let layer = || first(zero_state(frame, self.width, image));
        let hidden: Vec<Tensor<4>> = self.cells.iter().map(|_| layer()).collect();
        let motion = self.paths.iter().map(|_| {
            let displacement = first(MotionState::still(frame, image).displacement);
            MotionState {
                trend: displacement.clone(),
                displacement,
            }
        });
        MotionStackState {
            motion: motion.collect(),
            cell: hidden.clone(),
            hidden,
            memory: layer(),
            step: 0,
        }
    }

    /// Reads a frame and forecasts the next.
    ///
    /// # Shapes
    /// - `frame` and output: `[batch, channels, height, width]`
    pub fn step(&self, frame: Tensor<4>, mut state: MotionStackState) -> (Tensor<4>, MotionStackState) {
        let mut input = self.patches.cut(frame);
        let mut highway = self.highway.forward(input.clone());
        for (layer, cell) in self.cells.iter().enumerate() {
            let old = StLstmState {
                hidden: state.hidden[layer].clone(),
                cell: state.cell[layer].clone(),
                memory: state.memory,
            };
            let step = cell.forward(input, old, highway);
            highway = step.hidden.clone();
            state.cell[layer] = step.cell;
            state.memory = step.memory;
            input = match self.paths.get(layer) {
                None => step.hidden,
                Some(path) => {
                    let motion = state.motion[layer].clone();
                    let (moved, motion) = path.forward(step.hidden, motion, state.step, self.decay);
                    state.motion[layer] = motion;
                    moved
                }
            };
            state.hidden[layer] = input.clone();
        }
        state.step += 1;
        (self.patches.join(self.head.forward(input)), state)
    }

    /// The cutting of frames.
    pub const fn patches(&self) -> &FramePatches {
        &self.patches
    }
}

/// Normal values of the spread that PyTorch's `xavier_normal_` gives a tensor `[batch, channels, height, width]`.
fn drawn_like(state: &Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = state.dims();
    let std = (2.0 / ((batch + channels) * height * width) as f64).sqrt();
    state.random_like(Distribution::Normal(0.0, std))
}
