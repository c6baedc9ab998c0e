//! The self-attention memory.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{sigmoid, softmax, tanh};

use super::causal_lstm::blocks;
use crate::{Conv2d, Conv2dConfig};

/// Sizes of a [`SelfAttentionMemory`].
#[derive(Clone, Debug, PartialEq)]
pub struct SelfAttentionMemoryConfig {
    /// Channels of hidden state and memory.
    pub width: usize,
    /// Channels of queries and keys.
    pub attention: usize,
}

impl SelfAttentionMemoryConfig {
    /// In the order of the module's fields.
    const fn convolutions(&self) -> [Conv2dConfig; 7] {
        let (width, attention) = (self.width, self.attention);
        [
            Conv2dConfig::new([width, attention], 1),
            Conv2dConfig::new([width, attention], 1),
            Conv2dConfig::new([width, width], 1),
            Conv2dConfig::new([width, attention], 1),
            Conv2dConfig::new([width, width], 1),
            Conv2dConfig::new([2 * width, 2 * width], 1),
            Conv2dConfig::new([3 * width, 3 * width], 1),
        ]
    }

    /// The module with fresh weights.
    pub fn init(&self, device: &Device) -> SelfAttentionMemory {
        let [query, key, value, memory_key, memory_value, aggregate, gates] = self.convolutions();
        SelfAttentionMemory {
            query: query.init(device),
            key: key.init(device),
            value: value.init(device),
            memory_key: memory_key.init(device),
            memory_value: memory_value.init(device),
            aggregate: aggregate.init(device),
            gates: gates.init(device),
        }
    }

    /// Cost of one step: the convolutions, and two attention maps over all pairs of positions, computed and applied.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        let convolutions: Cost = self.convolutions().iter().map(|one| one.cost(size)).sum();
        let maps =
            Cost::linear(positions * positions, self.attention) + Cost::linear(positions * self.width, positions);
        convolutions + maps * 2
    }
}

/// Attention of every position to all positions of the hidden state and of the memory, which then updates the memory
/// (Lin et al., SA-ConvLSTM, AAAI 2020, equations 3 to 6). Scores are not scaled.
#[derive(Module, Debug)]
pub struct SelfAttentionMemory {
    query: Conv2d,
    key: Conv2d,
    value: Conv2d,
    memory_key: Conv2d,
    memory_value: Conv2d,
    aggregate: Conv2d,
    gates: Conv2d,
}

impl SelfAttentionMemory {
    /// The new hidden state and the new memory.
    ///
    /// # Shapes
    /// - `hidden`, `memory` and outputs: `[batch, width, height, width]`
    pub fn forward(&self, hidden: Tensor<4>, memory: Tensor<4>) -> [Tensor<4>; 2] {
        let shape = hidden.dims();
        let queries = self.query.forward(hidden.clone()).flatten::<3>(2, 3).swap_dims(1, 2);
        let attend = |keys: &Conv2d, values: &Conv2d, source: &Tensor<4>| {
            let keys = keys.forward(source.clone()).flatten::<3>(2, 3);
            let values = values.forward(source.clone()).flatten::<3>(2, 3);
            let attention = softmax(queries.clone().matmul(keys), 2);
            // [batch, width, positions]: values as columns, so that nothing has to be turned back.
            values.matmul(attention.swap_dims(1, 2)).reshape(shape)
        };
        let of_hidden = attend(&self.key, &self.value, &hidden);
        let of_memory = attend(&self.memory_key, &self.memory_value, &memory);
        let aggregate = self.aggregate.forward(Tensor::cat(vec![of_hidden, of_memory], 1));
        let [output, candidate, input] = blocks(self.gates.forward(Tensor::cat(vec![aggregate, hidden], 1)));
        let memory = memory.clone() + sigmoid(input) * (tanh(candidate) - memory);
        [sigmoid(output) * memory.clone(), memory]
    }

    /// Our names of the tensors and those of GMG's code, for a module at the path `ours` here and `theirs` there.
    pub fn gmg_keys(ours: &str, theirs: &str) -> Vec<(String, String)> {
        [
            ("query", "layer_q"),
            ("key", "layer_k"),
            ("value", "layer_v"),
            ("memory_key", "layer_k2"),
            ("memory_value", "layer_v2"),
            ("aggregate", "layer_z"),
            ("gates", "layer_m"),
        ]
        .map(|(our, their)| (format!("{ours}.{our}"), format!("{theirs}.{their}")))
        .to_vec()
    }
}
