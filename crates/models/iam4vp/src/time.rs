//! Which of the future frames is asked for.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::Cost;
use foreframe_nn::{Linear, LinearConfig};
use foreframe_ops::gelu;

/// Between one lead time and the next, in the units of the sinusoids.
const STEP: f32 = 100.0;
/// The slowest sinusoid is this many times as slow as the fastest.
const RANGE: f64 = 10_000.0;
/// Hidden values of the network behind the sinusoids, per value.
const RATIO: usize = 4;

/// Sinusoids of the lead time (Vaswani et al., arXiv:1706.03762), mixed by two layers.
#[derive(Module, Debug)]
pub(crate) struct TimeEmbedding {
    expand: Linear,
    contract: Linear,
    channels: usize,
}

impl TimeEmbedding {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self {
            expand: LinearConfig::new([channels, RATIO * channels]).init(device),
            contract: LinearConfig::new([RATIO * channels, channels]).init(device),
            channels,
        }
    }

    /// The embedding of the future frame `lead`, 0 for the next one, in the numbers of `like`: `[1, channels]`.
    pub(crate) fn forward(&self, lead: usize, like: &Tensor<4>) -> Tensor<2> {
        let values = TensorData::new(sinusoids(lead, self.channels), [1, self.channels]);
        let sinusoids = Tensor::<2>::from_data(values, &like.device()).cast(like.dtype());
        self.contract.forward(gelu(self.expand.forward(sinusoids)))
    }

    pub(crate) const fn cost(channels: usize) -> Cost {
        Cost::linear(2 * RATIO * channels, channels)
    }
}

/// Sines and then cosines from the fastest to the slowest. Like the reference they are computed by 32 bits: at late lead
/// times the roundings of their arguments are visible.
fn sinusoids(lead: usize, channels: usize) -> Vec<f32> {
    let half = channels / 2;
    let decay = (RANGE.ln() / (half - 1) as f64) as f32;
    let angles = (0..half).map(|index| lead as f32 * STEP * (index as f32 * -decay).exp());
    let sines = angles.clone().map(f32::sin);
    sines.chain(angles.map(f32::cos)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_the_range() {
        let next = sinusoids(0, 8);
        assert_eq!(next, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        let third = sinusoids(2, 8);
        assert!((third[0] - 200f32.sin()).abs() < 1e-6);
        assert!((third[3] - 0.02f32.sin()).abs() < 1e-6);
    }
}
