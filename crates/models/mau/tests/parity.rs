//! The network is OpenSTL's: forecasts, losses, gradients.

use foreframe_golden::{Case, Tolerance, check_full_preset, check_recurrent, devices};
use foreframe_mau::{Mau, MauConfig};
use rstest::rstest;

fn config(case: &Case) -> MauConfig {
    MauConfig {
        downsampling: case.size("sr_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
        recalled: case.size("tau"),
        residual: case.case["hyper"]["cell_mode"] == "residual",
        skip: case.case["hyper"]["model_mode"] == "recall",
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case. With `recall` the forecast is the sum of large
/// numbers, so that the reference itself is only that precise.
#[rstest]
#[case("base", 1.0, true)]
#[case("base_recall", 5.0, false)]
#[case("long", 1.0, false)]
#[case("short", 1.0, false)]
fn agrees_with_openstl(#[case] variant: &str, #[case] wider: f64, #[case] on_gpu: bool) {
    let case = Case::load("mau", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            let mut tolerance = Tolerance::of(name);
            tolerance.eval_abs *= wider;
            check_recurrent::<Mau>(&case, &config(&case), None, &device, &tolerance);
        }
    }
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    check_full_preset::<Mau>("mau", "moving-mnist");
}
