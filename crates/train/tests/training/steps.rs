//! Single optimizer steps.

use std::collections::BTreeMap;

use burn::tensor::{Device, TensorData};
use foreframe_core::{Clip, StepContext, is_buffer};
use foreframe_data::{HostBatch, Loader, LoaderConfig};
use foreframe_train::optimizer::{Adam, OptimizerConfig, StepRates};
use foreframe_train::{Network, StepError, StepOutcome};

use crate::toy::{CLIP, TOY, alone, splits};

fn network(settings: &str) -> Box<dyn Network> {
    let device = Device::flex().autodiff();
    TOY.build_seeded(&settings.parse().unwrap(), &CLIP, &device, 5).unwrap()
}

fn batches(batch: usize) -> Vec<Clip> {
    let config = LoaderConfig {
        batch,
        seed: 0,
        shuffle: false,
        drop_last: false,
    };
    let loader = Loader::new(splits(12).train, config).unwrap();
    let upload = |batch: HostBatch| batch.to_clip(&Device::flex());
    loader.epoch(0, 0).map(|batch| upload(batch.unwrap())).collect()
}

fn step(network: &mut dyn Network, micro_batches: Vec<Clip>, clip_norm: f64, iteration: u64) -> StepOutcome {
    let mut optimizer = Adam::new(&OptimizerConfig::default(), clip_norm);
    let rates = StepRates {
        learning_rate: 0.01,
        beta1: 0.9,
    };
    network
        .step(
            micro_batches,
            &StepContext::new(iteration, 0, 1),
            &mut optimizer,
            &rates,
        )
        .unwrap()
}

fn values(network: &dyn Network) -> BTreeMap<String, Vec<f32>> {
    let values = |data: TensorData| data.try_to_vec().unwrap();
    network
        .tensors()
        .into_iter()
        .map(|tensor| (tensor.name, values(tensor.data)))
        .collect()
}

/// Micro-batches of 5, 5 and 2 clips weigh as many clips as they hold. Without batch norm and dropout, that is.
#[test]
fn accumulated_micro_batches_are_one_batch() {
    let _alone = alone();
    let plain = "norm = false\ndropout = 0.0";
    let (mut whole, mut parts) = (network(plain), network(plain));
    let expected = step(&mut *whole, batches(12), 0.0, 0);
    let outcome = step(&mut *parts, batches(5), 0.0, 0);
    assert_eq!(outcome.clips, 12);
    assert!(
        (outcome.loss - expected.loss).abs() < 1e-6 * expected.loss,
        "{outcome:?} {expected:?}"
    );
    assert!(
        (outcome.grad_norm - expected.grad_norm).abs() < 1e-5 * expected.grad_norm,
        "{outcome:?} {expected:?}"
    );
    for ((name, parts), whole) in values(&*parts).into_iter().zip(values(&*whole).into_values()) {
        for (one, other) in parts.into_iter().zip(whole) {
            assert!((one - other).abs() < 1e-5, "{name}: {one} {other}");
        }
    }
}

#[test]
fn a_step_is_a_function_of_its_context() {
    let _alone = alone();
    let after = |iteration| {
        let mut network = network("");
        let before = values(&*network);
        step(&mut *network, batches(4), 0.0, iteration);
        let after = values(&*network);
        let unchanged: Vec<_> = before
            .iter()
            .filter(|(name, values)| after[*name] == **values)
            .collect();
        assert!(unchanged.is_empty(), "{unchanged:?}");
        after
    };
    let first = after(0);
    assert_eq!(first, after(0));
    assert_ne!(first, after(1), "another step drops other values");
}

/// Adam's first step ignores the size of a gradient, so its averages must tell.
#[test]
fn clipping_bounds_the_whole_gradient() {
    let _alone = alone();
    let norm = |clip_norm| {
        let mut network = network("dropout = 0.0");
        let mut optimizer = Adam::new(&OptimizerConfig::default(), clip_norm);
        let rates = StepRates {
            learning_rate: 0.01,
            beta1: 0.9,
        };
        let context = StepContext::new(0, 0, 1);
        let outcome = network.step(batches(12), &context, &mut optimizer, &rates).unwrap();
        let state = optimizer.state().into_values();
        let squares = state.flat_map(|moments| {
            moments
                .mean
                .iter::<f64>()
                .map(|mean| (mean / 0.1).powi(2))
                .collect::<Vec<_>>()
        });
        (outcome.grad_norm, squares.sum::<f64>().sqrt())
    };
    let (measured, free) = norm(0.0);
    assert!((measured - free).abs() < 1e-5 * free, "{measured} {free}");
    let (measured, clipped) = norm(free / 2.0);
    assert!(
        (measured - free).abs() < 1e-5 * free,
        "the norm is measured before clipping"
    );
    assert!((clipped - free / 2.0).abs() < 1e-4 * free, "{clipped} {free}");
}

#[test]
fn a_gradient_reaches_every_parameter_and_inference_changes_nothing() {
    let _alone = alone();
    let network = network("");
    let before = values(&*network);
    let clip = batches(12).remove(0);
    let forecast = network.forecast(clip.past.clone(), 5).into_data();
    assert_eq!(forecast, network.forecast(clip.past.clone(), 5).into_data());
    assert_eq!(before, values(&*network));
    let (loss, gradients) = network.gradients(clip, &StepContext::new(0, 0, 1));
    assert!(loss > 0.0);
    let trainable: Vec<String> = before.into_keys().filter(|name| !is_buffer(name)).collect();
    assert_eq!(gradients.into_keys().collect::<Vec<_>>(), trainable);
}

#[test]
fn a_step_on_nothing_is_refused() {
    let _alone = alone();
    let mut network = network("");
    let before = values(&*network);
    let mut optimizer = Adam::new(&OptimizerConfig::default(), 1.0);
    let rates = StepRates {
        learning_rate: 0.01,
        beta1: 0.9,
    };
    let outcome = network.step(Vec::new(), &StepContext::new(0, 0, 1), &mut optimizer, &rates);
    assert_eq!(outcome, Err(StepError::NoClips));
    assert_eq!(values(&*network), before);
}
