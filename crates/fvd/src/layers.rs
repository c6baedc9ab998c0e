//! Convolution and pooling over time and space, with TensorFlow's padding.

use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Slice, Tensor};
use foreframe_ops::conv2d;

/// Clips on their way through the network.
#[derive(Clone)]
pub(crate) struct Clips {
    /// `[clips * time, channels, height, width]`
    pub(crate) frames: Tensor<4>,
    pub(crate) time: usize,
}

/// A convolution with batch normalization, folded into one, and ReLU.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// `[output, taps over time * input, taps, taps]`
    pub(crate) weight: Tensor<4>,
    pub(crate) bias: Tensor<1>,
    pub(crate) taps: usize,
    pub(crate) stride: usize,
}

impl Unit {
    /// One convolution of images: the frames that a kernel reaches are stacked, so that its axis of time becomes part of
    /// its input channels.
    pub(crate) fn forward(&self, clips: Clips) -> Clips {
        let [_, channels, height, width] = clips.frames.dims();
        let (neighbors, time) = neighbors(clips, self.taps, self.stride);
        let clip_frames = neighbors[0].dims()[0] * time;
        let stacked = Tensor::cat(neighbors, 2).reshape([clip_frames, self.taps * channels, height, width]);
        let padding = [height, width].map(|side| same(side, self.taps, self.stride));
        let options = ConvOptions::new_with_padding([self.stride; 2], padding, [1, 1], 1);
        let frames = relu(conv2d(stacked, self.weight.clone(), Some(self.bias.clone()), options));
        Clips { frames, time }
    }
}

/// The greatest values among `taps`, over time and over space, every so many of each. Values are not negative, so that it
/// makes no difference whether zeros surround them.
pub(crate) fn max_pool(clips: Clips, taps: [usize; 2], stride: [usize; 2]) -> Clips {
    let [_, channels, height, width] = clips.frames.dims();
    let padding = [height, width].map(|side| same(side, taps[1], stride[1]));
    let options = MaxPoolOptions::new([taps[1]; 2])
        .with_stride([stride[1]; 2])
        .with_padding_pairs(padding);
    let frames = max_pool2d(clips.frames, options);
    let [_, _, height, width] = frames.dims();
    let (neighbors, time) = neighbors(Clips { frames, ..clips }, taps[0], stride[0]);
    let count = neighbors[0].dims()[0] * time;
    let greatest = neighbors.into_iter().reduce(Tensor::max_pair).expect("taps");
    let frames = greatest.reshape([count, channels, height, width]);
    Clips { frames, time }
}

/// For every tap over time the frames that it sees, `[clips, time, values of a frame]`, and how many those are.
fn neighbors(clips: Clips, taps: usize, stride: usize) -> (Vec<Tensor<3>>, usize) {
    let [count, channels, height, width] = clips.frames.dims();
    let frames = clips
        .frames
        .reshape([count / clips.time, clips.time, channels * height * width]);
    let (before, after) = same(clips.time, taps, stride);
    let padded = match before + after {
        0 => frames,
        _ => frames.pad([(before, after), (0, 0)], 0.0),
    };
    let time = clips.time.div_ceil(stride);
    let seen = |tap: usize| {
        let end = tap + (time - 1) * stride + 1;
        let every = Slice::new(tap as isize, Some(end as isize), stride as isize);
        padded.clone().slice_dim(1, every)
    };
    ((0..taps).map(seen).collect(), time)
}

/// Zeros before and after, so that one output remains for every `stride` inputs; the odd one comes after.
fn same(len: usize, taps: usize, stride: usize) -> (usize, usize) {
    let last = match len % stride {
        0 => stride,
        rest => rest,
    };
    let total = taps.saturating_sub(last);
    (total / 2, total - total / 2)
}
