//! The network is OpenSTL's: forecasts, losses, gradients.

use foreframe_e3dlstm::{E3dLstm, E3dLstmConfig};
use foreframe_golden::{Case, check_full_preset, check_recurrent_case};
use rstest::rstest;

fn config(case: &Case) -> E3dLstmConfig {
    E3dLstmConfig {
        patch: case.size("patch_size"),
        widths: case.sizes("num_hidden"),
        layer_norm: case.size("layer_norm") == 1,
        recalled: 0,
    }
}

#[rstest]
fn agrees_with_openstl(#[values("base", "layernorm", "long", "short")] variant: &str) {
    check_recurrent_case::<E3dLstm>("e3dlstm", variant, config);
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    check_full_preset::<E3dLstm>("e3dlstm", "moving-mnist");
}
