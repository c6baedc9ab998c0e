//! The network is that of the published code: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_gmg::{Decay, Focus, Gmg, GmgConfig, Loss};
use foreframe_golden::{Case, FirstState, Tolerance, check_full_recurrent, check_recurrent, devices};
use foreframe_motionrnn::MotionStackState;
use rstest::rstest;

const DRAWN: Option<FirstState<Gmg>> = Some(|_, draws| MotionStackState::of_draws(draws));

fn config(case: &Case) -> GmgConfig {
    let (focus, attention) = match case.hyper["gmg_variant"].as_str() {
        Some("m") => (Focus::Full, 0),
        Some("s") => (Focus::Convolution, case.size("att_hidden")),
        _ => (Focus::Full, case.size("att_hidden")),
    };
    GmgConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
        layer_norm: case.size("layer_norm") == 1,
        focus,
        attention,
        growing: true,
        // Cases of the code as it is have no variant.
        decay: match case.hyper["gmg_variant"].is_string() {
            true => Decay::RecurrenceStep,
            false => Decay::BatchIndex,
        },
        loss: match case.hyper["loss"].as_str() {
            Some("l1l2") => Loss::L1L2,
            _ => Loss::Mse,
        },
        random_start: false,
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", false)]
#[case("layernorm", false)]
#[case("long", false)]
#[case("short", false)]
#[case("l_time", true)]
#[case("l1l2", false)]
#[case("m", false)]
#[case("s", false)]
fn agrees_with_the_published_code(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("gmg", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check_recurrent::<Gmg>(&case, &config(&case), DRAWN, &device, &Tolerance::of(name));
        }
    }
}

#[test]
fn agrees_with_the_published_code_at_the_published_size() {
    let preset = &Gmg::presets()[0];
    let config = GmgConfig {
        decay: Decay::BatchIndex,
        ..preset.config.clone()
    };
    let (layer, reduced, motion) = ([1, 128, 16, 16], [1, 32, 8, 8], [1, 18, 8, 8]);
    let mut drawn = vec![layer; 4];
    drawn.extend([reduced, motion].repeat(3));
    drawn.extend([layer; 2]);
    let tolerance = Tolerance::cpu();
    check_full_recurrent::<Gmg>("gmg", &config, &preset.clip, &drawn, DRAWN, &Device::flex(), &tolerance);
}
