//! Against what PyTorch's own operations give with the same weights: `tests/lpips/golden.py`.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_lpips::{ALEXNET, Lpips, LpipsError};
use safetensors::SafeTensors;

const NARROW: [usize; 5] = [4, 6, 8, 6, 6];

fn golden() -> BTreeMap<String, TensorData> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/lpips/narrow.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let data = |view: safetensors::tensor::TensorView<'_>| {
        let values = view.data().chunks_exact(4);
        let values: Vec<f32> = values
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        TensorData::new(values, view.shape().to_vec())
    };
    file.iter().map(|(name, view)| (name.to_owned(), data(view))).collect()
}

fn values(data: &TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}

#[test]
fn the_distance_is_pytorchs() {
    let (tensors, device) = (golden(), Device::flex());
    let lpips = Lpips::new(&tensors, NARROW, &device).unwrap();
    let image = |name: &str| Tensor::<4>::from_data(tensors[name].clone(), &device);
    let found = values(&lpips.distance(image("left"), image("right")).into_data());
    for (found, expected) in found.iter().zip(values(&tensors["distance"])) {
        assert!((found - expected).abs() < 1e-5 * expected, "{found} {expected}");
    }
    assert_eq!(
        values(&lpips.distance(image("left"), image("left")).into_data()),
        [0.0; 2]
    );
    // The same images in the units of data, 0 to 5, the second with a missing value.
    let physical = |name: &str| {
        values(&tensors[name])
            .iter()
            .map(|value| 2.5 * (value + 1.0))
            .collect::<Vec<f32>>()
    };
    let mut truth = physical("right");
    let whole = lpips.frames(&physical("left"), &truth, [2, 3, 40, 48], 5.0);
    for (found, expected) in whole.iter().zip(&found) {
        assert!((found.unwrap() - f64::from(*expected)).abs() < 1e-4 * f64::from(*expected));
    }
    let last = truth.len() - 1;
    truth[last] = f32::NAN;
    let holed = lpips.frames(&physical("left"), &truth, [2, 3, 40, 48], 5.0);
    assert_eq!((holed[0], holed[1]), (whole[0], None));
}

#[test]
fn channels_that_are_no_colors_are_gray_images() {
    let (tensors, device) = (golden(), Device::flex());
    let lpips = Lpips::new(&tensors, NARROW, &device).unwrap();
    let plane = 40 * 48;
    let (left, right) = (values(&tensors["left"]), values(&tensors["right"]));
    let two = lpips.frames(&left[..2 * plane], &right[..2 * plane], [1, 2, 40, 48], 1.0)[0].unwrap();
    let one = |at: usize| {
        let part = at * plane..(at + 1) * plane;
        lpips.frames(&left[part.clone()], &right[part.clone()], [1, 1, 40, 48], 1.0)[0].unwrap()
    };
    assert!(two > 0.0 && (two - (one(0) + one(1)) / 2.0).abs() < 1e-6 * two, "{two}");
    // A gray image is one of three equal colors.
    let thrice = |values: &[f32]| [&values[..plane]; 3].concat();
    let colors = lpips.frames(&thrice(&left), &thrice(&right), [1, 3, 40, 48], 1.0)[0].unwrap();
    assert!((colors - one(0)).abs() < 1e-6 * colors);
}

#[test]
fn other_weights_are_refused_by_name() {
    let device = Device::flex();
    let mut tensors = golden();
    let error = Lpips::new(&tensors, ALEXNET, &device).unwrap_err();
    let LpipsError::Shape { name, found, expected } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        (name.as_str(), &found[..], &expected[..]),
        ("features.0.weight", &[4, 3, 11, 11][..], &[64, 3, 11, 11][..])
    );
    // The package's names of the same tensors.
    let renamed = tensors.remove("features.8.bias").unwrap();
    let message = Lpips::new(&tensors, NARROW, &device).unwrap_err().to_string();
    assert!(message.contains("lacks the weights features.8.bias:"), "{message}");
    tensors.insert("net.slice4.8.bias".into(), renamed);
    assert!(Lpips::new(&tensors, NARROW, &device).is_ok());
    let message = Lpips::new(&BTreeMap::new(), ALEXNET, &device).unwrap_err().to_string();
    assert!(
        message.contains("features.0.weight, features.0.bias, lin0.model.1.weight,"),
        "{message}"
    );
}
