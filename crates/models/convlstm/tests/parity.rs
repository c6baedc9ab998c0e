//! The network is OpenSTL's: forecasts, losses, gradients.

use foreframe_convlstm::ConvLstm;
use foreframe_golden::{Case, check_full_preset, check_recurrent_case};
use rstest::rstest;

#[rstest]
fn agrees_with_openstl(#[values("base", "layernorm", "long", "reverse_ss", "short")] variant: &str) {
    check_recurrent_case::<ConvLstm>("convlstm", variant, Case::stack);
}

#[test]
fn agrees_with_openstl_at_the_published_size() {
    check_full_preset::<ConvLstm>("convlstm", "moving-mnist");
}
