//! Comparing a network with its reference.

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{Architecture, Clip, ImportReport, KeyMap, Objective, StepContext, count_parameters, import};

use crate::training::TrainingStep;
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
    let step = TrainingStep::<A> {
        case,
        config,
        keys: &keys,
        device: &device.clone().autodiff(),
        tolerance,
    };
    for objective in objectives {
        step.check(*objective, &mut differences);
    }
    differences.finish();
}

pub(crate) fn build<A: Architecture>(
    case: &Case,
    config: &A::Config,
    keys: &KeyMap,
    device: &Device,
) -> (A, ImportReport) {
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

pub(crate) fn first(data: &TensorData) -> f64 {
    data.iter::<f64>().next().unwrap_or(f64::NAN)
}
