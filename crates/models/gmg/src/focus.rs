//! The global focus of a cell.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, GateConv, GateConvConfig, ImageNorm, Linear, LinearConfig};
use foreframe_ops::{relu, sigmoid};

use crate::Focus;

/// Sizes of the scales at which the input is looked at.
const SCALES: [usize; 3] = [1, 3, 5];

/// Sizes of a [`GlobalFocus`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GlobalFocusConfig {
    /// Channels of the cell's input.
    pub(crate) input: usize,
    /// Channels of the hidden state.
    pub(crate) width: usize,
    /// Edge of the kernel of the simple form, odd.
    pub(crate) kernel: usize,
    /// Height and width, where the scales are normalized.
    pub(crate) normalized: Option<[usize; 2]>,
}

impl GlobalFocusConfig {
    const fn conv(input: usize, output: usize, kernel: usize) -> Conv2dConfig {
        Conv2dConfig::new([input, output], kernel).with_padding(kernel / 2)
    }

    const fn features(&self) -> Conv2dConfig {
        Self::conv(self.input, self.width, 3)
    }

    const fn gate(&self) -> Conv2dConfig {
        Self::conv(2 * self.width, self.width, 3)
    }

    fn scales(&self) -> [Conv2dConfig; 3] {
        SCALES.map(|kernel| Self::conv(self.input, self.width, kernel))
    }

    const fn simple(&self) -> GateConvConfig {
        GateConvConfig {
            input: self.input,
            output: self.width,
            kernel: self.kernel,
            normalized: self.normalized,
        }
    }

    pub(crate) fn init(&self, focus: Focus, device: &Device) -> Option<GlobalFocus> {
        match focus {
            Focus::Full => Some(GlobalFocus::Full(FullFocus {
                features: self.features().init(device),
                project: LinearConfig::new([self.width, self.width]).init(device),
                gate: self.gate().init(device),
                scales: self.scales().map(|scale| scale.init(device)).into(),
                norm: self.normalized.map(|size| ImageNorm::new(self.width, size, device)),
            })),
            Focus::Convolution => Some(GlobalFocus::Convolution(self.simple().init(device))),
            Focus::None => None,
        }
    }

    /// Cost of one step.
    pub(crate) fn cost(&self, focus: Focus, size: [usize; 2]) -> Cost {
        match focus {
            Focus::Full => {
                let scales: Cost = self.scales().iter().map(|scale| scale.cost(size)).sum();
                let norm = match self.normalized {
                    Some(_) => Cost::group_norm(self.width * size[0] * size[1]),
                    None => Cost::default(),
                };
                self.features().cost(size)
                    + Cost::linear(self.width, self.width)
                    + self.gate().cost(size)
                    + scales
                    + norm
            }
            Focus::Convolution => self.simple().cost(size),
            Focus::None => Cost::default(),
        }
    }
}

/// Weighs a cell's output with what the whole image shows (section III-B of the paper).
#[derive(Module, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a network has few, and their tensors are elsewhere"
)]
pub(crate) enum GlobalFocus {
    /// GMG-L and GMG-m.
    Full(FullFocus),
    /// GMG-s: the output times a convolution of the input.
    Convolution(GateConv),
}

/// A gate between the output and the image's mean features, and the sum of convolutions of several sizes as a factor.
#[derive(Module, Debug)]
pub(crate) struct FullFocus {
    features: Conv2d,
    project: Linear,
    gate: Conv2d,
    scales: Vec<Conv2d>,
    norm: Option<ImageNorm>,
}

impl GlobalFocus {
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`, that of the cell
    /// - `hidden` and output: `[batch, width, height, width]`
    pub(crate) fn forward(&self, input: Tensor<4>, hidden: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Full(focus) => focus.forward(input, hidden),
            Self::Convolution(convolution) => hidden * convolution.forward(input),
        }
    }
}

impl FullFocus {
    fn forward(&self, input: Tensor<4>, hidden: Tensor<4>) -> Tensor<4> {
        let [batch, width, ..] = hidden.dims();
        let features = relu(self.features.forward(input.clone())).flatten::<3>(2, 3);
        let means: Tensor<2> = features.mean_dim(2).squeeze_dim(2);
        let global = relu(self.project.forward(means).reshape([batch, width, 1, 1])).expand(hidden.dims());
        let gate = sigmoid(self.gate.forward(Tensor::cat(vec![hidden.clone(), global.clone()], 1)));
        let focused = global.clone() + gate * (hidden - global);
        let factor = self
            .scales
            .iter()
            .map(|scale| scale.forward(input.clone()))
            .reduce(|sum, scale| sum + scale);
        let factor = match (factor, &self.norm) {
            (Some(factor), Some(norm)) => Some(norm.forward(factor)),
            (factor, _) => factor,
        };
        match factor {
            Some(factor) => focused * factor,
            None => focused,
        }
    }
}
