//! Volumes of two slices: their convolution and their normalization.
//!
//! The reference convolves with a kernel as deep as the volume, which leaves one slice, and repeats it. Here a volume whose
//! slices are equal has one, so that nothing is computed twice.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::fan_in_uniform;
use foreframe_ops::{conv2d, layer_norm, same};

/// Slices of a volume.
pub(crate) const SLICES: usize = 2;
/// Rows and columns of the kernels, whatever `filter_size` says in OpenSTL's configurations.
pub(crate) const KERNEL: usize = 5;
/// PyTorch's default.
const EPSILON: f64 = 1e-5;

/// Sizes of a [`VolumeConv`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VolumeConvConfig {
    /// Channels in.
    pub(crate) input: usize,
    /// Channels out.
    pub(crate) output: usize,
    /// Height and width, where the output is normalized.
    pub(crate) normalized: Option<[usize; 2]>,
}

impl VolumeConvConfig {
    pub(crate) fn init(&self, device: &Device) -> VolumeConv {
        let fan_in = self.input * SLICES * KERNEL * KERNEL;
        let shape = [self.output, self.input, SLICES, KERNEL, KERNEL];
        VolumeConv {
            weight: fan_in_uniform().init_with(shape, Some(fan_in), None, device),
            norm: self.normalized.map(|size| VolumeNorm::new(self.output, size, device)),
        }
    }

    /// Cost of `used` of the output channels for an input of `slices` slices.
    pub(crate) fn cost(&self, [height, width]: [usize; 2], used: usize, slices: usize) -> Cost {
        let norm = match self.normalized {
            Some(_) => Cost::group_norm(self.output * SLICES * height * width),
            None => Cost::default(),
        };
        Cost::convolution(used * height * width, self.input * slices, [KERNEL, KERNEL]) + norm
    }
}

/// A convolution as deep as its volume, which keeps height and width.
#[derive(Module, Debug)]
pub(crate) struct VolumeConv {
    /// `[output, input, 2, 5, 5]`
    weight: Param<Tensor<5>>,
    norm: Option<VolumeNorm>,
}

impl VolumeConv {
    /// # Shapes
    /// - `volume`: `[batch, input, slices, height, width]`, one slice where both are equal
    /// - output: `[batch, output, slices, height, width]`, one slice unless it is normalized
    pub(crate) fn forward(&self, volume: Tensor<5>) -> Tensor<5> {
        let outputs = self.weight.dims()[0];
        self.first_channels(volume, outputs)
    }

    /// [`forward`](Self::forward), of which only the first `outputs` channels are needed where none is normalized.
    pub(crate) fn first_channels(&self, volume: Tensor<5>, outputs: usize) -> Tensor<5> {
        let slices = volume.dims()[2];
        let weight = match self.norm {
            Some(_) => self.weight.val(),
            None => self.weight.val().narrow(0, 0, outputs),
        };
        let weight = match slices {
            SLICES => weight,
            // Equal slices meet the sum of the kernel's.
            _ => weight.sum_dim(2),
        };
        let output = conv2d(
            volume.flatten(1, 2),
            weight.flatten(1, 2),
            None,
            same([KERNEL, KERNEL], 1, 1),
        );
        let output = output.unsqueeze_dim(2);
        match &self.norm {
            Some(norm) => norm.forward(output),
            None => output,
        }
    }
}

/// Layer normalization over all channels, slices and pixels, each with a scale and a shift of its own.
#[derive(Module, Debug)]
pub(crate) struct VolumeNorm {
    /// `[channels, 2, height, width]`
    weight: Param<Tensor<4>>,
    /// `[channels, 2, height, width]`
    bias: Param<Tensor<4>>,
}

impl VolumeNorm {
    /// A layer that begins as the identity on normalized volumes.
    pub(crate) fn new(channels: usize, [height, width]: [usize; 2], device: &Device) -> Self {
        let shape = [channels, SLICES, height, width];
        Self {
            weight: Param::from_tensor(Tensor::ones(shape, device)),
            bias: Param::from_tensor(Tensor::zeros(shape, device)),
        }
    }

    /// # Shapes
    /// - `volume`: `[batch, channels, slices, height, width]`, one slice where both are equal
    /// - output: `[batch, channels, 2, height, width]`
    pub(crate) fn forward(&self, volume: Tensor<5>) -> Tensor<5> {
        let volume = both_slices(volume);
        let shape = volume.dims();
        let rows = volume.flatten::<2>(1, 4);
        let (weight, bias) = (self.weight.val().flatten(0, 3), self.bias.val().flatten(0, 3));
        layer_norm(rows, weight, bias, EPSILON).reshape(shape)
    }
}

/// The volume with both of its slices.
pub(crate) fn both_slices(volume: Tensor<5>) -> Tensor<5> {
    match volume.dims()[2] {
        SLICES => volume,
        _ => volume.repeat_dim(2, SLICES),
    }
}
