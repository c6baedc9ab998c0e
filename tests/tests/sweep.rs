//! The requirements of every registered model.

use std::collections::{BTreeMap, HashSet};

use burn::tensor::{Bool, Device, Distribution, Tensor, TensorData};
use foreframe_core::{Clip, ClipShape, Known, StepContext, Targets, is_buffer};
use foreframe_tests::{alone, largest_difference, random_clip, small_config, small_network};
use foreframe_train::config::Precision;
use foreframe_train::optimizer::{Adam, OptimizerConfig, StepRates};
use foreframe_train::{Model, ModelError};
use foreframe_zoo::MODELS;

fn training_device() -> Device {
    Device::flex().autodiff()
}

#[test]
fn names_are_unique_words_and_every_model_is_attributed() {
    let mut seen = HashSet::new();
    for model in MODELS {
        assert!(seen.insert(model.name), "{} is registered twice", model.name);
        assert!(
            model
                .name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        );
        assert!(!model.paper.is_empty() && !model.about.is_empty(), "{}", model.name);
    }
}

/// `past`, or one more frame for a network that refuses as many and says so.
fn accepted_past(model: &Model, past: usize) -> usize {
    let clip = ClipShape::new([past, 1, 1, 16, 16]);
    match (model.build)(&small_config(model), &clip, &Device::flex()) {
        Err(ModelError::Config(error)) if error.field == "clip.past" => past + 1,
        _ => past,
    }
}

#[test]
fn any_horizon_whatever_the_network_was_built_for() {
    let device = Device::flex();
    for model in MODELS {
        for (past, future) in [(4, 2), (4, 4), (3, 5)] {
            let past = accepted_past(model, past);
            let network = small_network(model, past, future, &device);
            for horizon in [1, 2, 4, 9] {
                let forecast = network.forecast(random_clip(2, past, future, 1).past, horizon);
                assert_eq!(
                    forecast.dims(),
                    [2, horizon, 1, 16, 16],
                    "{} built for {past} -> {future}",
                    model.name
                );
            }
        }
    }
}

#[test]
fn frames_need_not_be_square() {
    let clip = ClipShape::new([4, 3, 2, 8, 16]);
    for model in MODELS {
        let network = model.build_seeded(&small_config(model), &clip, &Device::flex(), 7);
        let network = network.unwrap_or_else(|error| panic!("{}: {error}", model.name));
        let past = burn::tensor::Tensor::zeros([1, 4, 2, 8, 16], &Device::flex());
        assert_eq!(network.forecast(past, 3).dims(), [1, 3, 2, 8, 16], "{}", model.name);
    }
}

/// Frames `[2, time, 3, 16, 16]`.
fn three_channels(time: usize) -> Tensor<5> {
    Tensor::random([2, time, 3, 16, 16], Distribution::Default, &Device::flex())
}

/// `frames` with 1 added to the channels from the second on.
fn with_others_changed(frames: &Tensor<5>) -> Tensor<5> {
    let [first, others] = [(0, 1), (1, 2)].map(|(start, count)| frames.clone().narrow(2, start, count));
    Tensor::cat(vec![first, others + 1.0], 2)
}

