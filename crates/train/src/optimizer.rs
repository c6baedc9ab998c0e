//! Adam and AdamW with PyTorch's arithmetic.
//!
//! Burn's own put epsilon and the bias correction elsewhere and fix `beta1` at construction; here both follow
//! `torch.optim` and `beta1` may change from step to step, as one-cycle schedules want it.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_ops as ops;
use serde::{Deserialize, Serialize};

/// Which update rule.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Weight decay is added to the gradient (Kingma & Ba 2015; `torch.optim.Adam`).
    #[default]
    Adam,
    /// Weight decay shrinks the parameter itself (Loshchilov & Hutter 2019; `torch.optim.AdamW`).
    AdamW,
}

/// The section `[train.optimizer]`. The defaults are PyTorch's.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// `adam` or `adamw`.
    pub kind: OptimizerKind,
    /// Decay of the gradient's average; a one-cycle schedule replaces it in every step.
    pub beta1: f64,
    /// Decay of the squared gradient's average.
    pub beta2: f64,
    /// Added to the root of the squared gradient's average.
    pub epsilon: f64,
    /// Weight decay; left out it is 0 for `adam` and 0.01 for `adamw`.
    pub weight_decay: Option<f64>,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adam,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: None,
        }
    }
}

impl OptimizerConfig {
    /// The weight decay in force.
    pub fn decay(&self) -> f64 {
        self.weight_decay.unwrap_or(match self.kind {
            OptimizerKind::Adam => 0.0,
            OptimizerKind::AdamW => 0.01,
        })
    }
}

/// Learning rate and momentum of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepRates {
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of the gradient's average.
    pub beta1: f64,
}

/// Adam or AdamW with the averages of every parameter, by name.
#[derive(Clone, Debug)]
pub struct Adam {
    config: OptimizerConfig,
    clip_norm: f64,
    moments: BTreeMap<String, Moments>,
}

#[derive(Clone, Debug)]
struct Moments {
    /// Updates of this parameter so far; one without a gradient is not updated and does not count.
    steps: u32,
    mean: Tensor<1>,
    square: Tensor<1>,
}

/// The averages of one parameter on the host, flattened.
#[derive(Clone, Debug, PartialEq)]
pub struct MomentData {
    /// Updates so far.
    pub steps: u32,
    /// Average of the gradient.
    pub mean: TensorData,
    /// Average of the squared gradient.
    pub square: TensorData,
}

impl Adam {
    /// An optimizer that has seen nothing. `clip_norm` bounds the norm of the whole gradient; 0 does not.
    pub fn new(config: &OptimizerConfig, clip_norm: f64) -> Self {
        Self {
            config: config.clone(),
            clip_norm,
            moments: BTreeMap::new(),
        }
    }

    /// The bound on the norm of the whole gradient; 0 for none.
    pub fn clip_norm(&self) -> f64 {
        self.clip_norm
    }

    /// One update of one flattened parameter, in the order of operations of PyTorch's `_single_tensor_adam(w)`.
    pub fn update(&mut self, name: &str, parameter: Tensor<1>, gradient: Tensor<1>, rates: &StepRates) -> Tensor<1> {
        let old = self.moments.remove(name).unwrap_or_else(|| Moments {
            steps: 0,
            mean: gradient.zeros_like(),
            square: gradient.zeros_like(),
        });
        let steps = old.steps + 1;
        let rule = ops::Adam {
            learning_rate: rates.learning_rate,
            beta1: rates.beta1,
            beta2: self.config.beta2,
            epsilon: self.config.epsilon,
            weight_decay: self.config.decay(),
            decoupled: self.config.kind == OptimizerKind::AdamW,
            gradient_scale: 1.0,
            step: steps,
        };
        let moments = ops::Moments {
            parameter,
            mean: old.mean,
            square: old.square,
        };
        let ops::Moments {
            parameter,
            mean,
            square,
        } = ops::adam(&rule, moments, gradient);
        self.moments.insert(name.to_owned(), Moments { steps, mean, square });
        parameter
    }

