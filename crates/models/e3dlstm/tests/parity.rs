//! The network is OpenSTL's: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_e3dlstm::{E3dLstm, E3dLstmConfig};
use foreframe_golden::{Case, Tolerance, check_full_recurrent, check_recurrent, devices};
use rstest::rstest;

fn config(case: &Case) -> E3dLstmConfig {
    E3dLstmConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        layer_norm: case.size("layer_norm") == 1,
        recalled: 0,
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", true)]
#[case("layernorm", false)]
#[case("long", false)]
#[case("short", false)]
fn agrees_with_openstl(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("e3dlstm", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check_recurrent::<E3dLstm>(&case, &config(&case), None, &device, &Tolerance::of(name));
        }
    }
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    let preset = &E3dLstm::presets()[0];
    let (config, clip) = (&preset.config, &preset.clip);
    check_full_recurrent::<E3dLstm>("e3dlstm", config, clip, &[], None, &Device::flex(), &Tolerance::cpu());
}
