//! The high-frequency part of the loss.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::fold_time;

use crate::haar;

/// Radius around the corners of the spectrum, where its low frequencies lie, that the loss ignores, as a share of the
/// longer side.
const RADIUS: f64 = 0.1;

/// The high focal frequency loss of the paper (section 3.4): the squared difference of the spectra of two clips' Haar low
/// bands, weighted by how large the difference is among those of the same image, without the lowest frequencies.
///
/// There is a term for each of `levels` levels of the Haar transform. The weight of a frequency is
/// `ln(1 + |difference|)` divided by the largest of the image (Jiang et al., arXiv:2012.12821); it is a constant to
/// differentiation.
///
/// # Shapes
/// - `forecast`, `truth`: `[batch, time, channels, height, width]`, height and width multiples of `2^levels`
/// - result: `[1]`
pub fn focal_frequency_loss(forecast: Tensor<5>, truth: Tensor<5>, levels: usize) -> Tensor<1> {
    // The transforms are linear: that of the difference is the difference of the transforms.
    let mut difference = fold_time(forecast - truth);
    let mut loss = Tensor::zeros([1], (&difference.device(), difference.dtype()));
    for _ in 0..levels {
        difference = haar::low_band(difference);
        loss = loss + weighted_power(difference.clone());
    }
    loss
}

/// The mean over all frequencies of weight times power.
fn weighted_power(images: Tensor<4>) -> Tensor<1> {
    let [_, _, height, width] = images.dims();
    let mask = high_frequencies([height, width], &images.device()).cast(images.dtype());
    let power = power_spectrum(images);
    let size = (power.clone().detach().sqrt() + 1.0).log();
    // An image that is met exactly has a largest size of 0, and no power either.
    let largest = size.clone().max_dim(1).max_dim(2).clamp_min(f32::MIN_POSITIVE);
    (power * (size / largest) * mask).mean()
}

/// The squared size of the orthonormal discrete Fourier transform of every image, `[batch * channels, height, width]`.
///
/// The transform is two products with matrices of cosines and sines: exact, differentiable, and the same on every
/// backend. Images are small here, so a fast transform would gain little.
fn power_spectrum(images: Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = images.dims();
    let (device, dtype) = (images.device(), images.dtype());
    let planes = batch * channels;
    let along_rows = fourier_matrix(width, &device).cast(dtype).transpose();
    let along_columns = fourier_matrix(height, &device).cast(dtype);
    let rows = images.reshape([planes * height, width]).matmul(along_rows);
    let both = along_columns
        .unsqueeze::<3>()
        .matmul(rows.reshape([planes, height, 2 * width]));
    let part = |sine_rows: usize, sine_columns: usize| {
        both.clone()
            .narrow(1, sine_columns * height, height)
            .narrow(2, sine_rows * width, width)
    };
    let real = part(0, 0) - part(1, 1);
    let imaginary = part(0, 1) + part(1, 0);
    real.square() + imaginary.square()
}

/// Cosines over sines of an orthonormal Fourier transform of `size` values, `[2 * size, size]`.
fn fourier_matrix(size: usize, device: &Device) -> Tensor<2> {
    let scale = (1.0 / size as f64).sqrt();
    let value = |index: usize, wave: fn(f64) -> f64| {
        // A product of large numbers would lose the digits that matter.
        let turns = (index / size) * (index % size) % size;
        (scale * wave(TAU * turns as f64 / size as f64)) as f32
    };
    let len = size * size;
    let cosines = (0..len).map(|index| value(index, f64::cos));
    let sines = (0..len).map(|index| value(index, f64::sin));
    Tensor::from_data(
        TensorData::new(cosines.chain(sines).collect::<Vec<f32>>(), [2 * size, size]),
        device,
    )
}

/// 1 for the frequencies that count, 0 near the corners of the spectrum, `[1, height, width]`.
fn high_frequencies([height, width]: [usize; 2], device: &Device) -> Tensor<3> {
    let radius = RADIUS * height.max(width) as f64;
    let from_corner = |index: usize, side: usize| index.min(side - 1 - index) as f64;
    let mask = (0..height * width).map(|index| {
        let distance = from_corner(index / width, height).hypot(from_corner(index % width, width));
        if distance <= radius { 0.0f32 } else { 1.0 }
    });
    Tensor::from_data(TensorData::new(mask.collect::<Vec<f32>>(), [1, height, width]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_clips_have_no_loss() {
        let clip = Tensor::<5>::ones([1, 2, 1, 8, 8], &Device::flex());
        assert_eq!(focal_frequency_loss(clip.clone(), clip, 2).into_scalar::<f32>(), 0.0);
    }

    /// A wave has all its power in two frequencies; a constant is masked out.
    #[test]
    fn only_high_frequencies_count() {
        let device = Device::flex();
        let clip = |value: fn(usize) -> f32| {
            let values = (0..16 * 16).map(|index| value(index % 16 / 2)).collect::<Vec<f32>>();
            Tensor::<5>::from_data(TensorData::new(values, [1, 1, 1, 16, 16]), &device)
        };
        let nothing = clip(|_| 0.0);
        let constant = focal_frequency_loss(clip(|_| 1.0), nothing.clone(), 1).into_scalar::<f32>();
        assert!(constant < 1e-6, "{constant}");
        // The low band is 8 pixels of 2 * cos(2 pi x / 4): a power of 8 * 8 * 2 in two of 64 frequencies.
        let wave = clip(|x| [1.0, 0.0, -1.0, 0.0][x % 4]);
        let found = focal_frequency_loss(wave, nothing, 1).into_scalar::<f32>();
        assert!((found - 2.0).abs() < 1e-4, "{found}");
    }
}
