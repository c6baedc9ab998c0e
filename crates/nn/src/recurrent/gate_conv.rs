//! The convolution in front of gates.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::layer_norm;

use crate::{Conv2d, Conv2dConfig};

/// Sizes of a [`GateConv`].
#[derive(Clone, Debug, PartialEq)]
pub struct GateConvConfig {
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
    /// Edge of the kernel, odd.
    pub kernel: usize,
    /// Height and width, where the output is to be normalized.
    pub normalized: Option<[usize; 2]>,
}

impl GateConvConfig {
    const fn convolution(&self) -> Conv2dConfig {
        Conv2dConfig::new([self.input, self.output], self.kernel)
            .with_padding(self.kernel / 2)
            .without_bias()
    }

    /// The block with fresh weights.
    pub fn init(&self, device: &Device) -> GateConv {
        GateConv {
            convolution: self.convolution().init(device),
            norm: self.normalized.map(|size| ImageNorm::new(self.output, size, device)),
        }
    }

    /// Cost for one image of this size.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        let norm = match self.normalized {
            Some(_) => Cost::group_norm(self.output * size[0] * size[1]),
            None => Cost::default(),
        };
        self.convolution().cost(size) + norm
    }
}

/// A convolution without bias that keeps height and width, and layer normalization over whole images where it is asked
/// for (OpenSTL: `layer_norm = 1`).
#[derive(Module, Debug)]
pub struct GateConv {
    convolution: Conv2d,
    norm: Option<ImageNorm>,
}

impl GateConv {
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let output = self.convolution.forward(input);
        match &self.norm {
            Some(norm) => norm.forward(output),
            None => output,
        }
    }

    /// The weights, where nothing is normalized after them.
    pub(super) fn bare(&self) -> Option<Tensor<4>> {
        self.norm.is_none().then(|| self.convolution.weight.val())
    }

    /// Our names of the tensors and OpenSTL's, for a block at the path `ours` here and `theirs` there.
    pub fn openstl_keys(ours: &str, theirs: &str) -> [(String, String); 2] {
        [("convolution", "0"), ("norm", "1")].map(|(our, their)| (format!("{ours}.{our}"), format!("{theirs}.{their}")))
    }
}

/// Layer normalization over all channels and pixels of an image, each with a scale and a shift of its own.
#[derive(Module, Debug)]
pub struct ImageNorm {
    /// `[channels, height, width]`
    weight: Param<Tensor<3>>,
    /// `[channels, height, width]`
    bias: Param<Tensor<3>>,
}

/// PyTorch's default.
const EPSILON: f64 = 1e-5;

impl ImageNorm {
    /// A layer that begins as the identity on normalized images.
    pub fn new(channels: usize, [height, width]: [usize; 2], device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels, height, width], device)),
            bias: Param::from_tensor(Tensor::zeros([channels, height, width], device)),
        }
    }

    /// # Shapes
    /// - `input` and output: `[batch, channels, height, width]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let shape = input.dims();
        let rows = input.flatten::<2>(1, 3);
        layer_norm(
            rows,
            self.weight.val().flatten(0, 2),
            self.bias.val().flatten(0, 2),
            EPSILON,
        )
        .reshape(shape)
    }
}
