//! The path of motion around a layer.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{Cost, State};
use foreframe_ops::sigmoid;

use super::motion_gru::{DISPLACEMENTS, MotionGru};
use super::{GrowthDecay, zero_state};
use crate::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};

/// How many times fewer channels motion is tracked with.
const REDUCTION: usize = 4;

/// Sizes of a [`MotionPath`].
#[derive(Clone, Debug, PartialEq)]
pub struct MotionPathConfig {
    /// Channels of the layer, a multiple of 4.
    pub width: usize,
    /// Edge of the kernels of encoder and gate, odd.
    pub kernel: usize,
    /// Whether the trend of a motion grows and decays (GMG), or stays as it is (MotionRNN).
    pub growing: bool,
}

impl MotionPathConfig {
    const fn reduced(&self) -> usize {
        self.width / REDUCTION
    }

    const fn encoder(&self) -> Conv2dConfig {
        Conv2dConfig::new([self.width, self.reduced()], self.kernel)
            .with_stride(2)
            .with_padding(self.kernel / 2)
    }

    const fn decoder(&self) -> ConvTranspose2dConfig {
        ConvTranspose2dConfig {
            input: self.reduced(),
            output: self.width,
            kernel: 4,
            stride: 2,
        }
    }

    const fn gate(&self) -> Conv2dConfig {
        Conv2dConfig::new([2 * self.width, self.width], self.kernel).with_padding(self.kernel / 2)
    }

    /// The path with fresh weights.
    pub fn init(&self, device: &Device) -> MotionPath {
        MotionPath {
            encoder: self.encoder().init(device),
            unit: MotionGru::new(self.reduced(), self.growing, device),
            decoder: self.decoder().init(device),
            gate: self.gate().init(device),
        }
    }

    /// Cost of one step for an image of this size.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        let half = size.map(|side| side / 2);
        self.encoder().cost(half)
            + MotionGru::cost(self.reduced(), self.growing, half)
            + self.decoder().cost(half)
            + self.gate().cost(size)
    }

    /// Our names of the tensors and those of the published code of MotionRNN and GMG, for paths in the list `ours` here;
    /// there each part has a list of its own.
    pub fn published_keys(&self, ours: &str) -> Vec<(String, String)> {
        let parts = [("encoder", "enc_list"), ("decoder", "dec_list"), ("gate", "gate_list")]
            .map(|(our, their)| (format!("{ours}.*.{our}"), format!("{their}.*")));
        let unit = self
            .unit_keys()
            .into_iter()
            .map(|(our, their)| (format!("{ours}.*.unit.{our}"), format!("motion_list.*.{their}")));
        parts.into_iter().chain(unit).collect()
    }
}

/// State of a [`MotionPath`].
#[derive(Clone, Debug)]
pub struct MotionState {
    /// Where the nine neighbors moved to: rows, then columns, `[batch, 18, height / 2, width / 2]`.
    pub displacement: Tensor<4>,
    /// The part of it that lasts, of the same shape.
    pub trend: Tensor<4>,
}

impl MotionState {
    /// No motion yet, for a layer's image of this size.
    pub fn still(like: &Tensor<4>, size: [usize; 2]) -> Self {
        let displacement = zero_state(like, DISPLACEMENTS, size.map(|side| side / 2));
        Self {
            trend: displacement.clone(),
            displacement,
        }
    }
}

impl State for MotionState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            displacement: change(self.displacement),
            trend: change(self.trend),
        }
    }
}

/// Moves a layer's hidden state along the motion that it shows: halved, warped by a motion unit, brought back to full
/// size, and let in by a gate (Wu et al., MotionRNN, CVPR 2021).
#[derive(Module, Debug)]
pub struct MotionPath {
    encoder: Conv2d,
    unit: MotionGru,
    decoder: ConvTranspose2d,
    gate: Conv2d,
}

impl MotionPath {
    /// One step, the `step`-th of the recurrence from 0.
    ///
    /// # Shapes
    /// - `hidden` and output: `[batch, width, height, width]` with even height and width
    pub fn forward(
        &self,
        hidden: Tensor<4>,
        state: MotionState,
        step: usize,
        decay_by: GrowthDecay,
    ) -> (Tensor<4>, MotionState) {
        let (moved, state) = self
            .unit
            .forward(self.encoder.forward(hidden.clone()), state, step, decay_by);
        let moved = self.decoder.forward(moved);
        let gate = sigmoid(self.gate.forward(Tensor::cat(vec![moved.clone(), hidden.clone()], 1)));
        (hidden.clone() + gate * (moved - hidden), state)
    }
}
