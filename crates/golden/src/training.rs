//! Comparing a training step with the reference's: loss, gradients, running statistics.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{Architecture, Clip, KeyMap, gradients, is_buffer, named_tensors};

use crate::check::{Train, build, first};
use crate::{Case, Differences, Tolerance};

/// How many neighbors of the input are tried before gradients that differ are wrong.
///
/// Where LeakyReLU bends the gradient jumps. A case has tens of thousands of such places, and at one of them the value may
/// lie within rounding of the bend: then the order of a sum, which differs between processors, decides on which side it
/// falls, and every gradient before it changes by up to a percent. From an input a millionth away the value falls on the
/// reference's side every other time, and a gradient that is really wrong never becomes right. Forecast, loss and running
/// statistics have no jumps: they must agree for the input itself.
const NUDGES: u64 = 8;

/// A training step of the network of `case` on `device`, which differentiates.
pub(crate) struct TrainingStep<'a, A: Architecture> {
    pub(crate) case: &'a Case,
    pub(crate) config: &'a A::Config,
    pub(crate) keys: &'a KeyMap,
    pub(crate) device: &'a Device,
    pub(crate) tolerance: &'a Tolerance,
}

/// Gradients by the reference's keys.
type Gradients = BTreeMap<String, TensorData>;

impl<A: Architecture> TrainingStep<'_, A> {
    /// Adds what differs to `differences`.
    pub(crate) fn check(&self, objective: Train<A>, differences: &mut Differences) {
        let gradients = self.run(objective, self.case.tensor("input.x"), differences);
        let wrong = self.wrong_gradients(&gradients);
        if !wrong.is_empty() && !(1..=NUDGES).any(|nudge| self.agrees_nearby(objective, nudge)) {
            differences.extend(wrong);
        }
    }

    fn agrees_nearby(&self, objective: Train<A>, nudge: u64) -> bool {
        let past = nudged(self.case.tensor("input.x"), nudge);
        let gradients = self.run(objective, past, &mut Differences::of("an input nearby"));
        self.wrong_gradients(&gradients).is_empty()
    }

    /// Compares everything but the gradients, which it returns.
    fn run(&self, objective: Train<A>, past: TensorData, differences: &mut Differences) -> Gradients {
        let (case, keys, tolerance) = (self.case, self.keys, self.tolerance);
        let (network, _) = build::<A>(case, self.config, keys, self.device);
        let future = Tensor::from_data(case.tensor("input.y"), self.device);
        let clip = Clip::new(Tensor::from_data(past, self.device), future);
        let objective = objective(&network, clip);
        let loss: f64 = first(&objective.loss.clone().into_data());
        let expected = first(&case.tensor("train.loss"));
        differences.number("train.loss", loss, expected, tolerance.loss_rel * expected.abs());

        let found = gradients(&network, &objective.loss.backward());
        for tensor in named_tensors(&network) {
            let key = keys.reference_key(&tensor.name);
            match case.tensors.get(&format!("state_after.{key}")) {
                Some(expected) => {
                    let name = format!("state_after.{key}");
                    let found = match is_buffer(&tensor.name) {
                        true => shared(tensor.data, || case.tensor(&format!("state_dict.{key}"))),
                        false => tensor.data,
                    };
                    differences.tensor(&name, &found, expected, tolerance.state, tolerance.state);
                }
                None if is_buffer(&tensor.name) => differences.note(format!("{key} is no buffer of the reference")),
                None if case.case["grad_norm"].get(&key).is_none() => {
                    differences.note(format!("{key} is no parameter of the reference"));
                }
                None => {}
            }
        }
        found
            .into_iter()
            .map(|(name, data)| (keys.reference_key(&name), data))
            .collect()
    }

    fn wrong_gradients(&self, found: &Gradients) -> Differences {
        let (case, tolerance) = (self.case, self.tolerance);
        let mut differences = Differences::of("gradients");
        let Some(norms) = case.case["grad_norm"].as_object() else {
            panic!("{}: case.json has no grad_norm", case.name);
        };
        for (key, norm) in norms {
            match (norm.as_f64(), found.get(key)) {
                (Some(expected), Some(gradient)) => {
                    let norm = gradient.iter::<f64>().map(|value| value * value).sum::<f64>().sqrt();
                    let allowed = tolerance.norm_abs + tolerance.grad_rel * expected;
                    differences.number(&format!("norm of grad.{key}"), norm, expected, allowed);
                }
                (None, Some(_)) => differences.note(format!("{key} has a gradient, the reference gives it none")),
                (Some(expected), None) if expected > 0.0 => {
                    differences.note(format!("{key} has no gradient, the reference gives it one"));
                }
                // A parameter without effect, which need not exist here.
                (_, None) => {}
            }
        }
        for (key, expected) in case.with_prefix("grad.") {
            if let Some(gradient) = found.get(key) {
                let name = format!("grad.{key}");
                differences.tensor(&name, gradient, expected, tolerance.grad_abs, tolerance.grad_rel);
            }
        }
        differences
    }
}

/// The share of the newest batch in PyTorch's running statistics.
const MOMENTUM: f64 = 0.1;

/// The reference's values after a training step: running statistics that are shared by all steps of a recurrence take up one
/// step after the other, where ours, `[steps, channels]`, take up one each. All were `before`.
fn shared(after: TensorData, before: impl FnOnce() -> TensorData) -> TensorData {
    let &[_, channels] = after.shape().as_slice() else {
        return after;
    };
    let before: Vec<f64> = before().iter().collect();
    let values: Vec<f64> = after.iter().collect();
    let all = values.chunks(channels).fold(before.clone(), |all, step| {
        let newest = step
            .iter()
            .zip(&before)
            .map(|(step, before)| step - (1.0 - MOMENTUM) * before);
        all.iter()
            .zip(newest)
            .map(|(all, newest)| (1.0 - MOMENTUM) * all + newest)
            .collect()
    });
    TensorData::new(all.into_iter().map(|value| value as f32).collect(), [channels])
}

/// `data` with every element changed by up to a millionth of itself, in a way of its own for every `nudge`.
fn nudged(data: TensorData, nudge: u64) -> TensorData {
    let shape = data.shape().clone();
    let mut state = nudge;
    let mut unit = || {
        // Knuth's MMIX generator, whose upper bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    let values = data.iter::<f64>().map(|value| (value * (1.0 + 1e-6 * unit())) as f32);
    TensorData::new(values.collect::<Vec<f32>>(), shape)
}
