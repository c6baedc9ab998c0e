//! Against what PyTorch's own operations and SciPy give: `tests/fvd/golden.py`.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_fvd::{Fvd, FvdError, KINETICS, LEAST_FRAMES, Moments, Widths};
use foreframe_golden::formula::{uniform, weights};
use serde_json::Value;

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/fvd/expected.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn tensors(widths: Widths) -> BTreeMap<String, TensorData> {
    let data = |(name, shape): (String, Vec<usize>)| {
        let data = TensorData::new(weights(&name, &shape), shape);
        (name, data)
    };
    widths.weights().into_iter().map(data).collect()
}

fn narrow() -> Fvd {
    let widths = KINETICS.divided(8);
    Fvd::new(&tensors(widths), widths, &Device::flex()).unwrap()
}

/// The clip of that many frames that the script makes, `-1..1`.
fn clip(shape: [usize; 4]) -> Vec<f32> {
    let values = uniform(&format!("clip {}", shape[0]), shape.iter().product());
    values.map(|value| 2.0 * value - 1.0).collect()
}

fn features(fvd: &Fvd, clips: Vec<f32>, shape: [usize; 5]) -> Vec<f32> {
    let clips = Tensor::from_data(TensorData::new(clips, shape), &Device::flex());
    fvd.features(clips).into_data().iter().collect()
}

#[test]
fn the_features_of_the_whole_network_are_pytorchs() {
    let tensors = tensors(KINETICS);
    let values: usize = tensors.values().map(TensorData::num_elements).sum();
    // The parameters of `InceptionI3d(400)`, with mean and variance of its 7280 normalized channels.
    assert_eq!((tensors.len(), values), (287, 12_697_264 + 2 * 7_280));
    let fvd = Fvd::new(&tensors, KINETICS, &Device::flex()).unwrap();
    assert_eq!(fvd.feature_count(), 400);
    for case in golden()["features"].as_array().unwrap() {
        let shape: [usize; 4] = serde_json::from_value(case["clip"].clone()).unwrap();
        let [frames, channels, height, width] = shape;
        let found = features(&fvd, clip(shape), [1, frames, channels, height, width]);
        let expected: Vec<f64> = serde_json::from_value(case["features"].clone()).unwrap();
        assert_eq!(found.len(), expected.len());
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let difference = (f64::from(*found) - expected).abs();
            assert!(difference < 2e-4, "{frames} frames, {number}: {found} {expected}");
        }
    }
}

#[test]
fn clips_do_not_see_each_other() {
    let (fvd, shape) = (narrow(), [LEAST_FRAMES, 3, 40, 32]);
    let (one, other) = (clip(shape), vec![0.5; clip(shape).len()]);
    let apart = [&one, &other].map(|clip| features(&fvd, clip.clone(), [1, 9, 3, 40, 32]));
    let together = features(&fvd, [one, other].concat(), [2, 9, 3, 40, 32]);
    for (apart, together) in apart.concat().iter().zip(&together) {
        assert!((apart - together).abs() < 1e-4, "{apart} {together}");
    }
}

#[test]
fn clips_come_in_the_units_of_data() {
    let (fvd, shape) = (narrow(), [10, 3, 40, 32]);
    let scaled = clip(shape);
    let expected = features(&fvd, scaled.clone(), [1, 10, 3, 40, 32]);
    // From 0 to 5, with values beyond that are clipped.
    let physical: Vec<f32> = scaled.iter().map(|value| 2.5 * (value + 1.0)).collect();
    let close = |found: &[f32], expected: &[f32]| {
        assert_eq!(found.len(), expected.len());
        let mut pairs = found.iter().zip(expected);
        assert!(pairs.all(|(found, expected)| (found - expected).abs() < 1e-4));
    };
    close(&fvd.of_clip(&physical, shape, 5.0)[0], &expected);
    let doubled: Vec<f32> = scaled.iter().map(|value| 10.0 * value).collect();
    let clipped: Vec<f32> = doubled.iter().map(|value| value.clamp(0.0, 5.0)).collect();
    assert_eq!(fvd.of_clip(&doubled, shape, 5.0), fvd.of_clip(&clipped, shape, 5.0));
    // Channels that are no colors are gray clips, and those are colors of three equal channels.
    let plane = 40 * 32;
    let frames = scaled.chunks_exact(3 * plane);
    let two: Vec<f32> = frames.clone().flat_map(|frame| frame[..2 * plane].to_vec()).collect();
    let second: Vec<f32> = frames.flat_map(|frame| frame[plane..2 * plane].repeat(3)).collect();
    let found = fvd.of_clip(&two, [10, 2, 40, 32], 1.0);
    assert_eq!(found.len(), 2);
    close(&found[1], &fvd.of_clip(&second, shape, 1.0)[0]);
    assert!(found[0] != found[1]);
}

