//! The exponential moving average of the weights.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData};
use foreframe_core::is_buffer;

use crate::model::Network;

/// Averages of all parameters, flattened; buffers are those of the last step.
///
/// After `n` updates the decay in force is `min(decay, (1 + n) / (10 + n))`, so that the initial weights are forgotten in
/// short runs too (TensorFlow's `ExponentialMovingAverage` with `num_updates`).
#[derive(Clone, Debug)]
pub(crate) struct Average {
    decay: f64,
    updates: u64,
    tensors: BTreeMap<String, Tensor<1>>,
}

impl Average {
    pub(crate) fn of(network: &dyn Network, decay: f64) -> Self {
        let mut tensors = BTreeMap::new();
        network.visit(&mut |name, tensor| {
            tensors.insert(name.to_owned(), tensor);
        });
        Self {
            decay,
            updates: 0,
            tensors,
        }
    }

    pub(crate) fn update(&mut self, network: &dyn Network) {
        self.updates += 1;
        let updates = self.updates as f64;
        let decay = self.decay.min((1.0 + updates) / (10.0 + updates));
        let tensors = &mut self.tensors;
        network.visit(&mut |name, tensor| {
            let average = match tensors.remove(name) {
                Some(average) if !is_buffer(name) => average.clone() + (tensor - average).mul_scalar(1.0 - decay),
                _ => tensor,
            };
            tensors.insert(name.to_owned(), average);
        });
    }

    /// A network that computes with the averages.
    pub(crate) fn network(&self, of: &dyn Network) -> Box<dyn Network> {
        let mut averaged = of.duplicate();
        let shaped = of.tensors().into_iter().filter_map(|tensor| {
            let average = self.tensors.get(&tensor.name)?.to_data();
            let (bytes, _, dtype) = average.into_parts();
            Some((
                tensor.name,
                TensorData::from_bytes(bytes, tensor.data.shape().clone(), dtype),
            ))
        });
        averaged
            .load(shaped.collect())
            .expect("averages have the names and sizes of the network they were taken from");
        averaged
    }

    /// Takes up the averages of an earlier run, which `averaged` computes with.
    pub(crate) fn restore(&mut self, averaged: &dyn Network, updates: u64) {
        *self = Self {
            updates,
            ..Self::of(averaged, self.decay)
        };
    }
}
