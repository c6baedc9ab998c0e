//! The network computes what PyTorch computes from the same definition: forecasts, losses, gradients, running statistics.

use burn::tensor::Tensor;
use foreframe_core::{Architecture, import};
use foreframe_golden::{Case, Differences, Tolerance, check, devices};
use foreframe_ustep::{Layout, UStep, UStepConfig};
use rstest::rstest;

fn config(case: &Case, layout: Layout) -> UStepConfig {
    let (micro_depth, macro_depth, gate_kernel) = match layout {
        Layout::Single => (case.size("N_U"), case.size("N_V"), case.size("gate_kernel")),
        Layout::Layerwise => (case.size("L"), case.size("L"), 1),
    };
    UStepConfig {
        spatial_channels: case.size("hid_S"),
        spatial_depth: case.size("N_S"),
        width: case.size("dim"),
        micro_segment: case.size("delta_t"),
        macro_segment: case.size("delta_T"),
        micro_depth,
        macro_depth,
        mlp_ratio: case.hyper["mlp_ratio"].as_f64().unwrap() as usize,
        gate_kernel,
        cross: case.hyper["cross"].as_bool().unwrap_or(true),
        layout,
        teacher_forcing: case.hyper["train_mode"] == "teacher",
        drop_path: 0.0,
        divergence_weight: case.hyper["alpha"].as_f64().unwrap(),
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
fn agrees(case: &Case, layout: Layout, on_gpu: bool) {
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check::<UStep>(case, &config(case, layout), &device, &Tolerance::of(name));
        }
    }
}

#[rstest]
fn the_equations_as_printed(
    #[values(
        "tau_base",
        "tau_dt_not_dividing",
        "tau_long",
        "tau_short",
        "tau_dt1_dT1",
        "tau_wo_cross",
        "tau_teacher",
        "tau_free"
    )]
    variant: &str,
) {
    agrees(&Case::load("ustep", variant), Layout::Single, variant == "tau_base");
}

#[rstest]
fn gates_around_every_block(#[values("base", "long")] variant: &str) {
    agrees(&Case::load("ustep_layerwise", variant), Layout::Layerwise, false);
}

#[test]
fn teacher_forcing_in_inference() {
    let case = Case::load("ustep", "tau_teacher");
    let config = config(&case, Layout::Single);
    for (name, device) in devices().into_iter().filter(|(name, _)| *name != "wgpu") {
        let network = UStep::new(&config, &case.clip_shape(), &device).unwrap();
        let (network, _) = import(network, case.state_dict(), &UStep::pytorch_keys(&config)).unwrap();
        let [past, future] = ["input.x", "input.y"].map(|name| Tensor::from_data(case.tensor(name), &device));
        let forecast = network.forecast_with_teacher(past, future);
        let mut differences = Differences::of(format!("{} with teacher on {name}", case.name));
        let expected = case.tensor("eval.teacher_pred");
        let tolerance = Tolerance::of(name).eval_abs;
        differences.tensor("eval.teacher_pred", &forecast.into_data(), &expected, tolerance, 0.0);
        differences.finish();
    }
}
