//! The section `[train]`.

use burn::tensor::Device;
use foreframe_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::SamplingConfig;
use crate::optimizer::OptimizerConfig;

/// The section `[train]`. A 0 switches off what is off by default.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Numbers of the forward and backward pass; weights, averages and the loss are always `f32`.
    pub precision: Precision,
    /// Passes over the training split.
    pub epochs: usize,
    /// Optimizer steps of the whole run; above 0 it replaces `epochs`.
    pub steps: u64,
    /// Clips per forward pass.
    pub batch: usize,
    /// Forward passes per optimizer step.
    pub accumulate: usize,
    /// Seed of initial weights, data order and everything random in the objective.
    pub seed: u64,
    /// Bound on the norm of the whole gradient; 0 for none.
    pub clip_norm: f64,
    /// Decay of the running average of the weights, e.g. 0.999; 0 for none. Where there is an average, it is what is
    /// validated and forecast with.
    pub ema: f64,
    /// Epochs between validations.
    pub validate_every: usize,
    /// At most so many validation clips, the first ones; 0 for all.
    pub validation_clips: usize,
    /// Validations without improvement after which training ends; 0 for never.
    pub patience: usize,
    /// Steps between checkpoints, besides those at the end of every epoch; 0 for none.
    pub checkpoint_every: u64,
    /// Newest checkpoints kept, besides the best one.
    pub keep: usize,
    /// Networks that read frame by frame: whether the activations of a step are recomputed in the backward pass, which
    /// takes one more forward pass and the memory of one step instead of all.
    pub recompute_steps: bool,
    /// Whether activations and normalized images, which take one pass over memory, are recomputed in the
    /// backward pass. The result is the same to the bit. Networks that read frame by frame ignore it: the gates that they
    /// would keep for it take more memory than is saved.
    pub recompute_activations: bool,
    /// The optimizer.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// Which true frames networks that read frame by frame are shown.
    pub sampling: SamplingConfig,
}

impl TrainConfig {
    /// `device` with the differentiation that training a network needs, which may read `frame_by_frame`.
    pub fn autodiff(&self, device: &Device, frame_by_frame: bool) -> Device {
        let device = device.clone().autodiff();
        match self.recompute_activations && !frame_by_frame {
            true => device.gradient_checkpointing(),
            false => device,
        }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            precision: Precision::F32,
            epochs: 20,
            steps: 0,
            batch: 16,
            accumulate: 1,
            seed: 42,
            clip_norm: 0.0,
            ema: 0.0,
            validate_every: 1,
            validation_clips: 0,
            patience: 0,
            checkpoint_every: 0,
            keep: 2,
            recompute_steps: false,
            recompute_activations: true,
            optimizer: OptimizerConfig::default(),
            schedule: ScheduleConfig::default(),
            sampling: SamplingConfig::default(),
        }
    }
}

/// Numbers that a network computes with.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits with the range of `f32`: quicker on GPUs that have units for it, slower on CPUs.
    Bf16,
}

/// The learning rate over time: the section `[train.schedule]`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// `one-cycle`, `cosine` or `constant`.
    pub kind: ScheduleKind,
    /// The learning rate; of a one-cycle schedule its peak.
    pub learning_rate: f64,
    /// Whether the rate changes per `step` or per `epoch`.
    pub per: Per,
    /// One-cycle: the share of the run in which the rate rises.
    pub rise: f64,
    /// One-cycle: the rate starts at `learning_rate / initial_division`.
    pub initial_division: f64,
    /// One-cycle: the rate ends at its start divided by this.
    pub final_division: f64,
    /// One-cycle: whether `beta1` falls from 0.95 to 0.85 and rises again while the rate does the opposite.
    pub cycle_momentum: bool,
    /// Cosine: epochs of linear warm-up.
    pub warm_up: usize,
    /// Cosine: the rate at which the warm-up starts.
    pub warm_up_rate: f64,
    /// Cosine: the rate at the end.
    pub final_rate: f64,
    /// Cosine: exponent of elapsed time (timm's `k_decay`); below 1 the rate falls earlier.
    pub time_exponent: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            kind: ScheduleKind::OneCycle,
            learning_rate: 1e-3,
            per: Per::Step,
            rise: 0.3,
            initial_division: 25.0,
            final_division: 1e4,
            cycle_momentum: true,
            warm_up: 0,
            warm_up_rate: 1e-5,
            final_rate: 1e-6,
            time_exponent: 1.0,
        }
    }
}

