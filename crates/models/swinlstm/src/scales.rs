//! Between images of different sizes.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, LayerNorm2d, Linear, LinearConfig};

use crate::block::EPSILON;
use crate::config::PATCH;

/// From a frame to its image of patches.
#[derive(Module, Debug)]
pub(crate) struct PatchEmbedding {
    projection: Conv2d,
    norm: LayerNorm2d,
}

fn projection(channels: usize, width: usize) -> Conv2dConfig {
    Conv2dConfig::new([channels, width], PATCH).with_stride(PATCH)
}

impl PatchEmbedding {
    pub(crate) fn new(channels: usize, width: usize, device: &Device) -> Self {
        Self {
            projection: projection(channels, width).init(device),
            norm: LayerNorm2d::new(width, EPSILON, device),
        }
    }

    pub(crate) fn cost(channels: usize, width: usize, image: [usize; 2]) -> Cost {
        projection(channels, width).cost(image) + Cost::group_norm(width * image[0] * image[1])
    }

    pub(crate) fn forward(&self, frame: Tensor<4>) -> Tensor<4> {
        self.norm.forward(self.projection.forward(frame))
    }
}

/// Halves height and width, and doubles the channels.
#[derive(Module, Debug)]
pub(crate) struct PatchMerging {
    norm: LayerNorm2d,
    reduction: Linear,
}

impl PatchMerging {
    pub(crate) fn new(width: usize, device: &Device) -> Self {
        Self {
            norm: LayerNorm2d::new(4 * width, EPSILON, device),
            reduction: LinearConfig::new([4 * width, 2 * width]).without_bias().init(device),
        }
    }

    /// Cost for an image of so many positions.
    pub(crate) fn cost(width: usize, positions: usize) -> Cost {
        Cost::group_norm(width * positions) + Cost::linear(width * positions, 2 * width)
    }

    /// # Shapes
    /// - `image`: `[batch, width, height, width]`
    /// - output: `[batch, 2 * width, height / 2, width / 2]`
    pub(crate) fn forward(&self, image: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = image.dims();
        let [rows, columns] = [height / 2, width / 2];
        let blocks = image
            .reshape([batch, channels, rows, 2, columns, 2])
            .permute([0, 5, 3, 1, 2, 4])
            .reshape([batch, 4 * channels, rows, columns]);
        self.reduction.forward_channels(self.norm.forward(blocks))
    }
}

/// Doubles height and width, and halves the channels.
#[derive(Module, Debug)]
pub(crate) struct PatchExpanding {
    expand: Linear,
    norm: LayerNorm2d,
}

impl PatchExpanding {
    pub(crate) fn new(width: usize, device: &Device) -> Self {
        Self {
            expand: LinearConfig::new([width, 2 * width]).without_bias().init(device),
            norm: LayerNorm2d::new(width / 2, EPSILON, device),
        }
    }

    /// Cost for an image of so many positions.
    pub(crate) fn cost(width: usize, positions: usize) -> Cost {
        Cost::linear(width * positions, 2 * width) + Cost::group_norm(2 * width * positions)
    }

    /// # Shapes
    /// - `image`: `[batch, width, height, width]`
    /// - output: `[batch, width / 2, 2 * height, 2 * width]`
    pub(crate) fn forward(&self, image: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = image.dims();
        let expanded = self
            .expand
            .forward_channels(image)
            .reshape([batch, 2, 2, channels / 2, height, width])
            .permute([0, 3, 4, 1, 5, 2])
            .reshape([batch, channels / 2, 2 * height, 2 * width]);
        self.norm.forward(expanded)
    }
}