#[test]
fn channels_that_are_known_are_read_and_not_learned() {
    let device = training_device();
    let targets = Targets::of_channels(1, 3);
    for model in MODELS {
        let past = accepted_past(model, 4);
        let build = |future: usize| {
            let clip = ClipShape::new([past, future, 3, 16, 16]);
            let network = model.build_seeded(&small_config(model), &clip, &device, 5);
            network.unwrap_or_else(|error| panic!("{}: {error}", model.name))
        };
        let _alone = alone();
        // No network reads the last frame of a clip, so that the only way of its known channels into the loss would be to
        // be compared with a forecast.
        let network = build(1);
        if network.parameters() == 0 {
            continue;
        }
        let (observed, future) = (three_channels(past), three_channels(1));
        let changed = with_others_changed(&future);
        let loss = |future: &Tensor<5>, targets: Targets| {
            let clip = Clip::new(observed.clone(), future.clone());
            let context = StepContext {
                targets,
                ..StepContext::new(0, 0, 3)
            };
            network.gradients(clip, &context).0
        };
        assert_eq!(loss(&future, targets), loss(&changed, targets), "{}", model.name);
        assert_ne!(
            loss(&future, Targets::All),
            loss(&changed, Targets::All),
            "{}",
            model.name
        );

        let mut network = build(6);
        let (observed, future) = (three_channels(past), three_channels(9));
        let clip = Clip::new(observed.clone(), future.clone().narrow(1, 0, 6));
        let context = StepContext {
            targets,
            ..StepContext::new(0, 0, 3)
        };
        let rates = StepRates {
            learning_rate: 1e-2,
            beta1: 0.9,
        };
        // Behind weights that begin at 0 nothing shows before a step.
        let mut optimizer = Adam::new(&OptimizerConfig::default(), 0.0);
        network.step(vec![clip], &context, &mut optimizer, &rates).unwrap();
        let answer =
            |observed: &Tensor<5>, future: &Tensor<5>| network.forecast_ahead(observed.clone(), &targets.ahead(future));
        let forecast = answer(&observed, &future);
        assert_eq!(forecast.dims(), [2, 9, 1, 16, 16], "{}", model.name);
        let of_past = answer(&with_others_changed(&observed), &future);
        assert!(largest_difference(forecast.clone(), of_past) > 0.0, "{}", model.name);
        let of_future = answer(&observed, &with_others_changed(&future));
        // USTEP goes on from latents of the past and reads no frame of the future.
        let reads_on = !model.name.starts_with("ustep");
        assert_eq!(
            largest_difference(forecast, of_future) > 0.0,
            reads_on,
            "{}",
            model.name
        );
    }
}

#[test]
fn nothing_is_learned_where_the_truth_is_missing() {
    for model in MODELS {
        learn_around_gaps(model, &Device::flex());
    }
}

/// One network that reads frame by frame and one that does not: how gaps are left out is the same in all of a kind.
#[test]
fn portable_nothing_is_learned_where_the_truth_is_missing() {
    for (_, device) in foreframe_golden::devices() {
        let kinds = MODELS
            .iter()
            .filter(|model| ["convlstm", "simvp"].contains(&model.name));
        kinds.for_each(|model| learn_around_gaps(model, &device));
    }
}

fn learn_around_gaps(model: &Model, device: &Device) {
    let past = accepted_past(model, 4);
    let network = small_network(model, past, 1, &device.clone().autodiff());
    if network.parameters() == 0 {
        return;
    }
    let _alone = alone();
    let clip = random_clip(2, past, 1, 6);
    // The left half of the last frame, which no network reads.
    let [before, after] = [(past, 16), (1, 8)].map(|(time, columns)| [2, time, 1, 16, columns]);
    let left = Tensor::<5>::ones(after, &Device::flex());
    let frame = Tensor::cat(vec![left.clone(), left.zeros_like()], 4);
    let elsewhere = clip.future.clone() + frame.clone() * 0.5;
    let gaps = Tensor::cat(vec![Tensor::zeros(before, &Device::flex()), frame], 1).bool();
    let step = |future: &Tensor<5>, missing: Option<&Tensor<5, Bool>>| {
        let [past, future] = [&clip.past, future].map(|frames| frames.clone().to_device(device));
        let clip = Clip {
            // By way of the host: backends store truth values each in their own way.
            missing: missing.map(|missing| Tensor::from_data(missing.to_data(), device)),
            ..Clip::new(past, future)
        };
        network.gradients(clip, &StepContext::new(0, 0, 3))
    };
    let masked = step(&clip.future, Some(&gaps));
    assert!(masked == step(&elsewhere, Some(&gaps)), "{}", model.name);
    assert!(masked.0 > 0.0 && masked.0.is_finite(), "{}: {}", model.name, masked.0);
    assert_ne!(step(&clip.future, None).0, step(&elsewhere, None).0, "{}", model.name);
}

/// Loss and gradients of the second of two training steps: behind weights that begin at 0 the gradient arrives after one.
fn second_step(model: &Model, device: &Device) -> Option<(f64, BTreeMap<String, TensorData>)> {
    // Long enough for every recurrence to use the state of the step before.
    let mut network = small_network(model, 4, 12, device);
    let clip = random_clip(2, 4, 12, 2);
    if network.parameters() == 0 {
        return None;
    }
    let _alone = alone();
    let mut optimizer = Adam::new(&OptimizerConfig::default(), 0.0);
    let rates = StepRates {
        learning_rate: 1e-3,
        beta1: 0.9,
    };
    let first = StepContext::new(0, 0, 3);
    network
        .step(vec![clip.clone()], &first, &mut optimizer, &rates)
        .unwrap();
    let (loss, gradients) = network.gradients(clip, &StepContext::new(1, 0, 3));
    assert!(loss.is_finite(), "{}: loss {loss}", model.name);
    for tensor in network.tensors() {
        if is_buffer(&tensor.name) {
            continue;
        }
        let gradient = gradients
            .get(&tensor.name)
            .unwrap_or_else(|| panic!("{}: no gradient reaches {}", model.name, tensor.name));
        let norm = gradient.iter::<f64>().map(|value| value * value).sum::<f64>();
        assert!(
            norm.is_finite() && norm > 0.0,
            "{}: {} has gradient {norm}",
            model.name,
            tensor.name
        );
    }
    Some((loss, gradients))
}

