//! The network is OpenSTL's: forecasts, losses, gradients, running statistics.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, Tolerance, check, check_full, devices};
use foreframe_wast::{Wast, WastConfig};
use rstest::rstest;

fn config(case: &Case) -> WastConfig {
    let depths = case.hyper["block_list"].as_array().unwrap();
    WastConfig {
        encoder_channels: case.size("encoder_dim"),
        depths: [0, 1, 2].map(|stage: usize| depths[stage].as_u64().unwrap() as usize),
        mlp_ratio: case.hyper["mlp_ratio"].as_f64().unwrap(),
        drop_path: 0.0,
        frequency_weight: case.hyper["loss_weight"].as_f64().unwrap(),
        ..WastConfig::default()
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", true)]
#[case("long", false)]
#[case("short", false)]
fn agrees_with_openstl(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("wast", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check::<Wast>(&case, &config(&case), &device, &Tolerance::of(name));
        }
    }
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    let presets = Wast::presets();
    let preset = presets.iter().find(|preset| preset.name == "taxibj").unwrap();
    check_full::<Wast>(
        "wast_taxibj",
        &preset.config,
        &preset.clip,
        &Device::flex(),
        &Tolerance::cpu(),
    );
}
