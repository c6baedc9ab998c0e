//! The network is OpenSTL's: forecasts, losses, gradients, running statistics.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, Tolerance, check, check_full, devices};
use foreframe_tau::{Tau, TauConfig};
use rstest::rstest;

fn config(case: &Case) -> TauConfig {
    TauConfig {
        spatial_channels: case.size("hid_S"),
        spatial_depth: case.size("N_S"),
        encoder_kernel: case.size("spatio_kernel_enc"),
        decoder_kernel: case.size("spatio_kernel_dec"),
        temporal_channels: case.size("hid_T"),
        temporal_depth: case.size("N_T"),
        mlp_ratio: case.hyper["mlp_ratio"].as_f64().unwrap() as usize,
        first_drop_path: 0.0,
        drop_path: 0.0,
        divergence_weight: case.hyper["alpha"].as_f64().unwrap(),
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", true)]
#[case("long", false)]
#[case("short", false)]
fn agrees_with_openstl(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("tau", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check::<Tau>(&case, &config(&case), &device, &Tolerance::of(name));
        }
    }
}

#[rstest]
#[case("tau", "moving-mnist")]
#[case("tau_weather_t2m", "weatherbench")]
fn agrees_with_openstl_at_the_published_size(#[case] case: &str, #[case] preset: &str) {
    let preset = Tau::presets().into_iter().find(|found| found.name == preset).unwrap();
    check_full::<Tau>(case, &preset.config, &preset.clip, &Device::flex(), &Tolerance::cpu());
}
