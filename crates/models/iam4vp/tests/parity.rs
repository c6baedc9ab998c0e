//! The network is that of the public code: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::{Architecture, ClipShape};
use foreframe_golden::{Case, Tolerance, check, check_full, devices};
use foreframe_iam4vp::{Iam4Vp, Iam4VpConfig};
use rstest::rstest;

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", true)]
#[case("short", false)]
fn agrees_with_the_public_code(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("iam4vp", variant);
    let config = Iam4VpConfig {
        spatial_channels: case.size("hid_S"),
        spatial_depth: case.size("N_S"),
        temporal_depth: case.size("N_T"),
        ..Iam4VpConfig::default()
    };
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check::<Iam4Vp>(&case, &config, &device, &Tolerance::of(name));
        }
    }
}

/// The first three of its ten frames.
#[test]
fn agrees_with_the_public_code_at_the_published_size() {
    let presets = Iam4Vp::presets();
    let preset = presets.iter().find(|preset| preset.name == "moving-mnist").unwrap();
    let clip = ClipShape {
        future: 3,
        ..preset.clip
    };
    check_full::<Iam4Vp>("iam4vp", &preset.config, &clip, &Device::flex(), &Tolerance::cpu());
}
