//! The network is OpenSTL's: forecasts, losses, gradients.

use foreframe_golden::{Case, check_full_preset, check_recurrent_case};
use foreframe_mim::Mim;
use rstest::rstest;

#[rstest]
fn agrees_with_openstl(#[values("base", "layernorm", "long", "reverse_ss", "short")] variant: &str) {
    check_recurrent_case::<Mim>("mim", variant, Case::stack);
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    check_full_preset::<Mim>("mim", "moving-mnist");
}
