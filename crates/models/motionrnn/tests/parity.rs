//! The network is that of the published code: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, FirstState, Tolerance, check_full_recurrent, check_recurrent, devices};
use foreframe_motionrnn::{MotionRnn, MotionRnnConfig, MotionStackState};
use rstest::rstest;

const DRAWN: Option<FirstState<MotionRnn>> = Some(|_, draws| MotionStackState::of_draws(draws));

fn config(case: &Case) -> MotionRnnConfig {
    MotionRnnConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
        layer_norm: case.size("layer_norm") == 1,
        random_start: false,
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", true)]
#[case("layernorm", false)]
#[case("long", false)]
#[case("short", false)]
fn agrees_with_the_published_code(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("motionrnn", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check_recurrent::<MotionRnn>(&case, &config(&case), DRAWN, &device, &Tolerance::of(name));
        }
    }
}

#[test]
fn agrees_with_the_published_code_at_the_published_size() {
    let preset = &MotionRnn::presets()[0];
    let (config, clip) = (&preset.config, &preset.clip);
    let (layer, reduced, motion) = ([1, 128, 16, 16], [1, 32, 8, 8], [1, 18, 8, 8]);
    let mut drawn = vec![layer; 4];
    drawn.extend([reduced, motion].repeat(3));
    drawn.extend([layer; 2]);
    let tolerance = Tolerance::cpu();
    check_full_recurrent::<MotionRnn>("motionrnn", config, clip, &drawn, DRAWN, &Device::flex(), &tolerance);
}
