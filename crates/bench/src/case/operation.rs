//! Operations at their shapes.

use std::fmt;

use serde::Serialize;

use super::shape::{Convolution, Groups, Image, Matmul, Parameters, Shuffle, Tensor4};

/// An operation and its shape, named as PyTorch's worker names them.
#[derive(Serialize, Clone, Debug, PartialEq)]
#[serde(tag = "op", content = "shape", rename_all = "snake_case")]
pub enum Operation {
    /// A product of two matrices.
    Matmul(Matmul),
    /// A convolution; depthwise if it has as many groups as channels.
    Conv2d(Convolution),
    /// A transposed convolution.
    ConvTranspose2d(Convolution),
    /// A deformable convolution with a mask.
    DeformConv2d(Convolution),
    /// Bilinear reading of an image at as many places between its pixels.
    GridSample(Image),
    /// Channels to pixels, times 2, so that no library can answer with a view.
    PixelShuffle(Shuffle),
    /// The exact Gaussian error linear unit.
    Gelu(Tensor4),
    /// The logistic function times its argument.
    Silu(Tensor4),
    /// The logistic function.
    Sigmoid(Tensor4),
    /// The hyperbolic tangent.
    Tanh(Tensor4),
    /// Over the last axis.
    Softmax(Tensor4),
    /// Over the last axis.
    LayerNorm(Tensor4),
    /// Over the channels.
    ChannelNorm(Image),
    /// By the statistics of the batch, which also move the running ones.
    BatchNorm(Image),
    /// Group normalization, then the logistic function times its argument.
    GroupNormSilu(Groups),
    /// The arithmetic of a convolutional LSTM after its convolution; the shape is that of its cell state.
    LstmGates(Image),
    /// The sum of two tensors.
    Add(Tensor4),
    /// The product of two tensors, element by element.
    Multiply(Tensor4),
    /// One update of all parameters.
    Adam(Parameters),
}

impl Operation {
    /// Whether it is a matrix product or a convolution, which fewer bits make faster.
    pub const fn is_product(&self) -> bool {
        matches!(self, Self::Matmul(_) | Self::Conv2d(_) | Self::ConvTranspose2d(_))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Matmul(Matmul { m, k, n }) => write!(f, "matmul [{m}, {k}] x [{k}, {n}]"),
            Self::Conv2d(conv) => write!(f, "conv {conv}"),
            Self::ConvTranspose2d(conv) => write!(f, "transposed conv {conv}"),
            Self::DeformConv2d(conv) => write!(f, "deformable conv {conv}"),
            Self::GridSample(image) => write!(f, "grid sample {image}"),
            Self::PixelShuffle(Shuffle { image, factor }) => write!(f, "pixel shuffle {factor}x, times 2 {image}"),
            Self::Gelu(x) => write!(f, "gelu {x}"),
            Self::Silu(x) => write!(f, "silu {x}"),
            Self::Sigmoid(x) => write!(f, "sigmoid {x}"),
            Self::Tanh(x) => write!(f, "tanh {x}"),
            Self::Softmax(x) => write!(f, "softmax {x}"),
            Self::LayerNorm(x) => write!(f, "layer norm {x}"),
            Self::ChannelNorm(image) => write!(f, "channel norm {image}"),
            Self::BatchNorm(image) => write!(f, "batch norm {image}"),
            Self::GroupNormSilu(Groups { image, groups }) => write!(f, "group norm ({groups}) + silu {image}"),
            Self::LstmGates(cell) => write!(f, "lstm gates {cell}"),
            Self::Add(x) => write!(f, "add {x}"),
            Self::Multiply(x) => write!(f, "multiply {x}"),
            Self::Adam(Parameters { elements, tensors }) => write!(f, "adam, {elements} values in {tensors} tensors"),
        }
    }
}
