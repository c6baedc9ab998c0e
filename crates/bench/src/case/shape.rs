//! Shapes of operations, named as PyTorch's worker names them.

use std::fmt;

use serde::Serialize;

/// `[m, k]` times `[k, n]`.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the axes of the two matrices")]
pub struct Matmul {
    pub m: usize,
    pub k: usize,
    pub n: usize,
}

/// A convolution with a bias and a square kernel.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parameters of a convolution, under their usual names")]
pub struct Convolution {
    pub batch: usize,
    #[serde(rename = "in")]
    pub in_channels: usize,
    pub height: usize,
    pub width: usize,
    #[serde(rename = "out")]
    pub out_channels: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
    pub groups: usize,
}

/// `[batch, channels, height, width]`
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the axes of a tensor")]
pub struct Image {
    pub batch: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

/// An image whose channels become `factor` times as many rows and columns.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "explained by the struct")]
pub struct Shuffle {
    #[serde(flatten)]
    pub image: Image,
    pub factor: usize,
}

/// An image whose channels form `groups` groups.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "explained by the struct")]
pub struct Groups {
    #[serde(flatten)]
    pub image: Image,
    pub groups: usize,
}

/// A tensor of four axes.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "explained by the struct")]
pub struct Tensor4 {
    pub dims: [usize; 4],
}

/// `elements` parameters in `tensors` tensors of nearly equal size.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "explained by the struct")]
pub struct Parameters {
    pub elements: usize,
    pub tensors: usize,
}

impl Convolution {
    /// Stride 1, an output as large as the input (for odd kernels), one group.
    pub const fn square([batch, in_channels, height, width]: [usize; 4], out_channels: usize, kernel: usize) -> Self {
        Self {
            batch,
            in_channels,
            height,
            width,
            out_channels,
            kernel,
            stride: 1,
            padding: kernel / 2,
            dilation: 1,
            groups: 1,
        }
    }

    /// With another stride.
    pub const fn strided(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// With taps further apart and as much more padding.
    pub const fn dilated(self, dilation: usize) -> Self {
        Self {
            dilation,
            padding: dilation * (self.kernel - 1) / 2,
            ..self
        }
    }

    /// With several groups.
    pub const fn grouped(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// Height and width of the output of a convolution.
    pub const fn output(&self) -> [usize; 2] {
        let reach = self.dilation * (self.kernel - 1) + 1;
        [
            (self.height + 2 * self.padding - reach) / self.stride + 1,
            (self.width + 2 * self.padding - reach) / self.stride + 1,
        ]
    }

    /// Height and width of the output of a transposed convolution.
    pub const fn transposed_output(&self) -> [usize; 2] {
        let reach = self.dilation * (self.kernel - 1) + 1;
        [
            (self.height - 1) * self.stride + reach - 2 * self.padding,
            (self.width - 1) * self.stride + reach - 2 * self.padding,
        ]
    }

    /// The dimensions of the input.
    pub const fn input(&self) -> [usize; 4] {
        [self.batch, self.in_channels, self.height, self.width]
    }

    /// Elements of the kernel, which are as many in a transposed convolution.
    pub(super) const fn weights(&self) -> usize {
        self.out_channels * self.in_channels / self.groups * self.kernel * self.kernel
    }

    pub(super) fn outputs(&self, [height, width]: [usize; 2]) -> usize {
        self.batch * self.out_channels * height * width
    }
}

impl Image {
    /// `[batch, channels, height, width]`
    pub const fn dims(&self) -> [usize; 4] {
        [self.batch, self.channels, self.height, self.width]
    }

    /// How many values it has.
    pub fn elements(&self) -> usize {
        self.dims().iter().product()
    }
}

impl fmt::Display for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{0}x{0} ", self.kernel)?;
        for (name, value) in [("stride", self.stride), ("dilation", self.dilation)] {
            if value != 1 {
                write!(f, "{name} {value} ")?;
            }
        }
        if self.groups == self.in_channels && self.groups == self.out_channels {
            return write!(f, "depthwise {:?}", self.input());
        }
        if self.groups != 1 {
            write!(f, "in {} groups ", self.groups)?;
        }
        write!(f, "{:?} -> {}", self.input(), self.out_channels)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:?}", self.dims())
    }
}

impl fmt::Display for Tensor4 {
    /// Axes of extent 1 in front are left out.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let first = self.dims.iter().position(|&extent| extent != 1).unwrap_or(3);
        write!(f, "{:?}", &self.dims[first..])
    }
}