#[test]
fn the_gradient_reaches_every_parameter_and_forgetting_activations_changes_no_digit() {
    for model in MODELS {
        let kept = second_step(model, &training_device());
        let again = second_step(model, &training_device().gradient_checkpointing());
        let (Some((loss, gradients)), Some(again)) = (kept, again) else {
            continue;
        };
        assert_eq!(loss, again.0, "{}", model.name);
        for (name, gradient) in gradients {
            assert!(gradient == again.1[&name], "{}: {name}", model.name);
        }
    }
}

#[test]
fn weights_move_to_another_network_of_the_same_configuration() {
    let device = Device::flex();
    for model in MODELS {
        let source = small_network(model, 4, 3, &device);
        let clip = ClipShape::new([4, 3, 1, 16, 16]);
        let mut target = {
            let _alone = alone();
            model.build_seeded(&small_config(model), &clip, &device, 8).unwrap()
        };
        let tensors: BTreeMap<_, _> = source
            .tensors()
            .into_iter()
            .map(|tensor| (tensor.name, tensor.data))
            .collect();
        target
            .load(tensors)
            .unwrap_or_else(|error| panic!("{}: {error}", model.name));
        let past = random_clip(2, 4, 3, 4).past;
        let difference = largest_difference(source.forecast(past.clone(), 3), target.forecast(past, 3));
        assert_eq!(difference, 0.0, "{}", model.name);
    }
}

