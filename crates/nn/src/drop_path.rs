//! Stochastic depth.

use burn::module::{Flag, Module, Param};
use burn::tensor::{Distribution, Tensor, TensorData};
use foreframe_core::StepContext;

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

/// Draws for the paths of a recurrent network: a function of a seed and of how many were drawn before, so that a step that is
/// recomputed in the backward pass leaves out what its forward pass left out.
#[derive(Clone, Copy, Debug)]
pub struct PathDraws {
    seed: u64,
    drawn: u64,
}

impl PathDraws {
    /// The first of the draws of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// [`DropPath::forward`] with `probability` and the next draws.
    ///
    /// # Shapes
    /// - `branch`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn drop(&mut self, branch: Tensor<4>, probability: f64) -> Tensor<4> {
        if probability == 0.0 {
            return branch;
        }
        let batch = branch.dims()[0];
        let factors = (0..batch).map(|_| {
            let bits = StepContext::new(self.drawn, 0, self.seed).seed >> 11;
            self.drawn += 1;
            // 53 bits are all that a float in [0, 1) can hold.
            let dropped = (bits as f64) < probability * (1u64 << 53) as f64;
            if dropped {
                0.0
            } else {
                (1.0 / (1.0 - probability)) as f32
            }
        });
        let factors = TensorData::new(factors.collect::<Vec<f32>>(), [batch, 1, 1, 1]);
        let factors = Tensor::<4>::from_data(factors, &branch.device()).cast(branch.dtype());
        branch * factors
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
    fn draws_are_repeated_by_their_seed() {
        let branch = Tensor::<4>::ones([1000, 1, 1, 1], &Device::flex());
        let values = |mut draws: PathDraws| draws.drop(branch.clone(), 0.25).into_data();
        assert_eq!(values(PathDraws::new(3)), values(PathDraws::new(3)));
        assert_ne!(values(PathDraws::new(3)), values(PathDraws::new(4)));
        let mut draws = PathDraws::new(3);
        let [first, second] = std::array::from_fn(|_| draws.drop(branch.clone(), 0.25).into_data());
        assert_ne!(first, second);
        let mean = first.iter::<f64>().sum::<f64>() / 1000.0;
        assert!((mean - 1.0).abs() < 0.06, "mean {mean}");
    }

    #[test]
    fn probabilities_are_evenly_spaced() {
        assert_eq!(drop_path_schedule(0.0, 0.5, 3), [0.0, 0.25, 0.5]);
        assert_eq!(drop_path_schedule(0.1, 0.5, 1), [0.1]);
    }
}
