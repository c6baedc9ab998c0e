//! The gated transformer.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{DropPath, LayerNorm, Linear, LinearConfig};
use foreframe_ops::{silu, softmax};

use crate::PredFormerConfig;

const INITIAL_STD: f64 = 0.02;
pub(crate) const EPSILON: f64 = 1e-5;

/// Layers of attention and gated feed-forward branches, each normalized and added to its input, and a last normalization.
#[derive(Module, Debug)]
pub(crate) struct GatedTransformer {
    layers: Vec<GatedLayer>,
    norm: LayerNorm,
}

impl GatedTransformer {
    pub(crate) fn new(config: &PredFormerConfig, device: &Device) -> Self {
        Self {
            layers: (0..config.layers()).map(|_| GatedLayer::new(config, device)).collect(),
            norm: LayerNorm::new(config.width, EPSILON, device),
        }
    }

    /// # Shapes
    /// - `tokens`: `[groups, tokens, width]`; those of a group look at each other
    /// - output: the same
    pub(crate) fn forward(&self, tokens: Tensor<3>) -> Tensor<3> {
        let layers = self.layers.iter();
        self.norm
            .forward(layers.fold(tokens, |tokens, layer| layer.forward(tokens)))
    }

    /// Cost for so many groups of so many tokens.
    pub(crate) fn cost(config: &PredFormerConfig, groups: usize, tokens: usize) -> Cost {
        let (all, width, inner) = (groups * tokens, config.width, config.inner());
        let norm = Cost::group_norm(all * width);
        let projection = match has_projection(config) {
            true => Cost::linear(all * width, inner),
            false => Cost::default(),
        };
        let attention = Cost::linear(3 * all * inner, width) + Cost::linear(2 * all * inner, tokens) + projection;
        let mlp = Cost::linear(3 * all * config.hidden(), width);
        (norm * 2 + attention + mlp) * config.layers() + norm
    }
}

/// One head of all channels is not projected.
const fn has_projection(config: &PredFormerConfig) -> bool {
    !(config.heads == 1 && config.head_width == config.width)
}

#[derive(Module, Debug)]
struct GatedLayer {
    attention_norm: LayerNorm,
    /// Queries, keys and values, each from head to head.
    query_key_value: Linear,
    project: Option<Linear>,
    mlp_norm: LayerNorm,
    gate: Linear,
    value: Linear,
    contract: Linear,
    attention_dropout: Dropout,
    dropout: Dropout,
    drop_path: DropPath,
    heads: usize,
}

impl GatedLayer {
    fn new(config: &PredFormerConfig, device: &Device) -> Self {
        let (width, inner, hidden) = (config.width, config.inner(), config.hidden());
        let linear = |sizes| LinearConfig::new(sizes).init_normal(INITIAL_STD, device);
        let norm = || LayerNorm::new(width, EPSILON, device);
        Self {
            attention_norm: norm(),
            query_key_value: LinearConfig::new([width, 3 * inner])
                .without_bias()
                .init_normal(INITIAL_STD, device),
            project: has_projection(config).then(|| linear([inner, width])),
            mlp_norm: norm(),
            gate: linear([width, hidden]),
            value: linear([width, hidden]),
            contract: linear([hidden, width]),
            attention_dropout: DropoutConfig::new(config.attention_dropout).init(),
            dropout: DropoutConfig::new(config.dropout).init(),
            drop_path: DropPath::new(config.drop_path),
            heads: config.heads,
        }
    }

    /// # Shapes
    /// - `tokens`, output: `[groups, tokens, width]`
    fn forward(&self, tokens: Tensor<3>) -> Tensor<3> {
        let attention = self.attend(self.attention_norm.forward(tokens.clone()));
        let tokens = tokens + self.kept(attention);
        let mixed = self.mix(self.mlp_norm.forward(tokens.clone()));
        tokens + self.kept(mixed)
    }

    fn attend(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [groups, count, _] = tokens.dims();
        let all = self.query_key_value.forward_rows(tokens);
        let inner = all.dims()[2] / 3;
        let width = inner / self.heads;
        let part = |index: usize| {
            let part = all.clone().narrow(2, index * inner, inner);
            part.reshape([groups, count, self.heads, width]).swap_dims(1, 2)
        };
        let query = part(0) * (width as f64).sqrt().recip();
        let weights = softmax(query.matmul(part(1).swap_dims(2, 3)), 3);
        let found = weights.matmul(part(2)).swap_dims(1, 2).reshape([groups, count, inner]);
        match &self.project {
            Some(project) => self.attention_dropout.forward(project.forward_rows(found)),
            None => found,
        }
    }

    /// SwiGLU (Shazeer, arXiv:2002.05202).
    fn mix(&self, tokens: Tensor<3>) -> Tensor<3> {
        let hidden = silu(self.gate.forward_rows(tokens.clone())) * self.value.forward_rows(tokens);
        let mixed = self.contract.forward_rows(self.dropout.forward(hidden));
        self.dropout.forward(mixed)
    }

    /// `branch`, left out for some groups in training.
    fn kept(&self, branch: Tensor<3>) -> Tensor<3> {
        self.drop_path.forward(branch.unsqueeze_dim(3)).squeeze_dim(3)
    }
}