#[test]
fn networks_that_read_frame_by_frame_keep_their_state_from_frame_to_frame() {
    let device = Device::flex();
    for model in MODELS {
        let network = small_network(model, 4, 3, &device);
        assert_eq!(network.stream().is_some(), model.sampling.is_some(), "{}", model.name);
        let Some(mut stream) = network.stream() else { continue };
        let past = random_clip(1, 6, 3, 8).past;
        for time in 0..6 {
            stream.push(past.clone().narrow(1, time, 1).squeeze_dim(1)).unwrap();
        }
        let whole = network.forecast(past, 2);
        assert_eq!(
            largest_difference(stream.forecast(2, &Known::nothing()).unwrap(), whole),
            0.0,
            "{}",
            model.name
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_network() {
    let device = Device::flex();
    for model in MODELS {
        let tensors = |network: Box<dyn foreframe_train::Network>| -> Vec<_> {
            network
                .tensors()
                .into_iter()
                .map(|tensor| (tensor.name, tensor.data))
                .collect()
        };
        let one = tensors(small_network(model, 4, 3, &device));
        let other = tensors(small_network(model, 4, 3, &device));
        assert_eq!(one, other, "{}", model.name);
    }
}

/// Two steps by bfloat16 lose about as much as by 32 bits, and take up statistics that are near.
#[test]
fn half_the_bits_train_nearly_alike() {
    for model in MODELS {
        let trained = |precision| {
            let mut network = small_network(model, 4, 3, &training_device());
            network.set_precision(precision);
            let mut optimizer = Adam::new(&OptimizerConfig::default(), 0.0);
            let rates = StepRates {
                learning_rate: 1e-3,
                beta1: 0.9,
            };
            let _alone = alone();
            let losses = [0, 1].map(|step| {
                let context = StepContext::new(step, 0, 3);
                let clips = vec![random_clip(2, 4, 3, 9)];
                network.step(clips, &context, &mut optimizer, &rates).unwrap().loss
            });
            let mut statistics = Vec::new();
            network.visit(&mut |name, tensor| {
                if is_buffer(name) {
                    statistics.extend(tensor.into_data().iter::<f32>());
                }
            });
            (losses, statistics)
        };
        if small_network(model, 4, 3, &Device::flex()).parameters() == 0 {
            continue;
        }
        let (losses, statistics) = trained(Precision::F32);
        let (reduced, other) = trained(Precision::Bf16);
        for (full, reduced) in losses.iter().zip(&reduced) {
            assert!((full - reduced).abs() < 0.03 * full, "{}: {full} {reduced}", model.name);
        }
        assert_ne!(losses, reduced, "{}: nothing was reduced", model.name);
        for (full, reduced) in statistics.iter().zip(&other) {
            assert!(
                (full - reduced).abs() < 0.05 * full.abs().max(1.0),
                "{}: {full} {reduced}",
                model.name
            );
        }
    }
}

#[test]
fn presets_are_complete_and_unknown_keys_are_refused() {
    for model in MODELS {
        let mut seen = HashSet::new();
        for preset in (model.presets)() {
            assert!(seen.insert(preset.name), "{}: preset {} twice", model.name, preset.name);
            assert_eq!(
                (model.complete)(&preset.config).unwrap(),
                preset.config,
                "{} {}",
                model.name,
                preset.name
            );
            (model.cost)(&preset.config, &preset.clip)
                .unwrap_or_else(|error| panic!("{} {}: {error}", model.name, preset.name));
        }
        let mut table = (model.defaults)();
        table.insert("no_such_key".into(), toml::Value::Integer(1));
        let error = (model.complete)(&table).unwrap_err().to_string();
        assert!(error.contains("no_such_key"), "{}: {error}", model.name);
    }
}

#[test]
fn forecasts_are_deterministic_and_depend_on_their_own_clip_alone() {
    let device = Device::flex();
    for model in MODELS {
        let network = small_network(model, 4, 3, &device);
        let past = random_clip(3, 4, 3, 5).past;
        let together = network.forecast(past.clone(), 3);
        assert_eq!(
            largest_difference(together.clone(), network.forecast(past.clone(), 3)),
            0.0,
            "{}",
            model.name
        );
        let alone = network.forecast(past.narrow(0, 2, 1), 3);
        let difference = largest_difference(together.narrow(0, 2, 1), alone);
        assert!(
            difference < 1e-5,
            "{}: place in the batch changes a forecast by {difference}",
            model.name
        );
    }
}

/// The tolerance is for a GPU that sums in another order and approximates transcendental functions; the small networks'
/// outputs are of order one.
#[test]
fn portable_every_backend_agrees() {
    for model in MODELS {
        let reference = small_network(model, 4, 4, &training_device());
        // Taken before the training-mode forward pass below moves the running statistics.
        let tensors: BTreeMap<_, _> = reference
            .tensors()
            .into_iter()
            .map(|tensor| (tensor.name, tensor.data))
            .collect();
        let context = StepContext::new(0, 0, 3);
        let forecast = reference.forecast(random_clip(1, 4, 4, 6).past, 4);
        let expected = (reference.parameters() > 0).then(|| {
            let _alone = alone();
            reference.gradients(random_clip(1, 4, 4, 6), &context)
        });
        for (name, device) in foreframe_golden::devices() {
            let device = device.autodiff();
            let mut network = small_network(model, 4, 4, &device);
            network.load(tensors.clone()).unwrap();
            let clip = random_clip(1, 4, 4, 6);
            let [past, future] = [clip.past, clip.future].map(|frames| frames.to_device(&device.clone().inner()));
            let clip = Clip::new(past, future);
            let answer = network.forecast(clip.past.clone(), 4).to_device(&Device::flex());
            let difference = largest_difference(forecast.clone(), answer);
            assert!(
                difference < 1e-4,
                "{} on {name}: forecasts differ by {difference}",
                model.name
            );
            let Some((expected_loss, expected)) = &expected else {
                continue;
            };
            let (loss, gradients) = {
                let _alone = alone();
                network.gradients(clip, &context)
            };
            assert!(
                (loss - expected_loss).abs() <= 1e-4 * expected_loss.abs(),
                "{} on {name}: loss {loss}, on flex {expected_loss}",
                model.name
            );
            for (tensor, expected) in expected {
                let expected: Vec<f64> = expected.iter().collect();
                let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
                let difference: Vec<f64> = gradients[tensor]
                    .iter::<f64>()
                    .zip(&expected)
                    .map(|(left, right)| left - right)
                    .collect();
                assert!(
                    norm(&difference) <= 1e-3 * norm(&expected) + 1e-5,
                    "{} on {name}: gradient of {tensor} differs by {:e} of {:e}",
                    model.name,
                    norm(&difference),
                    norm(&expected)
                );
            }
        }
    }
}
