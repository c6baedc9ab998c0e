//! The convolutions of AlexNet.

use std::collections::BTreeMap;

use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::activation::relu;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use foreframe_ops::conv2d;

use crate::LpipsError;

/// Number in torchvision's sequence, kernel, stride and padding, and whether pooling comes first.
type Convolution = (usize, usize, usize, usize, bool);

const CONVOLUTIONS: [Convolution; 5] = [
    (0, 11, 4, 2, false),
    (3, 5, 1, 2, true),
    (6, 3, 1, 1, true),
    (8, 3, 1, 1, false),
    (10, 3, 1, 1, false),
];

/// One convolution, and how much the differences of its activations count.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pool: Option<MaxPool2d>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    padding: usize,
    /// `[1, channels, 1, 1]`.
    differences: Tensor<4>,
}

impl Layer {
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let input = match &self.pool {
            Some(pool) => pool.forward(input),
            None => input,
        };
        let options = ConvOptions::new([self.stride; 2], [self.padding; 2], [1, 1], 1);
        relu(conv2d(input, self.weight.clone(), Some(self.bias.clone()), options))
    }

    pub(crate) fn weights(&self) -> Tensor<4> {
        self.differences.clone()
    }
}

/// The five layers.
pub(crate) fn load(
    tensors: &BTreeMap<String, TensorData>,
    channels: [usize; 5],
    device: &Device,
) -> Result<Vec<Layer>, LpipsError> {
    let mut taken = Vec::new();
    let mut missing = Vec::new();
    for (index, (number, kernel, ..)) in CONVOLUTIONS.into_iter().enumerate() {
        let input = if index == 0 { 3 } else { channels[index - 1] };
        let slice = index + 1;
        let of_network = |part: &str| {
            [
                format!("features.{number}.{part}"),
                format!("net.slice{slice}.{number}.{part}"),
            ]
        };
        let of_differences = [
            format!("lin{index}.model.1.weight"),
            format!("lins.{index}.model.1.weight"),
        ];
        let wanted = [
            (of_network("weight"), vec![channels[index], input, kernel, kernel]),
            (of_network("bias"), vec![channels[index]]),
            (of_differences, vec![1, channels[index], 1, 1]),
        ];
        for (names, expected) in wanted {
            match names.iter().find_map(|name| Some((name, tensors.get(name)?))) {
                None => missing.push(names[0].clone()),
                Some((name, data)) if data.shape()[..] != expected[..] => {
                    return Err(LpipsError::Shape {
                        name: name.clone(),
                        found: data.shape().to_vec(),
                        expected,
                    });
                }
                Some((_, data)) => taken.push(data.clone()),
            }
        }
    }
    if !missing.is_empty() {
        return Err(LpipsError::Missing(missing));
    }
    let layer = |((_, _, stride, padding, pooled), data): (Convolution, &[TensorData])| Layer {
        pool: pooled.then(|| MaxPool2dConfig::new([3, 3]).with_strides([2, 2]).init()),
        weight: Tensor::from_data(data[0].clone(), device),
        bias: Tensor::from_data(data[1].clone(), device),
        stride,
        padding,
        differences: Tensor::from_data(data[2].clone(), device),
    };
    Ok(CONVOLUTIONS.into_iter().zip(taken.chunks_exact(3)).map(layer).collect())
}
