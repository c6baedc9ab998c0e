//! Warping by the motion of neighborhoods.

use burn::tensor::Tensor;
use burn::tensor::ops::DeformConvOptions;

use crate::deform_conv2d;

/// A 3x3 convolution of which every tap of every position is moved and weighed (Wu et al., MotionRNN, CVPR 2021,
/// equation 4): tap `n` reads row `y + n / 3 - 1 + displacements[n]` and column `x + n % 3 - 1 + displacements[9 + n]`,
/// bilinearly and 0 outside, and counts `modulation[n]` times. It is [`deform_conv2d`] with another order of offsets: all
/// rows, then all columns.
///
/// # Shapes
/// - `input`: `[batch, in_channels, height, width]`
/// - `displacements`: `[batch, 18, height, width]`, in pixels
/// - `modulation`: `[batch, 9, height, width]`
/// - `weight`: `[out_channels, in_channels, 3, 3]`
/// - output: `[batch, out_channels, height, width]`
///
/// # Panics
/// When the shapes do not fit each other; the message names the tensor and the numbers.
pub fn neighborhood_warp(
    input: Tensor<4>,
    displacements: Tensor<4>,
    modulation: Tensor<4>,
    weight: Tensor<4>,
) -> Tensor<4> {
    let [batch, channels, height, width] = displacements.dims();
    assert!(
        channels == 18,
        "neighborhood_warp: `displacements` has {channels} channels (axis 1) and should have 18, two for each of 9 taps"
    );
    let alternating = displacements
        .reshape([batch, 2, 9, height, width])
        .swap_dims(1, 2)
        .reshape([batch, channels, height, width]);
    let options = DeformConvOptions::new([1, 1], [1, 1], [1, 1], 1, 1);
    deform_conv2d(input, alternating, Some(modulation), weight, None, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{conv2d, same};
    use burn::tensor::{Device, Distribution};

    fn random(shape: [usize; 4]) -> Tensor<4> {
        Tensor::random(shape, Distribution::Default, &Device::flex())
    }

    fn apart(one: Tensor<4>, other: Tensor<4>) -> f32 {
        (one - other).abs().max().into_scalar()
    }

    #[test]
    fn without_motion_it_is_a_convolution() {
        let (input, weight) = (random([2, 3, 5, 6]), random([4, 3, 3, 3]));
        let still = Tensor::zeros([2, 18, 5, 6], &input.device());
        let half = Tensor::full([2, 9, 5, 6], 0.5, &input.device());
        let expected = conv2d(input.clone(), weight.clone(), None, same([3, 3], 1, 1)) * 0.5;
        assert!(apart(neighborhood_warp(input, still, half, weight), expected) < 1e-5);
    }

    #[test]
    fn whole_pixels_move_the_image() {
        let (input, weight) = (random([1, 2, 6, 7]), random([2, 2, 3, 3]));
        let device = input.device();
        // Two rows down, one column to the left.
        let rows = Tensor::full([1, 9, 6, 7], 2.0, &device);
        let columns = Tensor::full([1, 9, 6, 7], -1.0, &device);
        let ones = Tensor::ones([1, 9, 6, 7], &device);
        let warped = neighborhood_warp(input.clone(), Tensor::cat(vec![rows, columns], 1), ones, weight.clone());
        let plain = conv2d(input, weight, None, same([3, 3], 1, 1));
        // Inside, where neither image is cut off by its border.
        let inner = warped.narrow(2, 1, 2).narrow(3, 2, 4);
        assert!(apart(inner, plain.narrow(2, 3, 2).narrow(3, 1, 4)) < 1e-5);
    }
}