/// Shape of the learning rate over time.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// Up and down along cosines (`torch.optim.lr_scheduler.OneCycleLR`).
    #[default]
    OneCycle,
    /// Warm-up, then down along a cosine (timm's `CosineLRScheduler`).
    Cosine,
    /// Always the same.
    Constant,
}

/// When the learning rate changes.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// At every optimizer step.
    #[default]
    Step,
    /// At the beginning of every epoch.
    Epoch,
}

impl TrainConfig {
    /// Rejects values that no run can have.
    ///
    /// # Errors
    /// Names the key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let fail = |key: &str, value: f64, remedy: &str| {
            Err(ConfigError::new(format!("train.{key}"), format!("is {value}"), remedy))
        };
        let counts = [
            ("batch", self.batch),
            ("accumulate", self.accumulate),
            ("validate_every", self.validate_every),
            ("keep", self.keep),
        ];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return fail(key, 0.0, "use 1 or more");
        }
        if self.epochs == 0 && self.steps == 0 {
            return fail("epochs", 0.0, "use 1 or more, or set train.steps");
        }
        let (optimizer, schedule) = (&self.optimizer, &self.schedule);
        for (key, value) in [
            ("ema", self.ema),
            ("optimizer.beta1", optimizer.beta1),
            ("optimizer.beta2", optimizer.beta2),
        ] {
            if !(0.0..1.0).contains(&value) {
                return fail(key, value, "use 0 or more and less than 1");
            }
        }
        for (key, value) in [
            ("clip_norm", self.clip_norm),
            ("optimizer.weight_decay", optimizer.decay()),
            ("schedule.warm_up_rate", schedule.warm_up_rate),
            ("schedule.final_rate", schedule.final_rate),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return fail(key, value, "use a finite number of 0 or more");
            }
        }
        for (key, value) in [
            ("schedule.learning_rate", schedule.learning_rate),
            ("schedule.initial_division", schedule.initial_division),
            ("schedule.final_division", schedule.final_division),
            ("schedule.time_exponent", schedule.time_exponent),
            ("optimizer.epsilon", optimizer.epsilon),
        ] {
            if !(value.is_finite() && value > 0.0) {
                return fail(key, value, "use a finite number above 0");
            }
        }
        if !(schedule.rise > 0.0 && schedule.rise < 1.0) {
            return fail("schedule.rise", schedule.rise, "use a share between 0 and 1, e.g. 0.3");
        }
        self.sampling.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_values_name_their_key() {
        assert_eq!(TrainConfig::default().validate(), Ok(()));
        type Change = fn(&mut TrainConfig);
        let cases: [(Change, &str); 7] = [
            (|c| c.batch = 0, "train.batch"),
            (|c| c.epochs = 0, "train.epochs"),
            (|c| c.ema = 1.0, "train.ema"),
            (|c| c.schedule.learning_rate = f64::NAN, "train.schedule.learning_rate"),
            (|c| c.schedule.rise = 1.0, "train.schedule.rise"),
            (|c| c.sampling.rate = -1.0, "train.sampling.rate"),
            (|c| (c.sampling.start, c.sampling.stop) = (7, 7), "train.sampling.start"),
        ];
        for (change, key) in cases {
            let mut config = TrainConfig::default();
            change(&mut config);
            assert_eq!(config.validate().unwrap_err().field, key);
        }
    }
}
