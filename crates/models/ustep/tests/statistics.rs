//! Running statistics of batch normalization in the steps of the recurrence.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use foreframe_core::{Architecture, ClipShape, Forecast, named_shapes};
use foreframe_golden::settled_difference;
use foreframe_nn::Statistics;
use foreframe_ustep::{GstaNet, RecurrenceLayout, SegmentNet, TauNet, UStep, UStepConfig, UStepNetwork, UniformerNet};
use rstest::rstest;

fn config(statistics: Statistics, layout: RecurrenceLayout, macro_segment: usize) -> UStepConfig {
    UStepConfig {
        spatial_channels: 4,
        spatial_depth: 2,
        width: 16,
        micro_segment: 2,
        macro_segment,
        micro_depth: 2,
        macro_depth: 2,
        mlp_ratio: 1,
        statistics,
        layout,
        ..UStepConfig::default()
    }
}

const CLIP: ClipShape = ClipShape::new([4, 6, 1, 16, 16]);

/// The difference with statistics for each step and with shared ones.
fn differences<N: SegmentNet>(layout: RecurrenceLayout, macro_segment: usize) -> [f64; 2] {
    [Statistics::PerStep, Statistics::Shared]
        .map(|kind| settled_difference::<UStepNetwork<N>>(&config(kind, layout, macro_segment), &CLIP))
}

#[rstest]
#[case::single(RecurrenceLayout::Single, 0)]
#[case::layerwise(RecurrenceLayout::Layerwise, 0)]
#[case::steps_before_the_first_forecast(RecurrenceLayout::Layerwise, 2)]
fn inference_repeats_training(#[case] layout: RecurrenceLayout, #[case] macro_segment: usize) {
    for (name, [own, shared]) in [
        ("TAU", differences::<TauNet>(layout, macro_segment)),
        ("gSTA", differences::<GstaNet>(layout, macro_segment)),
        ("Uniformer", differences::<UniformerNet>(layout, macro_segment)),
    ] {
        assert!(
            own < 0.01 && shared > 5.0 * own,
            "{name}: {own} per step, {shared} shared"
        );
    }
}

/// Sets of statistics that each batch normalization of a network has.
fn sets(config: &UStepConfig, clip: &ClipShape) -> Vec<usize> {
    let network = UStep::new(config, clip, &Device::flex()).unwrap();
    let means = named_shapes(&network)
        .into_iter()
        .filter(|(name, _)| name.ends_with("running_mean"));
    let mut sets: Vec<usize> = means
        .map(|(_, shape)| if shape.len() == 1 { 1 } else { shape[0] })
        .collect();
    sets.dedup();
    sets
}

#[test]
fn there_is_one_set_for_every_step_that_training_sees() {
    let per_step = |macro_segment| config(Statistics::PerStep, RecurrenceLayout::Single, macro_segment);
    assert_eq!(sets(&per_step(0), &CLIP), [3]);
    // One more step brings the states up to date.
    assert_eq!(sets(&per_step(2), &CLIP), [4]);
    assert_eq!(
        sets(&config(Statistics::Shared, RecurrenceLayout::Single, 0), &CLIP),
        [1]
    );
    // All steps are one batch.
    let taught = UStepConfig {
        teacher_forcing: true,
        ..per_step(0)
    };
    assert_eq!(sets(&taught, &CLIP), [1]);
}

/// Two frames with values up to `brightness`, always the same.
fn segment(brightness: f64) -> Tensor<5> {
    let values = Tensor::<1, Int>::arange(0..2 * 2 * 16 * 16, &Device::flex()).float();
    ((values * 0.37).sin() * 0.5 + 0.5).reshape([2, 2, 1, 16, 16]) * brightness
}

/// Whatever is observed, the first step that predicts has the statistics of the first step that predicts.
#[test]
fn steps_are_counted_from_the_end_of_what_is_observed() {
    let device = Device::flex().autodiff();
    // Without states a segment follows from the one before it, and from none before that.
    let config = UStepConfig {
        cross: false,
        ..config(Statistics::PerStep, RecurrenceLayout::Single, 2)
    };
    let network = UStep::new(&config, &CLIP, &device).unwrap();
    let training = Tensor::from_inner(Tensor::cat(vec![segment(9.0), segment(1.0)], 1));
    (0..50).for_each(|_| drop(network.forecast(training.clone(), 6)));
    let network = network.valid();
    let forecast = |observed: &[f64]| {
        let past = observed.iter().map(|brightness| segment(*brightness)).collect();
        network.forecast(Tensor::cat(past, 1), 2)
    };
    let expected = forecast(&[1.0]);
    for observed in [&[1.0, 1.0][..], &[1.0, 1.0, 1.0]] {
        let difference = (forecast(observed) - expected.clone()).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-6, "{} segments observed: {difference}", observed.len());
    }
}
