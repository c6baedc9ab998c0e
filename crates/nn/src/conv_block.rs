//! Convolution, group normalization, SiLU.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_ops::{Then, pixel_shuffle};

use crate::{Conv2d, Conv2dConfig, GroupNorm};

/// Groups of the normalization, as in SimVP.
const GROUPS: usize = 2;
const INITIAL_STD: f64 = 0.02;

/// Change of height and width by a [`ConvBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resampling {
    /// Keeps them.
    None,
    /// Halves them, by a stride.
    Down,
    /// Doubles them, by a pixel shuffle.
    Up,
}

/// Sizes of a [`ConvBlock`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConvBlockConfig {
    /// Channels in.
    pub input: usize,
    /// Channels out, an even number.
    pub output: usize,
    /// Edge of the kernel, odd.
    pub kernel: usize,
    /// Change of height and width.
    pub resampling: Resampling,
}

impl ConvBlockConfig {
    /// Channels that the convolution itself yields.
    const fn convolved(&self) -> usize {
        match self.resampling {
            Resampling::Up => 4 * self.output,
            Resampling::None | Resampling::Down => self.output,
        }
    }

    /// The block with fresh weights.
    ///
    /// # Panics
    /// If `output` is odd: the normalization has two groups.
    pub fn init(&self, device: &Device) -> ConvBlock {
        let padding = self.kernel / 2;
        let stride = if self.resampling == Resampling::Down { 2 } else { 1 };
        let conv = Conv2dConfig::new([self.input, self.convolved()], self.kernel)
            .with_stride(stride)
            .with_padding(padding);
        ConvBlock {
            conv: conv.init_normal(INITIAL_STD, device),
            enlargement: if self.resampling == Resampling::Up { 2 } else { 1 },
            norm: GroupNorm::new(GROUPS, self.output, device),
        }
    }

    /// Height and width of the output.
    pub const fn output_size(&self, [height, width]: [usize; 2]) -> [usize; 2] {
        match self.resampling {
            Resampling::None => [height, width],
            Resampling::Down => [height.div_ceil(2), width.div_ceil(2)],
            Resampling::Up => [2 * height, 2 * width],
        }
    }

    /// Cost for one image of this size.
    pub const fn cost(&self, size: [usize; 2]) -> Cost {
        let [height, width] = self.output_size(size);
        // A shuffle moves values: as many are convolved as come out.
        let values = self.output * height * width;
        let convolution = Cost::convolution(values, self.input, [self.kernel, self.kernel]);
        let normalization = Cost::group_norm(values);
        Cost {
            multiplications: convolution.multiplications,
            normalization: normalization.normalization,
        }
    }
}

/// Convolution, group normalization in two groups, SiLU: the unit of SimVP's encoder and decoder (Gao et al., CVPR 2022,
/// arXiv:2206.05099).
#[derive(Module, Debug)]
pub struct ConvBlock {
    conv: Conv2d,
    norm: GroupNorm,
    enlargement: usize,
}

impl ConvBlock {
    /// # Shapes
    /// - `input`: `[batch, input, height, width]`
    /// - output: `[batch, output, height, width]`, halved or doubled by [`Resampling`]
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let resampled = pixel_shuffle(self.conv.forward(input), self.enlargement);
        self.norm.forward(resampled, Then::Silu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resampling_changes_the_size_as_announced() {
        let device = Device::flex();
        for (resampling, kernel) in [
            (Resampling::None, 5),
            (Resampling::Down, 3),
            (Resampling::Down, 5),
            (Resampling::Up, 3),
        ] {
            let config = ConvBlockConfig {
                input: 3,
                output: 4,
                kernel,
                resampling,
            };
            let output = config.init(&device).forward(Tensor::ones([2, 3, 6, 8], &device));
            let [height, width] = config.output_size([6, 8]);
            assert_eq!(output.dims(), [2, 4, height, width], "{resampling:?}");
        }
    }
}
