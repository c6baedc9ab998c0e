//! The network is OpenSTL's: forecasts, losses, gradients.

use foreframe_golden::{Case, check_full_preset, check_recurrent_case};
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

#[rstest]
fn agrees_with_openstl(#[values("base", "long", "short", "teacher")] variant: &str) {
    check_recurrent_case::<PhyDNet>("phydnet", variant, config);
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    check_full_preset::<PhyDNet>("phydnet", "moving-mnist");
}
