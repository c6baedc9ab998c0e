//! The network is OpenSTL's: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, Tolerance, check_full_recurrent, check_recurrent, devices};
use foreframe_phydnet::{PhyDNet, PhyDNetConfig};
use rstest::rstest;

fn config(case: &Case) -> PhyDNetConfig {
    PhyDNetConfig {
        patch: case.size("patch_size"),
        width: case.size("nf"),
        widths: case.sizes("conv_hidden"),
        ..PhyDNetConfig::default()
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("base", true)]
#[case("long", false)]
#[case("short", false)]
#[case("teacher", false)]
fn agrees_with_openstl(#[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load("phydnet", variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check_recurrent::<PhyDNet>(&case, &config(&case), None, &device, &Tolerance::of(name));
        }
    }
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    let preset = &PhyDNet::presets()[0];
    let (config, clip) = (&preset.config, &preset.clip);
    check_full_recurrent::<PhyDNet>("phydnet", config, clip, &[], None, &Device::flex(), &Tolerance::cpu());
}
