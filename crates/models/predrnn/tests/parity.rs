//! The networks are OpenSTL's: forecasts, losses, gradients.

use foreframe_golden::{Case, check_full_preset, check_recurrent_case};
use foreframe_predrnn::{PredRnn, PredRnnPlusPlus, PredRnnPlusPlusConfig, PredRnnV2, PredRnnV2Config};
use rstest::rstest;

#[rstest]
fn predrnn_agrees(#[values("base", "layernorm", "long", "reverse_ss", "short")] variant: &str) {
    check_recurrent_case::<PredRnn>("predrnn", variant, Case::stack);
}

#[rstest]
fn predrnn_plus_plus_agrees(#[values("base", "long", "reverse_ss", "short")] variant: &str) {
    check_recurrent_case::<PredRnnPlusPlus>("predrnnpp", variant, |case| PredRnnPlusPlusConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
    });
}

#[rstest]
fn predrnn_v2_agrees(#[values("base", "layernorm", "long", "short")] variant: &str) {
    check_recurrent_case::<PredRnnV2>("predrnnv2", variant, |case| PredRnnV2Config {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
        layer_norm: case.size("layer_norm") == 1,
        decoupling_weight: case.hyper["decouple_beta"].as_f64().unwrap(),
    });
}

#[test]
fn predrnn_agrees_at_the_published_size() {
    check_full_preset::<PredRnn>("predrnn", "moving-mnist");
}

#[test]
fn predrnn_plus_plus_agrees_at_the_published_size() {
    check_full_preset::<PredRnnPlusPlus>("predrnnpp", "moving-mnist");
}

#[test]
fn predrnn_v2_agrees_at_the_published_size() {
    check_full_preset::<PredRnnV2>("predrnnv2", "moving-mnist");
    check_full_preset::<PredRnnV2>("predrnnv2_taxibj", "taxibj");
}
