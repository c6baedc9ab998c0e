//! From the description of an operation to a call of `foreframe_ops`.

use burn::tensor::ops::{ConvOptions, ConvTransposeOptions, DeformConvOptions};
use burn::tensor::{Distribution, Tensor};
use foreframe_ops::{GateOrder, Outside, Pixels, Then};

use super::tensors::{AnyTensor, Input, Tensors};
use crate::case::{Convolution, Groups, Image, Matmul, Operation, Shuffle};

/// A function of the inputs.
pub(super) type Function = Box<dyn FnMut(&Tensors) -> AnyTensor>;

const EPSILON: f64 = 1e-5;
/// How far the newest statistics of a batch move the running ones.
const MOMENTUM: f64 = 0.1;

/// Input, forget and output gate, candidate, as PyTorch's half lays them out.
const ORDER: GateOrder = GateOrder {
    input: 0,
    forget: 1,
    output: 2,
    candidate: 3,
};

/// The inputs that `operation` takes.
pub(super) fn inputs(operation: &Operation) -> Vec<Input> {
    let plain = |dims: &[usize]| Input {
        dims: dims.to_vec(),
        values: Distribution::Normal(0.0, 1.0),
    };
    let image = |shape: &Image| plain(&shape.dims());
    let with_channels = |shape: &Image, channels| plain(&Image { channels, ..*shape }.dims());
    let normalized = |shape: &Image| vec![image(shape), plain(&[shape.channels]), plain(&[shape.channels])];
    match operation {
        Operation::Matmul(Matmul { m, k, n }) => vec![plain(&[*m, *k]), plain(&[*k, *n])],
        Operation::Conv2d(conv) => {
            let weight = weight(conv, [conv.out_channels, conv.in_channels / conv.groups]);
            vec![plain(&conv.input()), weight, plain(&[conv.out_channels])]
        }
        Operation::ConvTranspose2d(conv) => {
            let weight = weight(conv, [conv.in_channels, conv.out_channels / conv.groups]);
            vec![plain(&conv.input()), weight, plain(&[conv.out_channels])]
        }
        Operation::DeformConv2d(conv) => {
            let ([height, width], taps) = (conv.output(), conv.kernel * conv.kernel);
            vec![
                plain(&conv.input()),
                plain(&[conv.batch, 2 * taps, height, width]),
                plain(&[conv.batch, taps, height, width]),
                weight(conv, [conv.out_channels, conv.in_channels / conv.groups]),
                plain(&[conv.out_channels]),
            ]
        }
        Operation::GridSample(shape) => vec![
            image(shape),
            Input {
                dims: vec![shape.batch, shape.height, shape.width, 2],
                values: Distribution::Uniform(-1.0, 1.0),
            },
        ],
        Operation::PixelShuffle(Shuffle { image: shape, .. }) => vec![image(shape)],
        Operation::Gelu(x)
        | Operation::Silu(x)
        | Operation::Sigmoid(x)
        | Operation::Tanh(x)
        | Operation::Softmax(x) => {
            vec![plain(&x.dims)]
        }
        Operation::LayerNorm(x) => vec![plain(&x.dims), plain(&[x.dims[3]]), plain(&[x.dims[3]])],
        Operation::ChannelNorm(shape) | Operation::BatchNorm(shape) => normalized(shape),
        Operation::GroupNormSilu(Groups { image: shape, .. }) => normalized(shape),
        Operation::LstmGates(cell) => vec![with_channels(cell, 4 * cell.channels), image(cell)],
        Operation::Add(x) | Operation::Multiply(x) => vec![plain(&x.dims), plain(&x.dims)],
        Operation::Adam(_) => Vec::new(),
    }
}

/// Scaled by its fan-in.
fn weight(conv: &Convolution, [first, second]: [usize; 2]) -> Input {
    Input {
        dims: vec![first, second, conv.kernel, conv.kernel],
        values: Distribution::Normal(0.0, ((second * conv.kernel * conv.kernel) as f64).powf(-0.5)),
    }
}

