//! Networks of their published size, with weights that are derived rather than stored.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{Architecture, ClipShape, import, is_buffer, named_shapes};

use crate::case::{folder, read_json, read_tensors};
use crate::{Differences, Tolerance};

/// Checks that `A` built from `config` is the network of the case `full/<name>`: its number of parameters (with
/// `unused_params`, those that the reference carries but never uses), and its forecast in inference with weights derived
/// from their names.
///
/// # Panics
/// Lists what differs, with both values.
#[track_caller]
pub fn check_full<A: Architecture>(
    name: &str,
    config: &A::Config,
    clip: &ClipShape,
    device: &Device,
    tolerance: &Tolerance,
) {
    check_full_with::<A>(name, config, clip, device, tolerance, |network, past| {
        network.forecast(past, clip.future)
    });
}

/// [`check_full`] of a network that forecasts in a way of its own.
#[track_caller]
pub(crate) fn check_full_with<A: Architecture>(
    name: &str,
    config: &A::Config,
    clip: &ClipShape,
    device: &Device,
    tolerance: &Tolerance,
    forecast: impl Fn(&A, Tensor<5>) -> Tensor<5>,
) {
    let folder = folder("full").join(name);
    let case = read_json(&folder.join("case.json"));
    let expected = &read_tensors(&folder.join("tensors.safetensors"))["eval.pred"];
    let mut differences = Differences::of(format!("full/{name} on {device:?}"));

    let keys = A::pytorch_keys(config);
    let network = A::new(config, clip, device).unwrap_or_else(|error| panic!("full/{name}: {error}"));
    let parameters = foreframe_core::count_parameters(&network);
    let unused = case["unused_params"].as_u64().unwrap_or(0);
    if case["params"].as_u64() != Some(parameters as u64 + unused) {
        differences.note(format!(
            "{parameters} parameters and {unused} that the reference never uses, the reference has {}",
            case["params"]
        ));
    }
    let state: BTreeMap<String, TensorData> = named_shapes(&network)
        .into_iter()
        .map(|(name, shape)| {
            let key = keys.reference_key(&name);
            // A file has one set of running statistics, for all steps of a recurrence.
            let shape = match is_buffer(&name) {
                true => shape[shape.len() - 1..].to_vec(),
                false => shape,
            };
            let weights = weights(&key, shape);
            (key, weights)
        })
        .collect();
    let (network, _) = import(network, state, &keys).unwrap_or_else(|error| panic!("full/{name}: {error}"));
    let shape = vec![1, clip.past, clip.channels, clip.height, clip.width];
    let past = derived("input.x", shape, |value| 0.5 + 0.5 * value);
    let forecast = forecast(&network, Tensor::from_data(past, device));
    differences.tensor("eval.pred", &forecast.into_data(), expected, tolerance.eval_abs, 0.0);
    differences.finish();
}

/// The weights of the tensor that the reference calls `key`, spread as its kind needs.
pub(crate) fn weights(key: &str, shape: Vec<usize>) -> TensorData {
    let leaf = key.rsplit('.').next().unwrap_or(key);
    let fan_in = shape.iter().skip(1).product::<usize>() as f64;
    match leaf {
        "running_mean" => derived(key, shape, |value| 0.2 * value),
        "running_var" => derived(key, shape, |value| 1.0 + 0.4 * value),
        "bias" => derived(key, shape, |value| 0.1 * value),
        "relative_position_bias_table" => derived(key, shape, |value| 0.3 * value),
        "weight" if matches!(shape.len(), 1 | 3) || key.contains("_norm_c_t") => {
            derived(key, shape, |value| 1.0 + 0.2 * value)
        }
        "weight" => derived(key, shape, |value| value * 3.0f64.sqrt() / fan_in.sqrt()),
        "ct_weight" | "oc_weight" => derived(key, shape, |value| 0.3 * value),
        // Scalars of the reference.
        "alpha_default" | "beta_default" => derived(key, shape, |value| 0.5 + 0.1 * value),
        _ => derived(key, shape, |value| 0.5 + 0.2 * value),
    }
}

/// Values that depend on `key` and position only: SplitMix64 started from the FNV-1a hash of the key, in [-1, 1).
pub(crate) fn derived(key: &str, shape: Vec<usize>, spread: impl Fn(f64) -> f64) -> TensorData {
    let hash = key.bytes().fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let values = (0..shape.iter().product::<usize>() as u64).map(|position| {
        let mut bits = (position + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(hash);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        spread(2.0 * (bits >> 40) as f64 / f64::from(1 << 24) - 1.0) as f32
    });
    TensorData::new(values.collect::<Vec<f32>>(), shape)
}
