//! Tables of a network beside persistence.

use std::sync::Arc;

use burn::tensor::{Device, TensorData};
use foreframe_core::ClipShape;
use foreframe_data::{ClipSource, DataError, Normalization};
use foreframe_metrics::{Comparison, ScoreOptions};
use foreframe_train::progress::Silent;
use foreframe_train::{Evaluation, Network, TrainError, evaluate};

use crate::toy::{CLIP, TOY, Waves, alone, splits};

fn network() -> Box<dyn Network> {
    TOY.build_seeded(&Default::default(), &CLIP, &Device::flex(), 1)
        .unwrap()
}

fn judged(
    network: &dyn Network,
    source: Arc<dyn ClipSource>,
    change: impl Fn(&mut Evaluation<'_>),
) -> Result<Comparison, TrainError> {
    let (normalization, scores) = (
        Normalization {
            mean: vec![0.5],
            std: vec![2.0],
        },
        ScoreOptions::default(),
    );
    let mut evaluation = Evaluation {
        data: "waves",
        split: "test",
        batch: 3,
        clips: 0,
        horizon: None,
        normalization: &normalization,
        scores: &scores,
    };
    change(&mut evaluation);
    evaluate(network, source, &evaluation, &mut Silent)
}

fn mse(comparison: &Comparison, row: usize) -> Vec<f64> {
    comparison.rows[row]
        .summary
        .metric("mse")
        .unwrap()
        .per_lead_time
        .clone()
}

#[test]
fn persistence_and_the_network_see_the_same_clips() {
    let _alone = alone();
    let network = network();
    let table = judged(&*network, splits(1).test, |_| {}).unwrap();
    assert_eq!((table.data.as_str(), table.split.as_str()), ("waves", "test"));
    let models: Vec<&str> = table.rows.iter().map(|row| row.model.as_str()).collect();
    assert_eq!(models, ["toy", "persistence"]);
    let test = Waves { clips: 7, first: 2000 };
    let (mut expected, mut own) = (vec![0.0; 2], vec![0.0; 2]);
    for index in 0..7 {
        let mut frames = vec![0.0; CLIP.clip_len()];
        test.read(0, index, &mut frames).unwrap();
        let past = TensorData::new(frames[..12].to_vec(), [1, 3, 1, 2, 2]);
        let forecast = network
            .forecast(burn::tensor::Tensor::from_data(past, &Device::flex()), 2)
            .into_data();
        let forecast: Vec<f32> = forecast.iter().collect();
        for lead in 0..2 {
            for pixel in 0..4 {
                let truth = frames[12 + lead * 4 + pixel];
                // Errors are in physical units: twice the normalised ones.
                expected[lead] += (2.0 * f64::from(frames[8 + pixel] - truth)).powi(2) / 28.0;
                own[lead] += (2.0 * f64::from(forecast[lead * 4 + pixel] - truth)).powi(2) / 28.0;
            }
        }
    }
    for (row, expected) in [(0, own), (1, expected)] {
        for (found, expected) in mse(&table, row).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5 * expected, "{found} {expected}");
        }
    }
}

#[test]
fn clips_and_horizon_can_be_fewer_but_not_more() {
    let _alone = alone();
    let network = network();
    let table = judged(&*network, splits(1).test, |evaluation| {
        (evaluation.clips, evaluation.horizon) = (5, Some(1));
    });
    let table = table.unwrap();
    assert_eq!((table.rows[0].summary.clips, mse(&table, 0).len()), (5, 1));
    let error = judged(&*network, splits(1).test, |evaluation| evaluation.horizon = Some(3))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`horizon` is 3, but the clips have 2 future frames"),
        "{error}"
    );
}

struct Tall;

impl ClipSource for Tall {
    fn shape(&self) -> ClipShape {
        ClipShape { height: 3, ..CLIP }
    }
    fn len(&self) -> usize {
        1
    }
    fn read(&self, _: u64, _: usize, frames: &mut [f32]) -> Result<(), DataError> {
        frames.fill(0.0);
        Ok(())
    }
}

#[test]
fn clips_of_another_size_and_broken_forecasts_are_refused() {
    let _alone = alone();
    let mut network = network();
    let error = judged(&*network, Arc::new(Tall), |_| {}).unwrap_err().to_string();
    assert!(
        error.contains("`data (height)` is 3, but the network was built for 2"),
        "{error}"
    );
    let tensors = network.tensors().into_iter().map(|tensor| {
        let shape = tensor.data.shape().clone();
        (
            tensor.name,
            TensorData::new(vec![f32::NAN; shape.num_elements()], shape),
        )
    });
    let tensors = tensors.collect();
    network.load(tensors).unwrap();
    let error = judged(&*network, splits(1).test, |_| {}).unwrap_err().to_string();
    assert!(error.contains("forecast holds NaN"), "{error}");
}
