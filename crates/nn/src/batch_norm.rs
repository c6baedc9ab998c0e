//! Batch normalization with PyTorch's running statistics.

use burn::module::{Flag, Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_ops::{batch_norm, batch_norm_train};

use crate::RunningStatistic;

/// Sizes and constants of a [`BatchNorm2d`].
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm2dConfig {
    /// Channels of the input.
    pub channels: usize,
    /// Epsilon, added to the variance.
    pub epsilon: f64,
    /// The share of the newest batch in the running statistics.
    pub momentum: f64,
    /// Steps of a recurrence that have running statistics of their own; 1 where there is no recurrence.
    pub steps: usize,
}

impl BatchNorm2dConfig {
    /// PyTorch's defaults: epsilon 1e-5, momentum 0.1, one set of running statistics.
    pub const fn new(channels: usize) -> Self {
        Self {
            channels,
            epsilon: 1e-5,
            momentum: 0.1,
            steps: 1,
        }
    }

    /// With running statistics for each of `steps` steps of a recurrence.
    #[must_use]
    pub const fn with_steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// A layer that begins as the identity on normalized input: weight 1, bias 0, mean 0, variance 1.
    pub fn init(&self, device: &Device) -> BatchNorm2d {
        let channels = [self.channels];
        BatchNorm2d {
            weight: Param::from_tensor(Tensor::ones(channels, device)),
            bias: Param::from_tensor(Tensor::zeros(channels, device)),
            running_mean: RunningStatistic::new(Tensor::zeros(channels, device), self.steps),
            running_var: RunningStatistic::new(Tensor::ones(channels, device), self.steps),
            training: Param::from_bool(true),
            epsilon: self.epsilon,
            momentum: self.momentum,
        }
    }
}

/// Normalizes every channel over batch and space (Ioffe and Szegedy, arXiv:1502.03167).
///
/// Burn's own layer keeps the biased variance of a batch in its running statistics; PyTorch normalizes with the biased
/// one and keeps the unbiased one, and so does this layer. On small latents the difference is visible: 16 values per
/// channel make it 6.7 %.
///
/// In a recurrence, every step of which is normalized by its own batch in training, each step can have running statistics
/// of its own: one set for all is that of none where what is fed back has other statistics than what was observed.
#[derive(Module, Debug)]
pub struct BatchNorm2d {
    /// Scale of each channel.
    pub weight: Param<Tensor<1>>,
    /// Shift of each channel.
    pub bias: Param<Tensor<1>>,
    /// Mean of each channel over past batches.
    pub running_mean: RunningStatistic,
    /// Unbiased variance of each channel over past batches.
    pub running_var: RunningStatistic,
    /// Whether batches are normalized by their own statistics on a training device; freezing the layer turns it off.
    pub training: Param<Flag>,
    epsilon: f64,
    momentum: f64,
}

impl BatchNorm2d {
    /// Normalizes by the batch's own statistics on a training (autodiff) device, by the running ones of `step` elsewhere.
    ///
    /// `step` counts from 0; those after the last that has statistics share them. Without a recurrence it is 0.
    ///
    /// A training batch needs two or more values per channel: the variance of one value is not defined, and the running
    /// variance then takes up 0.
    ///
    /// # Shapes
    /// - `input`: `[batch, channels, height, width]`
    /// - output: the same
    pub fn forward(&self, input: Tensor<4>, step: usize) -> Tensor<4> {
        let device = input.device();
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if !(device.is_autodiff() && self.training.is_enabled()) {
            let [mean, variance] = [&self.running_mean, &self.running_var]
                .map(|running| running.value(step).to_device(&device).cast(input.dtype()));
            return batch_norm(input, weight, bias, mean, variance, self.epsilon);
        }
        let [batch, _, height, width] = input.dims();
        let values = (batch * height * width) as f64;
        let normalized = batch_norm_train(input, weight, bias, self.epsilon);
        let unbiased = normalized.variance * (values / (values - 1.0).max(1.0));
        self.blend(&self.running_mean, step, normalized.mean);
        self.blend(&self.running_var, step, unbiased);
        normalized.output
    }

    fn blend(&self, running: &RunningStatistic, step: usize, newest: Tensor<1>) {
        let past = running.value(step).to_device(&newest.device());
        let newest = newest.cast(past.dtype());
        running.update(step, (past * (1.0 - self.momentum) + newest * self.momentum).detach());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use burn::tensor::TensorData;
    use foreframe_core::{assign, is_buffer, named_tensors};
    use foreframe_golden::{Differences, OpCase, Tolerance, devices};
    use rstest::rstest;

    fn layer(case: &OpCase, mean: &str, variance: &str, device: &Device) -> BatchNorm2d {
        let statistic = |name| RunningStatistic::new(Tensor::from_data(case.tensor(name), device), 1);
        BatchNorm2d {
            running_mean: statistic(mean),
            running_var: statistic(variance),
            ..BatchNorm2dConfig::new(case.tensor("in.w").shape()[0]).init(device)
        }
    }

    #[rstest]
    fn portable_training_is_pytorchs(#[values("batch_norm_train_0", "batch_norm_train_1")] name: &str) {
        let case = OpCase::load(name);
        for (device_name, device) in devices() {
            let tolerance = Tolerance::of(device_name);
            let device = device.autodiff();
            let mut norm = layer(&case, "extra.running_mean_before", "extra.running_var_before", &device);
            let mut differences = Differences::of(format!("{name} on {device_name}"));
            let inputs = ["in.x", "in.w", "in.b"].map(|input| case.tensor(input));
            let x = Tensor::<4>::from_data(inputs[0].clone(), &device).require_grad();
            norm.weight = Param::from_tensor(Tensor::from_data(inputs[1].clone(), &device));
            norm.bias = Param::from_tensor(Tensor::from_data(inputs[2].clone(), &device));
            let out = norm.forward(x.clone(), 0);
            differences.tensor(
                "out",
                &out.clone().into_data(),
                &case.tensor("out"),
                tolerance.eval_abs,
                0.0,
            );
            let gradients = (out * Tensor::from_data(case.tensor("grad_out"), &device))
                .sum()
                .backward();
            let found = [
                ("grad.x", x.grad(&gradients).unwrap().into_data()),
                ("grad.w", norm.weight.val().grad(&gradients).unwrap().into_data()),
                ("grad.b", norm.bias.val().grad(&gradients).unwrap().into_data()),
            ];
            for (name, gradient) in &found {
                differences.tensor(
                    name,
                    gradient,
                    &case.tensor(name),
                    tolerance.grad_abs,
                    tolerance.grad_rel,
                );
            }
            for (name, buffer) in [("running_mean", &norm.running_mean), ("running_var", &norm.running_var)] {
                let expected = case.tensor(&format!("extra.{name}_after"));
                differences.tensor(
                    name,
                    &buffer.value(0).into_data(),
                    &expected,
                    tolerance.state,
                    tolerance.state,
                );
            }
            differences.finish();
        }
    }

    /// A frozen layer uses the running statistics on a training device too, so the gradients of the case apply.
    #[rstest]
    fn portable_inference_is_pytorchs(#[values("batch_norm_eval_0", "batch_norm_eval_1")] name: &str) {
        let case = OpCase::load(name);
        for (device_name, device) in devices() {
            case.check(&device, &Tolerance::of(device_name), |inputs| {
                let norm = layer(&case, "extra.running_mean", "extra.running_var", inputs.device());
                let mut norm = norm.freeze();
                norm.weight = Param::from_tensor(inputs.get("w")).set_require_grad(true);
                norm.bias = Param::from_tensor(inputs.get("b")).set_require_grad(true);
                norm.forward(inputs.get("x"), 0)
            });
        }
    }

    #[test]
    fn a_clone_keeps_its_own_statistics_and_inference_sees_the_newest() {
        let norm = BatchNorm2dConfig::new(1).init(&Device::flex().autodiff());
        let copy = norm.clone();
        let x = Tensor::from_data(
            TensorData::new(vec![0.0f32, 2.0], [1, 1, 1, 2]),
            &Device::flex().autodiff(),
        );
        norm.forward(x, 0);
        let values = |norm: &BatchNorm2d| -> Vec<f64> {
            let tensors = named_tensors(norm).into_iter();
            tensors
                .filter(|tensor| tensor.name.starts_with("running_"))
                .flat_map(|t| t.data.iter().collect::<Vec<_>>())
                .collect()
        };
        // Momentum 0.1 of mean 1 and unbiased variance 2.
        let after = values(&norm);
        assert!(
            (after[0] - 0.1).abs() < 1e-6 && (after[1] - 1.1).abs() < 1e-6,
            "{after:?}"
        );
        assert_eq!(values(&norm.valid()), after);
        assert_eq!(values(&copy), [0.0, 1.0]);
        let tensors = named_tensors(&norm)
            .into_iter()
            .map(|tensor| (tensor.name, tensor.data))
            .collect();
        assert_eq!(values(&assign(copy.clone(), tensors).unwrap()), after);
        assert_eq!(values(&copy), [0.0, 1.0]);
    }

    /// A batch of the values 0 and `2 * mean` in one channel.
    fn batch(mean: f32, device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(vec![0.0, 2.0 * mean], [1, 1, 1, 2]), device)
    }

    fn rows(norm: &BatchNorm2d) -> BTreeMap<String, TensorData> {
        let tensors = named_tensors(norm).into_iter();
        tensors
            .filter(|tensor| is_buffer(&tensor.name))
            .map(|tensor| (tensor.name, tensor.data))
            .collect()
    }

    #[test]
    fn every_step_has_its_own_statistics_and_later_ones_the_last() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm2dConfig::new(1).with_steps(2).init(&device);
        // Momentum 0.1 of means 1 and 3, unbiased variances 2 and 18; the third step is counted as the second.
        for (step, mean) in [(0, 1.0), (1, 3.0), (2, 3.0)] {
            norm.forward(batch(mean, &device), step);
        }
        let near = |data: &TensorData, expected: [f32; 2]| {
            let found: Vec<f32> = data.iter().collect();
            let off = found
                .iter()
                .zip(expected)
                .map(|(found, expected)| (found - expected).abs());
            assert!(off.fold(0.0, f32::max) < 1e-5, "{found:?}, not {expected:?}");
        };
        let statistics = rows(&norm);
        assert_eq!(statistics["running_mean"].shape().to_vec(), [2, 1]);
        near(&statistics["running_mean"], [0.1, 0.57]);
        near(&statistics["running_var"], [1.1, 4.23]);
        let inference = norm.valid();
        for (step, mean, variance) in [(0, 0.1f32, 1.1f32), (1, 0.57, 4.23), (7, 0.57, 4.23)] {
            let expected = [0.0, 2.0].map(|value| (value - mean) / (variance + 1e-5).sqrt());
            near(
                &inference.forward(batch(1.0, &Device::flex()), step).into_data(),
                expected,
            );
        }
        assert_eq!(foreframe_core::count_parameters(&norm), 2);
    }

    #[test]
    fn statistics_of_fewer_steps_fill_those_that_follow_and_of_more_are_refused() {
        let device = Device::flex();
        let norm = |steps| BatchNorm2dConfig::new(1).with_steps(steps).init(&device);
        let loaded = |steps: usize, mean: TensorData| {
            let mut tensors: BTreeMap<_, _> = named_tensors(&norm(1))
                .into_iter()
                .map(|tensor| (tensor.name, tensor.data))
                .collect();
            tensors.insert("running_mean".to_owned(), mean);
            assign(norm(steps), tensors).map(|norm| rows(&norm)["running_mean"].clone())
        };
        assert_eq!(loaded(3, [0.5f32].into()).unwrap(), [[0.5f32], [0.5], [0.5]].into());
        assert_eq!(
            loaded(3, [[0.5f32], [0.7]].into()).unwrap(),
            [[0.5f32], [0.7], [0.7]].into()
        );
        assert_eq!(loaded(2, [[0.5f32], [0.7]].into()).unwrap(), [[0.5f32], [0.7]].into());
        for steps in [1, 2] {
            let refused = loaded(steps, [[0.5f32], [0.7], [0.9]].into()).unwrap_err();
            assert!(refused.to_string().contains("`running_mean` is [3, 1]"), "{refused}");
        }
        assert!(loaded(2, [0.5f32, 0.6].into()).is_err());
    }
}
