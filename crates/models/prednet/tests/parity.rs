//! The network is OpenSTL's: forecasts, losses, gradients.

use foreframe_golden::{Case, check_recurrent_case};
use foreframe_prednet::{ErrorWeights, PredNet, PredNetConfig};
use rstest::rstest;

fn config(case: &Case) -> PredNetConfig {
    let hyper = &case.hyper;
    let sizes = hyper["stack_sizes"].as_array().unwrap();
    PredNetConfig {
        widths: sizes[1..].iter().map(|size| size.as_u64().unwrap() as usize).collect(),
        maximum: hyper["pixel_max"].as_f64().unwrap(),
        error_weights: match hyper["weight_mode"].as_str() {
            Some("L_all") => ErrorWeights::AllLayers,
            _ => ErrorWeights::Frames,
        },
    }
}

#[rstest]
fn agrees_with_openstl(#[values("base", "long", "short", "l_all", "five_layers")] variant: &str) {
    check_recurrent_case::<PredNet>("prednet", variant, config);
}
