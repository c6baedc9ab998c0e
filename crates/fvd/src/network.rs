//! The network whose opinion counts.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use crate::FvdError;
use crate::layers::{Clips, Unit, max_pool};
use crate::widths::{MODULES, Sizes, Widths};

/// Epsilon of the normalization, as in the published networks.
const EPSILON: f64 = 1e-3;

/// Modules with a pooling before them: its taps over time and space, which are its strides as well but for the first.
const POOLED: [(usize, [usize; 2], [usize; 2]); 3] = [(0, [1, 3], [1, 2]), (2, [3, 3], [2, 2]), (7, [2, 2], [2, 2])];

/// Inflated Inception, as it ends before the softmax.
#[derive(Clone, Debug)]
pub(crate) struct I3d {
    stem: [Unit; 3],
    modules: Vec<[Unit; 6]>,
    /// `[last channels, classes]`
    logits: Tensor<2>,
    /// `[1, classes]`
    bias: Tensor<2>,
}

impl I3d {
    /// # Errors
    /// Names the weights that are missing, of another shape or not finite.
    pub(crate) fn load(
        tensors: &BTreeMap<String, TensorData>,
        widths: &Widths,
        device: &Device,
    ) -> Result<Self, FvdError> {
        check(tensors, widths)?;
        let unit = |sizes: &Sizes, stride: usize| unit(tensors, sizes, stride, device);
        let [first, second, third] = widths.stem();
        let stem = [unit(&first, 2)?, unit(&second, 1)?, unit(&third, 1)?];
        let modules = (0..MODULES.len()).map(|number| {
            let [one, two_a, two_b, three_a, three_b, four] = widths.module(number);
            Ok([
                unit(&one, 1)?,
                unit(&two_a, 1)?,
                unit(&two_b, 1)?,
                unit(&three_a, 1)?,
                unit(&three_b, 1)?,
                unit(&four, 1)?,
            ])
        });
        let logits = widths.logits();
        let (name, _) = logits.kernel();
        let (kernel, bias) = (values(tensors, &name), values(tensors, "logits.conv3d.bias"));
        finite(&logits.name, kernel.iter().chain(&bias))?;
        let kernel = TensorData::new(kernel, [logits.output, logits.input]);
        Ok(Self {
            stem,
            modules: modules.collect::<Result<_, FvdError>>()?,
            logits: Tensor::<2>::from_data(kernel, device).transpose(),
            bias: Tensor::from_data(TensorData::new(bias, [1, logits.output]), device),
        })
    }

    /// # Shapes
    /// - `clips`: frames of 3 channels and 224x224 pixels
    /// - output: `[clips, classes]`
    pub(crate) fn forward(&self, clips: Clips) -> Tensor<2> {
        let [first, second, third] = &self.stem;
        let mut clips = max_pool(first.forward(clips), [1, 3], [1, 2]);
        clips = third.forward(second.forward(clips));
        for (number, module) in self.modules.iter().enumerate() {
            if let Some((_, taps, stride)) = POOLED.iter().find(|(before, ..)| *before == number) {
                clips = max_pool(clips, *taps, *stride);
            }
            clips = inception(module, clips);
        }
        let Clips { frames, time } = clips;
        let [count, channels, ..] = frames.dims();
        let frames = frames.mean_dim(2).mean_dim(3).reshape([count / time, time, channels]);
        // The mean of every two frames that follow each other, then the mean of those: what lies between the first and the
        // last frame counts twice.
        let pairs = frames.clone().narrow(1, 0, time - 1) + frames.narrow(1, 1, time - 1);
        let means = pairs.mean_dim(1).reshape([count / time, channels]) / 2.0;
        means.matmul(self.logits.clone()) + self.bias.clone()
    }
}

fn inception([one, two_a, two_b, three_a, three_b, four]: &[Unit; 6], clips: Clips) -> Clips {
    let time = clips.time;
    let branches = [
        one.forward(clips.clone()),
        two_b.forward(two_a.forward(clips.clone())),
        three_b.forward(three_a.forward(clips.clone())),
        four.forward(max_pool(clips, [3, 3], [1, 1])),
    ];
    let frames = Tensor::cat(branches.map(|branch| branch.frames).into(), 1);
    Clips { frames, time }
}

/// Whether every weight is there and of the shape that is needed.
fn check(tensors: &BTreeMap<String, TensorData>, widths: &Widths) -> Result<(), FvdError> {
    let mut missing = Vec::new();
    for (name, expected) in widths.weights() {
        match tensors.get(&name) {
            None => missing.push(name),
            Some(data) if data.shape()[..] != expected[..] => {
                let found = data.shape().to_vec();
                return Err(FvdError::Shape { name, found, expected });
            }
            Some(_) => {}
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(FvdError::Missing(missing)),
    }
}

/// The convolution with its batch normalization folded into it: `(w x - mean) / sqrt(variance + e) * scale + offset`.
fn unit(
    tensors: &BTreeMap<String, TensorData>,
    sizes: &Sizes,
    stride: usize,
    device: &Device,
) -> Result<Unit, FvdError> {
    let (name, shape) = sizes.kernel();
    let mut kernel = values(tensors, &name);
    let [scale, offset, mean, variance] = sizes.norm().map(|name| values(tensors, &name));
    let per_channel = kernel.len() / sizes.output;
    let mut bias = Vec::with_capacity(sizes.output);
    for (channel, kernel) in kernel.chunks_exact_mut(per_channel).enumerate() {
        let [scale, offset, mean, variance] = [&scale, &offset, &mean, &variance].map(|of| f64::from(of[channel]));
        let factor = scale / (variance + EPSILON).sqrt();
        kernel
            .iter_mut()
            .for_each(|value| *value = (f64::from(*value) * factor) as f32);
        bias.push((offset - mean * factor) as f32);
    }
    finite(&sizes.name, kernel.iter().chain(&bias))?;
    let taps = sizes.taps;
    let shape: [usize; 5] = shape.try_into().expect("five axes");
    let kernel = Tensor::<5>::from_data(TensorData::new(kernel, shape), device).permute([0, 2, 1, 3, 4]);
    Ok(Unit {
        weight: kernel.reshape([sizes.output, taps * sizes.input, taps, taps]),
        bias: Tensor::from_data(TensorData::new(bias, [sizes.output]), device),
        taps,
        stride,
    })
}

fn values(tensors: &BTreeMap<String, TensorData>, name: &str) -> Vec<f32> {
    tensors[name].iter::<f32>().collect()
}

fn finite<'a>(name: &str, mut values: impl Iterator<Item = &'a f32>) -> Result<(), FvdError> {
    match values.all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(FvdError::NotFinite(name.to_owned())),
    }
}
