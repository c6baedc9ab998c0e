//! The network is OpenSTL's: forecasts, losses, gradients.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, Tolerance, check_full_recurrent, check_recurrent_case};
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

#[rstest]
fn agrees_with_openstl(
    #[values("swinlstm_b", "swinlstm_d")] method: &str,
    #[values("base", "long", "short")] variant: &str,
) {
    check_recurrent_case::<SwinLstm>(method, variant, config);
}

/// Sixteen blocks of attention in each of 19 steps leave sums in another order, as Burn's own operations have them, a little
/// further away than one step does.
#[test]
fn agrees_with_openstl_at_the_published_size() {
    let preset = &SwinLstm::presets()[0];
    let (config, clip) = (&preset.config, &preset.clip);
    let tolerance = Tolerance {
        eval_abs: 3e-5,
        ..Tolerance::cpu()
    };
    check_full_recurrent::<SwinLstm>("swinlstm_d", config, clip, &[], None, &Device::flex(), &tolerance);
}
