//! Where a token is.

use std::f64::consts::E;

use burn::tensor::{Device, Tensor, TensorData};

/// Sines and cosines of the number of a token at wavelengths from 2 pi to 20,000 pi (Vaswani et al., arXiv:1706.03762),
/// `[tokens, width]`.
pub(crate) fn positions(tokens: usize, width: usize, device: &Device) -> Tensor<2> {
    let frequencies: Vec<f64> = (0..width)
        .map(|channel| E.powf(-(10_000f64.ln()) * (channel - channel % 2) as f64 / width as f64))
        .collect();
    let values = (0..tokens).flat_map(|token| {
        frequencies.iter().enumerate().map(move |(channel, frequency)| {
            let angle = token as f64 * frequency;
            (if channel % 2 == 0 { angle.sin() } else { angle.cos() }) as f32
        })
    });
    Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), [tokens, width]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_are_before_cosines() {
        let found = positions(3, 4, &Device::flex()).into_data();
        let found: Vec<f64> = found.iter().collect();
        let slow = 2.0 / 100.0;
        let expected = [2f64.sin(), 2f64.cos(), f64::sin(slow), f64::cos(slow)];
        assert_eq!(found[..4], [0.0, 1.0, 0.0, 1.0]);
        for (found, expected) in found[8..].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
