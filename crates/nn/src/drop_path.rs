//! Stochastic depth.

use burn::module::{Flag, Module, Param};
use burn::tensor::{Distribution, Tensor};

/// Leaves a residual branch out, sample by sample (Huang et al., arXiv:1603.09382).
///
/// Samples that keep the branch have it scaled up, so that its mean over the draws is that of inference, where every
/// sample keeps it. The draws come from the device's generator: seeding the device repeats them.
#[derive(Module, Debug)]
pub struct DropPath {
    /// Whether branches are dropped on a training device; freezing the layer turns it off.
    pub training: Param<Flag>,
    probability: f64,
}

impl DropPath {
    /// Drops a sample's branch with `probability`, which is in `[0, 1)`.
    pub fn new(probability: f64) -> Self {
        Self {
            training: Param::from_bool(true),
            probability,
        }
    }

    /// Drops the branch for some samples on a training (autodiff) device, for none elsewhere.
    ///
    /// # Shapes
    /// - `branch`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn forward(&self, branch: Tensor<4>) -> Tensor<4> {
        let device = branch.device();
        if self.probability == 0.0 || !device.is_autodiff() || !self.training.is_enabled() {
            return branch;
        }
        let keep = 1.0 - self.probability;
        let kept = Tensor::<4>::random([branch.dims()[0], 1, 1, 1], Distribution::Bernoulli(keep), &device);
        branch * (kept / keep)
    }
}

/// The drop probabilities of `depth` blocks in a row: evenly spaced from `first` to `last`.
pub fn drop_path_schedule(first: f64, last: f64, depth: usize) -> Vec<f64> {
    let steps = depth.saturating_sub(1).max(1) as f64;
    (0..depth)
        .map(|block| first + (last - first) * block as f64 / steps)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn drops_whole_samples_and_keeps_the_mean() {
        let device = Device::flex().autodiff();
        let branch = Tensor::<4>::ones([4000, 2, 1, 1], &device);
        let values = DropPath::new(0.25)
            .forward(branch)
            .into_data()
            .try_to_vec::<f32>()
            .unwrap();
        let scaled = 1.0 / 0.75;
        for sample in values.chunks(2) {
            assert!(
                sample == [0.0, 0.0] || sample.iter().all(|value| (value - scaled).abs() < 1e-6),
                "{sample:?}"
            );
        }
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean - 1.0).abs() < 0.05, "mean {mean}");
    }

    #[test]
    fn inference_keeps_every_branch() {
        let branch = Tensor::<4>::ones([64, 1, 1, 1], &Device::flex());
        assert_eq!(
            DropPath::new(0.9).forward(branch.clone()).into_data(),
            branch.into_data()
        );
        let branch = Tensor::<4>::ones([64, 1, 1, 1], &Device::flex().autodiff());
        let frozen = DropPath::new(0.9).freeze();
        assert_eq!(frozen.forward(branch.clone()).into_data(), branch.into_data());
    }

    #[test]
    fn probabilities_are_evenly_spaced() {
        assert_eq!(drop_path_schedule(0.0, 0.5, 3), [0.0, 0.25, 0.5]);
        assert_eq!(drop_path_schedule(0.1, 0.5, 1), [0.1]);
    }
}
