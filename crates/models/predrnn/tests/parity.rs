//! The networks are OpenSTL's: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::{Architecture, Recurrent};
use foreframe_golden::{Case, Tolerance, check_full_recurrent, check_recurrent, devices};
use foreframe_predrnn::{PredRnn, PredRnnConfig, PredRnnPlusPlus, PredRnnPlusPlusConfig, PredRnnV2, PredRnnV2Config};
use rstest::rstest;

/// The software GPU compiles every new shape for seconds: it gets the first case of a network.
fn agrees<A: Architecture + Recurrent>(method: &str, variant: &str, config: impl Fn(&Case) -> A::Config) {
    let case = Case::load(method, variant);
    for (name, device) in devices() {
        if variant == "base" || name != "wgpu" {
            check_recurrent::<A>(&case, &config(&case), None, &device, &Tolerance::of(name));
        }
    }
}

#[rstest]
fn predrnn_agrees(#[values("base", "layernorm", "long", "reverse_ss", "short")] variant: &str) {
    agrees::<PredRnn>("predrnn", variant, |case| PredRnnConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
        layer_norm: case.size("layer_norm") == 1,
    });
}

#[rstest]
fn predrnn_plus_plus_agrees(#[values("base", "long", "reverse_ss", "short")] variant: &str) {
    agrees::<PredRnnPlusPlus>("predrnnpp", variant, |case| PredRnnPlusPlusConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
    });
}

#[rstest]
fn predrnn_v2_agrees(#[values("base", "layernorm", "long", "short")] variant: &str) {
    agrees::<PredRnnV2>("predrnnv2", variant, |case| PredRnnV2Config {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
        layer_norm: case.size("layer_norm") == 1,
        decoupling_weight: case.hyper["decouple_beta"].as_f64().unwrap(),
    });
}

fn agrees_in_full<A: Architecture + Recurrent>(case: &str, preset: &str) {
    let preset = A::presets().into_iter().find(|found| found.name == preset).unwrap();
    let (config, clip) = (&preset.config, &preset.clip);
    let tolerance = Tolerance::cpu();
    check_full_recurrent::<A>(case, config, clip, &[], None, &Device::flex(), &tolerance);
}

#[test]
fn predrnn_agrees_at_the_published_size() {
    agrees_in_full::<PredRnn>("predrnn", "moving-mnist");
}

#[test]
fn predrnn_plus_plus_agrees_at_the_published_size() {
    agrees_in_full::<PredRnnPlusPlus>("predrnnpp", "moving-mnist");
}

#[test]
fn predrnn_v2_agrees_at_the_published_size() {
    agrees_in_full::<PredRnnV2>("predrnnv2", "moving-mnist");
    agrees_in_full::<PredRnnV2>("predrnnv2_taxibj", "taxibj");
}
