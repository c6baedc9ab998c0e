//! Running statistics of batch normalization where the network observes its own output.

use burn::tensor::Device;
use foreframe_core::{Architecture, ClipShape, named_shapes};
use foreframe_golden::settled_difference;
use foreframe_nn::Statistics;
use foreframe_wast::{Wast, WastConfig};

/// Three forecasts of two frames each.
const CLIP: ClipShape = ClipShape::new([2, 6, 1, 16, 16]);

fn config(statistics: Statistics) -> WastConfig {
    let preset = Wast::presets()
        .into_iter()
        .find(|preset| preset.name == "moving-digits")
        .unwrap();
    WastConfig {
        drop_path: 0.0,
        statistics,
        ..preset.config
    }
}

#[test]
fn inference_repeats_training() {
    let [own, shared] = [Statistics::PerStep, Statistics::Shared]
        .map(|statistics| settled_difference::<Wast>(&config(statistics), &CLIP));
    // The smallest latents have few pixels, so that the unbiased variance is a few percent above the biased one.
    assert!(own < 0.05 && shared > 5.0 * own, "{own} per step, {shared} shared");
}

#[test]
fn there_are_as_many_sets_as_forecasts() {
    let shapes = |clip: ClipShape| {
        let network = Wast::new(&config(Statistics::PerStep), &clip, &Device::flex()).unwrap();
        named_shapes(&network)
    };
    for (future, sets) in [(6, Some(3)), (5, Some(3)), (2, None)] {
        let means = shapes(ClipShape { future, ..CLIP })
            .into_iter()
            .filter(|(name, _)| name.ends_with("running_mean"));
        for (name, shape) in means {
            let found = (shape.len() == 2).then(|| shape[0]);
            assert_eq!(found, sets, "{name} for {future} frames");
        }
    }
}