/// The function that `operation` names.
pub(super) fn of(operation: &Operation) -> Function {
    match operation {
        Operation::Matmul(_) => Box::new(|x| AnyTensor::Two(x.two(0).matmul(x.two(1)))),
        Operation::Conv2d(conv) => {
            let (stride, padding, dilation) = pairs(conv);
            let options = ConvOptions::new(stride, padding, dilation, conv.groups);
            image(move |x| foreframe_ops::conv2d(x.four(0), x.four(1), Some(x.one(2)), options.clone()))
        }
        Operation::ConvTranspose2d(conv) => {
            let (stride, padding, dilation) = pairs(conv);
            let options = ConvTransposeOptions::new(stride, padding, [0, 0], dilation, conv.groups);
            image(move |x| foreframe_ops::conv_transpose2d(x.four(0), x.four(1), Some(x.one(2)), options.clone()))
        }
        Operation::DeformConv2d(conv) => {
            let (stride, padding, dilation) = pairs(conv);
            let options = DeformConvOptions::new(stride, padding, dilation, conv.groups, 1);
            image(move |x| {
                let (mask, bias) = (Some(x.four(2)), Some(x.one(4)));
                foreframe_ops::deform_conv2d(x.four(0), x.four(1), mask, x.four(3), bias, options.clone())
            })
        }
        Operation::GridSample(_) => {
            image(|x| foreframe_ops::sample(x.four(0), x.four(1), Outside::Zeros, Pixels::Edges))
        }
        &Operation::PixelShuffle(Shuffle { factor, .. }) => {
            image(move |x| foreframe_ops::pixel_shuffle(x.four(0), factor) * 2.0)
        }
        Operation::Gelu(_) => image(|x| foreframe_ops::gelu(x.four(0))),
        Operation::Silu(_) => image(|x| foreframe_ops::silu(x.four(0))),
        Operation::Sigmoid(_) => image(|x| foreframe_ops::sigmoid(x.four(0))),
        Operation::Tanh(_) => image(|x| foreframe_ops::tanh(x.four(0))),
        Operation::Softmax(_) => image(|x| foreframe_ops::softmax(x.four(0), 3)),
        Operation::LayerNorm(_) => image(|x| foreframe_ops::layer_norm(x.four(0), x.one(1), x.one(2), EPSILON)),
        Operation::ChannelNorm(_) => image(|x| foreframe_ops::channel_norm(x.four(0), x.one(1), x.one(2), EPSILON)),
        Operation::BatchNorm(_) => batch_norm(),
        &Operation::GroupNormSilu(Groups { groups, .. }) => {
            image(move |x| foreframe_ops::group_norm(x.four(0), groups, x.one(1), x.one(2), EPSILON, Then::Silu))
        }
        Operation::LstmGates(_) => image(|x| {
            let [cell, hidden] = foreframe_ops::lstm_gates(x.four(0), x.four(1), ORDER, 0.0);
            cell + hidden
        }),
        Operation::Add(_) => image(|x| x.four(0) + x.four(1)),
        Operation::Multiply(_) => image(|x| x.four(0) * x.four(1)),
        Operation::Adam(_) => unreachable!("an update is no function"),
    }
}

fn image(mut function: impl FnMut(&Tensors) -> Tensor<4> + 'static) -> Function {
    Box::new(move |inputs| AnyTensor::Four(function(inputs)))
}

fn batch_norm() -> Function {
    let mut running: Option<[Tensor<1>; 2]> = None;
    image(move |x| {
        let found = foreframe_ops::batch_norm_train(x.four(0), x.one(1), x.one(2), EPSILON);
        let newest = [found.mean, found.variance].map(Tensor::detach);
        running = Some(match running.take() {
            Some(old) => {
                [0, 1].map(|index: usize| old[index].clone() * (1.0 - MOMENTUM) + newest[index].clone() * MOMENTUM)
            }
            None => newest,
        });
        found.output
    })
}

/// Stride, padding and dilation, which are the same on both axes.
fn pairs(conv: &Convolution) -> ([usize; 2], [usize; 2], [usize; 2]) {
    ([conv.stride; 2], [conv.padding; 2], [conv.dilation; 2])
}
