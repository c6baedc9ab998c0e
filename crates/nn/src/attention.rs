//! Attention between positions.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::softmax;

use crate::{Linear, LinearConfig};

/// Several heads of attention, each over its share of the channels (Vaswani et al., arXiv:1706.03762).
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// Queries, keys and values, each from head to head.
    query_key_value: Linear,
    project: Linear,
    heads: usize,
}

impl SelfAttention {
    /// `heads` divides `channels`; weights as [`LinearConfig::init_std`] draws them.
    pub fn new(channels: usize, heads: usize, initial_std: Option<f64>, device: &Device) -> Self {
        let linear = |output| LinearConfig::new([channels, output]).init_std(initial_std, device);
        Self {
            query_key_value: linear(3 * channels),
            project: linear(channels),
            heads,
        }
    }

    /// Every position looks at all others.
    ///
    /// # Shapes
    /// - `image`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn forward(&self, image: Tensor<4>) -> Tensor<4> {
        self.within(image, |all| {
            let [batch, channels, height, width] = all.dims();
            let found = self.attend(all.reshape([batch, channels, height * width]), None);
            found.reshape([batch, channels / 3, height, width])
        })
    }

    /// Looks from position to position as `attend` says, between the projections.
    pub fn within(&self, image: Tensor<4>, attend: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
        let found = attend(self.query_key_value.forward_channels(image));
        self.project.forward_channels(found)
    }

    /// # Shapes
    /// - `query_key_value`: `[batch, 3 * channels, positions]`
    /// - `bias`: `[groups, heads, positions, positions]`, what is added to the similarity of a query and a key; sample `i` gets that
    ///   of group `i` modulo `groups`
    /// - output: `[batch, channels, positions]`
    pub fn attend(&self, query_key_value: Tensor<3>, bias: Option<Tensor<4>>) -> Tensor<3> {
        let [batch, channels, positions] = query_key_value.dims();
        let channels = channels / 3;
        let width = channels / self.heads;
        let part = |index: usize| {
            let part = query_key_value.clone().narrow(1, index * channels, channels);
            part.reshape([batch, self.heads, width, positions])
        };
        let query = part(0).swap_dims(2, 3) * (width as f64).sqrt().recip();
        let similarity = query.matmul(part(1));
        let similarity = match bias {
            Some(bias) => {
                let [groups, heads, ..] = bias.dims();
                let grouped = [batch / groups, groups * heads, positions, positions];
                let bias = bias.reshape([1, groups * heads, positions, positions]);
                (similarity.reshape(grouped) + bias).reshape([batch, heads, positions, positions])
            }
            None => similarity,
        };
        let found = part(2).matmul(softmax(similarity, 3).swap_dims(2, 3));
        found.reshape([batch, channels, positions])
    }

    /// Cost of attention within `groups` of `positions` each.
    pub const fn cost(channels: usize, groups: usize, positions: usize) -> Cost {
        let values = groups * positions * channels;
        let projections = Cost::linear(4 * values, channels);
        let products = Cost::linear(2 * values, positions);
        Cost {
            multiplications: projections.multiplications + products.multiplications,
            normalization: 0,
        }
    }
}
