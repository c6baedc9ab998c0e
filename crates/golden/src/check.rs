//! Comparing a network with its reference.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{
    Architecture, Clip, ImportReport, KeyMap, Objective, StepContext, count_parameters, gradients, import, is_buffer,
    named_tensors,
};

use crate::{Case, Differences, Tolerance};

/// Checks that `A` built from `config` is the network of `case`: number of parameters (with those that the reference
/// carries but never uses), forecast in inference, loss, every gradient and every running statistic after one training
/// step.
///
/// # Panics
/// Lists every tensor that differs, with both values.
#[track_caller]
pub fn check<A: Architecture>(case: &Case, config: &A::Config, device: &Device, tolerance: &Tolerance) {
    check_with::<A>(
        case,
        config,
        device,
        tolerance,
        |network, past, horizon| network.forecast(past, horizon),
        &[&|network: &A, clip| network.loss(clip, &StepContext::new(0, 0, 0))],
    );
}

/// How a network arrives at its objective in training.
pub(crate) type Train<'a, A> = &'a dyn Fn(&A, Clip) -> Objective;

/// [`check`] of a network that forecasts and trains in ways of its own, each of which must agree.
#[track_caller]
pub(crate) fn check_with<A: Architecture>(
    case: &Case,
    config: &A::Config,
    device: &Device,
    tolerance: &Tolerance,
    forecast: impl Fn(&A, Tensor<5>, usize) -> Tensor<5>,
    objectives: &[Train<A>],
) {
    let mut differences = Differences::of(format!("{} on {device:?}", case.name));
    let keys = A::pytorch_keys(config);
    let (network, report) = build::<A>(case, config, &keys, device);
    let (parameters, unused) = (count_parameters(&network), unused_parameters(case, &report));
    if case.case["params"].as_u64() != Some((parameters + unused) as u64) {
        differences.note(format!(
            "{parameters} parameters and {unused} that the reference never uses, the reference has {}",
            case.case["params"]
        ));
    }
    let future = case.clip_shape().future;
    let forecast = forecast(&network, Tensor::from_data(case.tensor("input.x"), device), future);
    let expected = case.tensor("eval.pred");
    differences.tensor("eval.pred", &forecast.into_data(), &expected, tolerance.eval_abs, 0.0);
    let device = device.clone().autodiff();
    for objective in objectives {
        training_step::<A>(case, config, &keys, &device, tolerance, *objective, &mut differences);
    }
    differences.finish();
}

fn build<A: Architecture>(case: &Case, config: &A::Config, keys: &KeyMap, device: &Device) -> (A, ImportReport) {
    let network = A::new(config, &case.clip_shape(), device).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    import(network, case.state_dict(), keys).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// How many parameters of the reference were left out by name. What is no parameter there, such as a counter, has no entry
/// among the gradients.
fn unused_parameters(case: &Case, report: &ImportReport) -> usize {
    let left_out = report.skipped.iter().map(|(key, _)| key);
    left_out
        .filter(|key| case.case["grad_norm"].get(key.as_str()).is_some())
        .map(|key| case.tensor(&format!("state_dict.{key}")).num_elements())
        .sum()
}

fn training_step<A: Architecture>(
    case: &Case,
    config: &A::Config,
    keys: &KeyMap,
    device: &Device,
    tolerance: &Tolerance,
    objective: Train<A>,
    differences: &mut Differences,
) {
    let (network, _) = build::<A>(case, config, keys, device);
    let clip = Clip {
        past: Tensor::from_data(case.tensor("input.x"), device),
        future: Tensor::from_data(case.tensor("input.y"), device),
    };
    let objective = objective(&network, clip);
    let loss: f64 = first(&objective.loss.clone().into_data());
    let expected = first(&case.tensor("train.loss"));
    differences.number("train.loss", loss, expected, tolerance.loss_rel * expected.abs());

    let found = gradients(&network, &objective.loss.backward());
    let by_key: BTreeMap<String, TensorData> = found
        .into_iter()
        .map(|(name, data)| (keys.reference_key(&name), data))
        .collect();
    compare_gradients(case, &by_key, tolerance, differences);
    for tensor in named_tensors(&network) {
        let key = keys.reference_key(&tensor.name);
        match case.tensors.get(&format!("state_after.{key}")) {
            Some(expected) => {
                let name = format!("state_after.{key}");
                differences.tensor(&name, &tensor.data, expected, tolerance.state, tolerance.state);
            }
            None if is_buffer(&tensor.name) => differences.note(format!("{key} is no buffer of the reference")),
            None if case.case["grad_norm"].get(&key).is_none() => {
                differences.note(format!("{key} is no parameter of the reference"));
            }
            None => {}
        }
    }
}

fn compare_gradients(
    case: &Case,
    found: &BTreeMap<String, TensorData>,
    tolerance: &Tolerance,
    differences: &mut Differences,
) {
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
            (Some(_), None) => differences.note(format!("{key} has no gradient, the reference gives it one")),
            (None, None) => {}
        }
    }
    for (key, expected) in case.with_prefix("grad.") {
        if let Some(gradient) = found.get(key) {
            let name = format!("grad.{key}");
            differences.tensor(&name, gradient, expected, tolerance.grad_abs, tolerance.grad_rel);
        }
    }
}

fn first(data: &TensorData) -> f64 {
    data.iter::<f64>().next().unwrap_or(f64::NAN)
}
