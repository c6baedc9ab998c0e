//! The network is OpenSTL's: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, Tolerance, check_full_recurrent, check_recurrent, devices};
use foreframe_mim::{Mim, MimConfig};
use rstest::rstest;

fn config(case: &Case) -> MimConfig {
    MimConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        kernel: case.size("filter_size"),
        layer_norm: case.size("layer_norm") == 1,
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", true)]
#[case("layernorm", false)]
#[case("long", false)]
#[case("reverse_ss", false)]
#[case("short", false)]
fn agrees_with_openstl(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("mim", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check_recurrent::<Mim>(&case, &config(&case), None, &device, &Tolerance::of(name));
        }
    }
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    let preset = &Mim::presets()[0];
    let (config, clip) = (&preset.config, &preset.clip);
    check_full_recurrent::<Mim>("mim", config, clip, &[], None, &Device::flex(), &Tolerance::cpu());
}