    /// The averages of all parameters.
    pub fn state(&self) -> BTreeMap<String, MomentData> {
        let data = |moments: &Moments| MomentData {
            steps: moments.steps,
            mean: moments.mean.to_data(),
            square: moments.square.to_data(),
        };
        self.moments
            .iter()
            .map(|(name, moments)| (name.clone(), data(moments)))
            .collect()
    }

    /// Takes up the averages of an earlier run.
    pub fn restore(&mut self, state: BTreeMap<String, MomentData>, device: &Device) {
        let device = device.clone().inner();
        let moments = |data: MomentData| Moments {
            steps: data.steps,
            mean: Tensor::from_data(data.mean, &device),
            square: Tensor::from_data(data.square, &device),
        };
        self.moments = state.into_iter().map(|(name, data)| (name, moments(data))).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn golden() -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/misc/optimizers.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn numbers(value: &Value) -> Vec<f32> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|number| number.as_f64().unwrap() as f32)
            .collect()
    }

    fn config(case: &Value) -> OptimizerConfig {
        let args = &case["args"];
        let mut config = OptimizerConfig {
            kind: serde_json::from_value(args["opt"].clone()).unwrap(),
            weight_decay: args["weight_decay"].as_f64(),
            ..OptimizerConfig::default()
        };
        if let Some(betas) = args["opt_betas"].as_array() {
            (config.beta1, config.beta2) = (betas[0].as_f64().unwrap(), betas[1].as_f64().unwrap());
        }
        config.epsilon = args["opt_eps"].as_f64().unwrap_or(config.epsilon);
        config
    }

    #[test]
    fn six_steps_are_pytorchs() {
        let golden = golden();
        let device = Device::flex();
        for name in ["adam", "adam_wd", "adamw", "adam_betas"] {
            let case = &golden["optimizers"][name];
            let config = config(case);
            let rates = StepRates {
                learning_rate: case["args"]["lr"].as_f64().unwrap(),
                beta1: config.beta1,
            };
            let mut optimizer = Adam::new(&config, 0.0);
            let mut parameters = ["w0", "b0"].map(|key| numbers(&golden[key]));
            for (step, gradients) in golden["grads"].as_array().unwrap().iter().enumerate() {
                for (index, key) in ["w0", "b0"].into_iter().enumerate() {
                    let parameter = Tensor::from_floats(parameters[index].as_slice(), &device);
                    let gradient = Tensor::from_floats(numbers(&gradients[index]).as_slice(), &device);
                    let updated = optimizer.update(key, parameter, gradient, &rates);
                    parameters[index] = updated.into_data().try_to_vec().unwrap();
                    let expected = numbers(&case["after_step"][step][index]);
                    for (ours, theirs) in parameters[index].iter().zip(&expected) {
                        assert!(
                            (ours - theirs).abs() <= 2e-7 * theirs.abs().max(1.0),
                            "{name} {step}: {ours} {theirs}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_state_is_all_there_is() {
        let device = Device::flex();
        let rates = StepRates {
            learning_rate: 0.1,
            beta1: 0.9,
        };
        let tensor = |values: [f32; 2]| Tensor::<1>::from_floats(values, &device);
        let mut straight = Adam::new(&OptimizerConfig::default(), 0.0);
        let parameter = straight.update("a", tensor([1.0, 2.0]), tensor([0.5, -3.0]), &rates);
        let mut resumed = Adam::new(&OptimizerConfig::default(), 0.0);
        resumed.restore(straight.state(), &device);
        assert_eq!(resumed.state(), straight.state());
        let next = |optimizer: &mut Adam| {
            optimizer
                .update("a", parameter.clone(), tensor([1.0, 1.0]), &rates)
                .into_data()
        };
        assert_eq!(next(&mut resumed), next(&mut straight));
    }

    #[test]
    fn weight_decay_defaults_follow_pytorch() {
        let kind = |kind| {
            OptimizerConfig {
                kind,
                ..OptimizerConfig::default()
            }
            .decay()
        };
        assert_eq!((kind(OptimizerKind::Adam), kind(OptimizerKind::AdamW)), (0.0, 0.01));
    }
}
