//! Tests of the network beyond the registry sweep.

use burn::tensor::{Device, Tensor};
use foreframe___name__::{__Name__, __Name__Config};
use foreframe_core::{Architecture, ClipShape, Forecast, count_parameters};

const CLIP: ClipShape = ClipShape::new([3, 2, 1, 8, 8]);

#[test]
fn has_the_parameters_of_two_convolutions() {
    let network = __Name__::new(&__Name__Config { width: 4 }, &CLIP, &Device::flex()).unwrap();
    assert_eq!(count_parameters(&network), (3 * 4 * 9 + 4) + (4 * 2 * 9 + 2));
}

#[test]
fn a_change_of_brightness_passes_through() {
    // A residual network without weights repeats the newest frame.
    let network = __Name__::new(&__Name__Config::default(), &CLIP, &Device::flex()).unwrap();
    let parts = foreframe_core::named_tensors(&network);
    let zeros = parts
        .into_iter()
        .map(|tensor| {
            let zero = Tensor::<1>::zeros([tensor.data.num_elements()], &Device::flex()).into_data();
            let values = zero.try_to_vec::<f32>().unwrap();
            (tensor.name, burn::tensor::TensorData::new(values, tensor.data.shape().to_vec()))
        })
        .collect();
    let network = foreframe_core::assign(network, zeros).unwrap();
    let past = Tensor::full([1, 3, 1, 8, 8], 0.25, &Device::flex());
    let answer = network.forecast(past, 5).into_data().try_to_vec::<f32>().unwrap();
    assert!(answer.iter().all(|value| *value == 0.25));
}

#[test]
fn an_impossible_size_names_its_field() {
    let error = __Name__::new(&__Name__Config { width: 0 }, &CLIP, &Device::flex()).unwrap_err();
    assert_eq!(error.field, "network.width");
}
