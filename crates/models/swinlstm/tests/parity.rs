//! The network is OpenSTL's: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, Tolerance, check_full_recurrent, check_recurrent, devices};
use foreframe_swinlstm::{SwinLstm, SwinLstmConfig};
use rstest::rstest;

fn config(case: &Case) -> SwinLstmConfig {
    let width = case.size("embed_dim");
    let window = case.size("window_size");
    let drop_path = 0.0;
    if case.case["method"] == "swinlstm_b" {
        return SwinLstmConfig {
            width,
            window,
            depths: vec![case.size("depths")],
            up_depths: vec![],
            heads: vec![case.size("num_heads")],
            drop_path,
        };
    }
    SwinLstmConfig {
        width,
        window,
        depths: case.sizes("depths_downsample"),
        up_depths: case.sizes("depths_upsample"),
        heads: case.sizes("num_heads"),
        drop_path,
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
#[case("swinlstm_b", "base", true)]
#[case("swinlstm_b", "long", false)]
#[case("swinlstm_b", "short", false)]
#[case("swinlstm_d", "base", false)]
#[case("swinlstm_d", "long", false)]
#[case("swinlstm_d", "short", false)]
fn agrees_with_openstl(#[case] method: &str, #[case] variant: &str, #[case] on_gpu: bool) {
    let case = Case::load(method, variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check_recurrent::<SwinLstm>(&case, &config(&case), None, &device, &Tolerance::of(name));
        }
    }
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    let preset = &SwinLstm::presets()[0];
    let (config, clip) = (&preset.config, &preset.clip);
    check_full_recurrent::<SwinLstm>(
        "swinlstm_d",
        config,
        clip,
        &[],
        None,
        &Device::flex(),
        &Tolerance::cpu(),
    );
}
