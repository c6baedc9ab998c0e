//! Convolution over time and space.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::{Cost, fold_time, unfold_time};
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig, fan_in_uniform};
use foreframe_ops::{conv2d, gelu, same};

/// Edge of the kernel in time and in space.
const EDGE: usize = 3;

/// Sizes of a [`Conv3d`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conv3dConfig {
    pub(crate) input: usize,
    pub(crate) output: usize,
    /// Groups of channels that do not see each other.
    pub(crate) groups: usize,
}

impl Conv3dConfig {
    pub(crate) const fn new(input: usize, output: usize) -> Self {
        Self {
            input,
            output,
            groups: 1,
        }
    }

    pub(crate) fn init(&self, device: &Device) -> Conv3d {
        let per_group = self.input / self.groups;
        let fan_in = Some(per_group * EDGE * EDGE * EDGE);
        let shape = [self.output, per_group, EDGE, EDGE, EDGE];
        Conv3d {
            weight: fan_in_uniform().init_with(shape, fan_in, None, device),
            bias: fan_in_uniform().init_with([self.output], fan_in, None, device),
            groups: self.groups,
        }
    }

    /// The convolution with a batch normalization, whose running statistics are those of `steps` steps, and GELU behind it.
    pub(crate) fn init_normalized(&self, steps: usize, device: &Device) -> NormalizedConv3d {
        NormalizedConv3d {
            conv: self.init(device),
            norm: BatchNorm2dConfig::new(self.output).with_steps(steps).init(device),
        }
    }

    /// Cost of `frames` frames of this size.
    pub(crate) const fn cost(&self, frames: usize, [height, width]: [usize; 2]) -> Cost {
        let taps = EDGE * EDGE * EDGE;
        Cost::linear(self.output * frames * height * width, self.input / self.groups * taps)
    }

    /// The same with the normalization.
    pub(crate) fn normalized_cost(&self, frames: usize, size: [usize; 2]) -> Cost {
        self.cost(frames, size) + Cost::batch_norm(self.output * frames * size[0] * size[1])
    }
}

/// A convolution of 3x3x3 taps that keeps time, height and width.
///
/// With three taps in time it is one convolution of images: every frame is stacked with the one before and the one after
/// it, and the temporal axis of the kernel becomes part of its input channels.
#[derive(Module, Debug)]
pub(crate) struct Conv3d {
    /// `[output, input / groups, time, height, width]`
    weight: Param<Tensor<5>>,
    bias: Param<Tensor<1>>,
    groups: usize,
}

impl Conv3d {
    /// # Shapes
    /// - `frames`: `[batch, time, input, height, width]`
    /// - output: `[batch, time, output, height, width]`
    pub(crate) fn forward(&self, frames: Tensor<5>) -> Tensor<5> {
        let [batch, time, input, height, width] = frames.dims();
        let groups = self.groups;
        // The channels of a group stay together: a group sees its own three frames.
        let frames = frames.reshape([batch, time, groups, input / groups * height * width]);
        let nothing = frames.clone().narrow(1, 0, 1).zeros_like();
        let padded = Tensor::cat(vec![nothing.clone(), frames, nothing], 1);
        let neighbors = (0..EDGE).map(|tap| padded.clone().narrow(1, tap, time)).collect();
        let stacked = Tensor::cat(neighbors, 3).reshape([batch * time, EDGE * input, height, width]);
        let weight = self.weight.val();
        let output = weight.dims()[0];
        let weight = weight
            .permute([0, 2, 1, 3, 4])
            .reshape([output, EDGE * input / groups, EDGE, EDGE]);
        let options = same([EDGE, EDGE], 1, groups);
        unfold_time(conv2d(stacked, weight, Some(self.bias.val()), options), time)
    }
}

/// Convolution, batch normalization over batch, time and space, GELU.
#[derive(Module, Debug)]
pub(crate) struct NormalizedConv3d {
    conv: Conv3d,
    norm: BatchNorm2d,
}

impl NormalizedConv3d {
    /// # Shapes
    /// - `frames`: `[batch, time, input, height, width]`
    /// - output: `[batch, time, output, height, width]`
    pub(crate) fn forward(&self, frames: Tensor<5>, step: usize) -> Tensor<5> {
        let time = frames.dims()[1];
        let normalized = self.norm.forward(fold_time(self.conv.forward(frames)), step);
        unfold_time(gelu(normalized), time)
    }
}
