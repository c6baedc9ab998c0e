//! The motion-aware unit.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig, ImageNorm};
use foreframe_ops::{sigmoid, softmax};

/// Sizes of a [`MauCell`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MauCellConfig {
    /// Channels of both states.
    pub(crate) width: usize,
    /// Edge of the kernels, odd.
    pub(crate) kernel: usize,
    /// Height and width of both states.
    pub(crate) image: [usize; 2],
    /// Whether the spatial state is added to the new one.
    pub(crate) residual: bool,
}

impl MauCellConfig {
    fn convolution(&self, outputs: usize) -> Conv2dConfig {
        Conv2dConfig::new([self.width, outputs * self.width], self.kernel).with_padding(self.kernel / 2)
    }

    pub(crate) fn init(&self, device: &Device) -> MauCell {
        let convolution = |outputs: usize| NormConv {
            convolution: self.convolution(outputs).init(device),
            norm: ImageNorm::new(outputs * self.width, self.image, device),
        };
        MauCell {
            temporal: convolution(3),
            temporal_gate: convolution(1),
            spatial: convolution(3),
            spatial_query: convolution(1),
            residual: self.residual,
        }
    }

    /// Cost of one step in which `recalled` states are looked at.
    pub(crate) fn cost(&self, recalled: usize) -> Cost {
        let values = self.width * self.image[0] * self.image[1];
        let convolution =
            |outputs: usize| self.convolution(outputs).cost(self.image) + Cost::group_norm(outputs * values);
        (convolution(3) + convolution(1)) * 2 + Cost::linear(recalled, values) + Cost::linear(values, recalled)
    }
}

/// A cell that fuses what it remembers of the motion with what it sees (equations 1 to 9 of the paper).
#[derive(Module, Debug)]
pub(crate) struct MauCell {
    temporal: NormConv,
    temporal_gate: NormConv,
    spatial: NormConv,
    spatial_query: NormConv,
    residual: bool,
}

/// A convolution with a bias, normalized over the whole image.
#[derive(Module, Debug)]
struct NormConv {
    convolution: Conv2d,
    norm: ImageNorm,
}

impl NormConv {
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.norm.forward(self.convolution.forward(input))
    }
}

impl MauCell {
    /// The new temporal and spatial state.
    ///
    /// # Shapes
    /// - `spatial`, outputs, every one of both histories: `[batch, width, height, width]`; the last temporal one is the
    ///   cell's own state
    pub(crate) fn forward(
        &self,
        spatial: Tensor<4>,
        temporal_history: &[Tensor<4>],
        spatial_history: &[Tensor<4>],
    ) -> [Tensor<4>; 2] {
        let temporal = temporal_history[temporal_history.len() - 1].clone();
        let query = self.spatial_query.forward(spatial.clone());
        let trend = attended(query, spatial_history, temporal_history);
        let gate = sigmoid(self.temporal_gate.forward(temporal.clone()));
        let fused = trend.clone() + gate * (temporal - trend);

        let [of_time_gate, time_of_time, space_of_time] = thirds(self.temporal.forward(fused));
        let [of_space_gate, time_of_space, space_of_space] = thirds(self.spatial.forward(spatial.clone()));
        let mixed = |gate: Tensor<4>, own: Tensor<4>, other: Tensor<4>| other.clone() + sigmoid(gate) * (own - other);
        let temporal = mixed(of_time_gate, time_of_time, time_of_space);
        let new_spatial = mixed(of_space_gate, space_of_space, space_of_time);
        match self.residual {
            true => [temporal, new_spatial + spatial],
            false => [temporal, new_spatial],
        }
    }
}

/// The mean of `values`, each weighted by how much its key resembles `query` as a whole image.
///
/// # Shapes
/// - all: `[batch, width, height, width]`
fn attended(query: Tensor<4>, keys: &[Tensor<4>], values: &[Tensor<4>]) -> Tensor<4> {
    let shape = query.dims();
    let rows = |images: &[Tensor<4>]| -> Tensor<3> {
        let images = images.iter().map(|image| image.clone().flatten::<2>(1, 3)).collect();
        Tensor::stack(images, 1)
    };
    let query = query.flatten::<2>(1, 3);
    let scale = (query.dims()[1] as f64).sqrt();
    let scores = rows(keys).matmul(query.unsqueeze_dim(2)) / scale;
    softmax(scores.swap_dims(1, 2), 2).matmul(rows(values)).reshape(shape)
}

/// The three blocks of channels.
fn thirds(image: Tensor<4>) -> [Tensor<4>; 3] {
    let width = image.dims()[1] / 3;
    std::array::from_fn(|block| image.clone().narrow(1, block * width, width))
}
