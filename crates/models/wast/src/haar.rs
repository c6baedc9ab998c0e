//! The Haar wavelet in one, two and three dimensions.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::tensor::Tensor;

/// Axes of a clip `[batch, time, channels, height, width]` that the transform halves.
const AXES: [usize; 3] = [1, 3, 4];

/// Sums and differences of neighbors along `axis`, which has an even number of values: half as many of each, not
/// divided by the root of 2.
fn halves<const D: usize>(values: Tensor<D>, axis: usize) -> [Tensor<D>; 2] {
    let mut shape = values.dims();
    let outer = shape[..axis].iter().product();
    let inner = shape[axis + 1..].iter().product();
    shape[axis] /= 2;
    let pairs: Tensor<4> = values.reshape([outer, shape[axis], 2, inner]);
    let [first, second] = [0, 1].map(|side| pairs.clone().narrow(2, side, 1));
    let sums = first.clone() + second.clone();
    [sums, first - second].map(|half| half.reshape(shape))
}

/// Undoes [`halves`] but for a factor of 2.
fn joined<const D: usize>([sums, differences]: [Tensor<D>; 2], axis: usize) -> Tensor<D> {
    let mut shape = sums.dims();
    let outer: usize = shape[..axis].iter().product();
    let inner: usize = shape[axis + 1..].iter().product();
    let pair = [outer, shape[axis], 1, inner];
    shape[axis] *= 2;
    let first: Tensor<4> = (sums.clone() + differences.clone()).reshape(pair);
    let second: Tensor<4> = (sums - differences).reshape(pair);
    Tensor::cat(vec![first, second], 2).reshape(shape)
}

/// Splits a clip into its low and high band along time, height and width. Band `4 * t + 2 * h + w` is the one that is
/// high along the axes whose digit is 1: band 0 is low along all three, band 1 high along the width.
///
/// # Shapes
/// - `clip`: `[batch, time, channels, height, width]`, all but channels even
/// - bands: `[batch, time / 2, channels, height / 2, width / 2]`
pub(crate) fn transform(clip: Tensor<5>) -> Vec<Tensor<5>> {
    let scaled = clip * FRAC_1_SQRT_2.powi(3);
    AXES.into_iter().fold(vec![scaled], |bands, axis| {
        bands.into_iter().flat_map(|band| halves(band, axis)).collect()
    })
}

/// Undoes [`transform`].
///
/// # Shapes
/// - `bands`: 8 of `[batch, time, channels, height, width]`
/// - output: `[batch, 2 * time, channels, 2 * height, 2 * width]`
pub(crate) fn inverse(bands: Vec<Tensor<5>>) -> Tensor<5> {
    let mut bands = bands;
    for axis in AXES.into_iter().rev() {
        let mut pairs = bands.into_iter();
        let mut wider = Vec::new();
        while let (Some(low), Some(high)) = (pairs.next(), pairs.next()) {
            wider.push(joined([low, high], axis));
        }
        bands = wider;
    }
    bands.swap_remove(0) * FRAC_1_SQRT_2.powi(3)
}

/// The band of images that is low along height and width.
///
/// # Shapes
/// - `images`: `[batch, channels, height, width]`, height and width even
/// - output: `[batch, channels, height / 2, width / 2]`
pub(crate) fn low_band(images: Tensor<4>) -> Tensor<4> {
    let [rows, _] = halves(images, 2);
    let [sums, _] = halves(rows, 3);
    sums * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    #[test]
    fn the_inverse_undoes_the_transform_and_the_norm_is_kept() {
        let clip = Tensor::<1, Int>::arange(0..2 * 4 * 3 * 6 * 8, &Device::flex()).float();
        let clip = (clip * 0.7).sin().reshape([2, 4, 3, 6, 8]);
        let bands = transform(clip.clone());
        assert_eq!(bands.len(), 8);
        assert_eq!(bands[0].dims(), [2, 2, 3, 3, 4]);
        let norm = |values: Tensor<5>| values.square().sum().into_scalar::<f32>();
        let energy: f32 = bands.iter().map(|band| norm(band.clone())).sum();
        assert!((energy / norm(clip.clone()) - 1.0).abs() < 1e-5, "{energy}");
        let worst = (inverse(bands) - clip).abs().max().into_scalar::<f32>();
        assert!(worst < 1e-6, "{worst}");
    }

    #[test]
    fn bands_are_numbered_by_the_axes_along_which_they_are_high() {
        let device = Device::flex();
        for (axis, band) in [(1, 4), (3, 2), (4, 1)] {
            let mut shape = [1; 5];
            shape[axis] = 2;
            let alternating = Tensor::<1>::from_floats([1.0, -1.0], &device).reshape(shape);
            let clip = alternating.expand([1, 2, 1, 2, 2]);
            for (index, found) in transform(clip).into_iter().enumerate() {
                let expected = if index == band { 8f32.sqrt() } else { 0.0 };
                assert!(
                    (found.into_scalar::<f32>() - expected).abs() < 1e-6,
                    "axis {axis}, band {index}"
                );
            }
        }
    }
}