#[test]
fn other_weights_are_refused_by_name() {
    let (widths, device) = (KINETICS.divided(8), Device::flex());
    let refused = |tensors: &BTreeMap<String, TensorData>, widths| Fvd::new(tensors, widths, &device).unwrap_err();
    let mut tensors = tensors(widths);
    let error = refused(&tensors, KINETICS);
    let FvdError::Shape { name, found, expected } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (name.as_str(), &found[..], &expected[..]),
        (
            "Conv3d_1a_7x7.conv3d.weight",
            &[8, 3, 7, 7, 7][..],
            &[64, 3, 7, 7, 7][..]
        )
    );
    let message = refused(&BTreeMap::new(), KINETICS).to_string();
    assert!(
        message.contains("Conv3d_1a_7x7.conv3d.weight, Conv3d_1a_7x7.bn.weight, Conv3d_1a_7x7.bn.bias and 284 more:"),
        "{message}"
    );
    // A variance of -2 has no root.
    let variance = "Mixed_4d.b2b.bn.running_var".to_owned();
    let whole = tensors
        .insert(variance.clone(), TensorData::new(vec![-2.0_f32; 8], [8]))
        .unwrap();
    assert_eq!(refused(&tensors, widths), FvdError::NotFinite("Mixed_4d.b2b".into()));
    tensors.insert(variance, whole);
    assert!(Fvd::new(&tensors, widths, &device).is_ok());
    tensors.remove("Mixed_5c.b3b.bn.running_mean");
    let message = refused(&tensors, widths).to_string();
    assert!(
        message.contains("lacks the weights Mixed_5c.b3b.bn.running_mean:"),
        "{message}"
    );
}

/// A set that the script makes.
fn samples(name: &str, count: usize, length: usize, shift: f64) -> Vec<Vec<f32>> {
    let centered =
        |name: &str, count: usize| -> Vec<f64> { uniform(name, count).map(|value| f64::from(value) - 0.5).collect() };
    let (values, mixing) = (
        centered(name, count * length),
        centered(&format!("{name} mixing"), length * length),
    );
    let mixed = |row: &[f64], column: usize| -> f64 {
        (row.iter().enumerate())
            .map(|(place, value)| value * mixing[place * length + column])
            .sum()
    };
    let rows = values.chunks_exact(length);
    rows.map(|row| (0..length).map(|column| (mixed(row, column) + shift) as f32).collect())
        .collect()
}

fn moments(samples: &[Vec<f32>]) -> Moments {
    let mut moments = Moments::new(samples[0].len());
    samples.iter().for_each(|features| moments.add(features));
    moments
}

#[test]
fn the_distance_is_scipys() {
    for case in golden()["distances"].as_array().unwrap() {
        let size = |name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
        let (length, shift) = (size("length"), case["shift"].as_f64().unwrap());
        let left = samples("left", size("left"), length, 0.0);
        let right = samples("right", size("right"), length, shift);
        let expected = case["distance"].as_f64().unwrap();
        for (one, other) in [(&left, &right), (&right, &left)] {
            let found = moments(one).distance(&moments(other)).unwrap();
            assert!((found - expected).abs() < 1e-6 * expected, "{case}: {found}");
        }
    }
}

#[test]
fn a_set_is_close_to_itself_and_as_far_as_its_mean_moves() {
    // Fewer samples than features: the covariance has no inverse.
    let left = samples("left", 20, 50, 0.0);
    let spread: f64 = left
        .iter()
        .flatten()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        / 19.0;
    let own = moments(&left).distance(&moments(&left)).unwrap();
    assert!(own < 1e-6 * spread, "{own} {spread}");
    let moved: Vec<Vec<f32>> = (left.iter())
        .map(|features| features.iter().map(|value| value + 1000.0).collect())
        .collect();
    let found = moments(&moved).distance(&moments(&left)).unwrap();
    assert!((found - 50e6).abs() < 1e-3 * 50e6_f64.sqrt(), "{found}");
    // Without any spread the means alone count.
    let still = moments(&vec![vec![3.0; 50]; 4]);
    let found = still.distance(&moments(&vec![vec![1.0; 50]; 2])).unwrap();
    assert!((found - 200.0).abs() < 1e-9, "{found}");
    assert!(still.distance(&moments(&vec![vec![f32::NAN; 50]; 2])).unwrap().is_nan());
}

#[test]
fn one_clip_has_no_spread() {
    let (one, two) = (moments(&[vec![1.0; 3]]), moments(&[vec![1.0; 3], vec![2.0; 3]]));
    assert_eq!(one.distance(&two), Err(FvdError::TooFew(1)));
    assert_eq!(two.distance(&Moments::new(3)), Err(FvdError::TooFew(0)));
    let message = two.distance(&one).unwrap_err().to_string();
    assert!(message.contains("evaluate 2 or more"), "{message}");
    assert!(two.distance(&two).unwrap() < 1e-9);
}
