//! The network computes what PyTorch computes from the same definition: forecasts, losses, gradients, running statistics.

use burn::tensor::Tensor;
use foreframe_core::{Architecture, import};
use foreframe_golden::{Case, Differences, Tolerance, check, devices};
use foreframe_nn::Statistics;
use foreframe_simvp::IncepU;
use foreframe_ustep::{GstaNet, RecurrenceLayout, SegmentNet, TauNet, UStepConfig, UStepNetwork, UniformerNet};
use rstest::rstest;

fn config(case: &Case, layout: RecurrenceLayout, statistics: Statistics) -> UStepConfig {
    let (micro_depth, macro_depth, gate_kernel) = match layout {
        RecurrenceLayout::Single => (case.size("N_U"), case.size("N_V"), case.size("gate_kernel")),
        RecurrenceLayout::Layerwise => (case.size("L"), case.size("L"), 1),
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
        groups: case
            .hyper
            .get("groups")
            .map_or(8, |groups| groups.as_u64().unwrap() as usize),
        gate_kernel,
        cross: case.hyper["cross"].as_bool().unwrap_or(true),
        layout,
        teacher_forcing: case.hyper["train_mode"] == "teacher",
        statistics,
        drop_path: 0.0,
        divergence_weight: case.hyper["alpha"].as_f64().unwrap(),
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
fn agrees<N: SegmentNet>(case: &Case, layout: RecurrenceLayout, on_gpu: bool) {
    for (name, device) in devices() {
        if name == "wgpu" && !on_gpu {
            continue;
        }
        for statistics in [Statistics::Shared, Statistics::PerStep] {
            let config = config(case, layout, statistics);
            check::<UStepNetwork<N>>(case, &config, &device, &Tolerance::of(name));
        }
    }
}

#[rstest]
fn the_equations_as_printed(
    #[values("tau", "simvp", "gsta", "uniformer")] block: &str,
    #[values("base", "dt_not_dividing", "long", "short", "dt1_dT1", "wo_cross", "teacher", "free")] variant: &str,
) {
    let case = Case::load("ustep", &format!("{block}_{variant}"));
    let on_gpu = variant == "base" && block == "tau";
    match block {
        "tau" => agrees::<TauNet>(&case, RecurrenceLayout::Single, on_gpu),
        "simvp" => agrees::<IncepU>(&case, RecurrenceLayout::Single, on_gpu),
        "gsta" => agrees::<GstaNet>(&case, RecurrenceLayout::Single, on_gpu),
        _ => agrees::<UniformerNet>(&case, RecurrenceLayout::Single, on_gpu),
    }
}

#[rstest]
fn gates_around_every_block(#[values("base", "long")] variant: &str) {
    agrees::<TauNet>(
        &Case::load("ustep_layerwise", variant),
        RecurrenceLayout::Layerwise,
        false,
    );
}

#[test]
fn teacher_forcing_in_inference() {
    agrees_with_a_teacher::<TauNet>("tau_teacher");
    agrees_with_a_teacher::<IncepU>("simvp_teacher");
    agrees_with_a_teacher::<GstaNet>("gsta_teacher");
    agrees_with_a_teacher::<UniformerNet>("uniformer_teacher");
}

fn agrees_with_a_teacher<N: SegmentNet>(variant: &str) {
    let case = Case::load("ustep", variant);
    let config = config(&case, RecurrenceLayout::Single, Statistics::PerStep);
    for (name, device) in devices().into_iter().filter(|(name, _)| *name != "wgpu") {
        let network = UStepNetwork::<N>::new(&config, &case.clip_shape(), &device).unwrap();
        let (network, _) = import(network, case.state_dict(), &UStepNetwork::<N>::pytorch_keys(&config)).unwrap();
        let [past, future] = ["input.x", "input.y"].map(|name| Tensor::from_data(case.tensor(name), &device));
        let forecast = network.forecast_with_teacher(past, future);
        let mut differences = Differences::of(format!("{} with teacher on {name}", case.name));
        let expected = case.tensor("eval.teacher_pred");
        let tolerance = Tolerance::of(name).eval_abs;
        differences.tensor("eval.teacher_pred", &forecast.into_data(), &expected, tolerance, 0.0);
        differences.finish();
    }
}
