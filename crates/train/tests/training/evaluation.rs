//! Tables of a network beside persistence and other references.

use std::sync::Arc;

use burn::tensor::{Device, TensorData};
use foreframe_climatology::Climatology;
use foreframe_core::ClipShape;
use foreframe_data::{ClipSource, DataError, Normalization};
use foreframe_metrics::{Comparison, ScoreOptions};
use foreframe_persistence::Persistence;
use foreframe_train::progress::Silent;
use foreframe_train::{Evaluation, Model, Network, TrainError, check_scores, evaluate, fit};

use crate::toy::{CLIP, TOY, Waves, alone, splits};

fn network() -> Box<dyn Network> {
    TOY.build_seeded(&Default::default(), &CLIP, &Device::flex(), 1)
        .unwrap()
}

fn evaluated(
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
        against: &[],
        lpips: None,
        fvd: None,
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
    let table = evaluated(&*network, splits(1).test, |_| {}).unwrap();
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
                // Errors are in physical units: twice the normalized ones.
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
    let table = evaluated(&*network, splits(1).test, |evaluation| {
        (evaluation.clips, evaluation.horizon) = (5, Some(1));
    });
    let table = table.unwrap();
    assert_eq!((table.rows[0].summary.clips, mse(&table, 0).len()), (5, 1));
    let error = evaluated(&*network, splits(1).test, |evaluation| evaluation.horizon = Some(3))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`horizon` is 3, but the clips have 2 future frames"),
        "{error}"
    );
}

#[test]
fn references_are_rows_and_the_climatology_is_the_mean_of_the_training_part() {
    let _alone = alone();
    let network = network();
    let training = splits(1).train;
    let model = Model::fitted::<Climatology>();
    let mut usual = (model.build)(&Default::default(), &CLIP, &Device::flex()).unwrap();
    fit(&mut *usual, &training, 2, &mut Silent).unwrap();
    let past = burn::tensor::Tensor::zeros([1, 3, 1, 2, 2], &Device::flex());
    let normal: Vec<f32> = usual.forecast(past, 1).into_data().iter().collect();
    let mut expected = [0.0; 4];
    let frames = CLIP.frames() * training.len();
    for index in 0..training.len() {
        let mut clip = vec![0.0; CLIP.clip_len()];
        training.read(0, index, &mut clip).unwrap();
        (clip.iter().enumerate()).for_each(|(place, value)| expected[place % 4] += f64::from(*value) / frames as f64);
    }
    for (found, expected) in normal.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-6);
    }
    let others = [network.duplicate(), usual];
    // The lifetimes of the helper above do not fit what is made here.
    let (normalization, scores) = (
        Normalization {
            mean: vec![0.5],
            std: vec![2.0],
        },
        ScoreOptions::default(),
    );
    let evaluation = Evaluation {
        data: "waves",
        split: "test",
        batch: 3,
        clips: 0,
        horizon: None,
        normalization: &normalization,
        scores: &scores,
        against: &others,
        lpips: None,
        fvd: None,
    };
    let table = evaluate(&*network, splits(1).test, &evaluation, &mut Silent).unwrap();
    let models: Vec<&str> = table.rows.iter().map(|row| row.model.as_str()).collect();
    assert_eq!(models, ["toy", "toy", "climatology", "persistence"]);
    assert_eq!(table.rows[0].summary, table.rows[1].summary);
    assert_eq!(table.rows[2].summary.metric("acc").unwrap().total, 0.0);
    let own = table.rows[0].summary.metric("mse").unwrap().total;
    let other = table.rows[2].summary.metric("mse").unwrap().total;
    let skill = &table.skill[1];
    assert_eq!((table.skill.len(), skill.against.as_str()), (3, "climatology"));
    let found = skill.scores.iter().find(|score| score.metric == "mse").unwrap().total;
    assert!((found - (1.0 - own / other)).abs() < 1e-12);
}

/// Hourly clips: every pixel is the hour of the day, on odd days 1 more, and the first pixel of every clip is missing.
struct Hours {
    days: usize,
    first: usize,
}

impl ClipSource for Hours {
    fn shape(&self) -> ClipShape {
        CLIP
    }
    fn len(&self) -> usize {
        24 * self.days
    }
    fn times(&self, index: usize) -> Option<Vec<i64>> {
        let hour = |frame: usize| 3600 * (24 * self.first + index + frame) as i64;
        Some((0..CLIP.frames()).map(hour).collect())
    }
    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        for (number, frame) in frames.chunks_exact_mut(4).enumerate() {
            let hour = 24 * self.first + index + number;
            frame.fill((hour % 24 + hour / 24 % 2) as f32);
            frame[0] = f32::NAN;
        }
        Ok(())
    }
}

#[test]
fn the_climatology_knows_the_hour_and_what_is_missing_counts_nowhere() {
    let training: Arc<dyn ClipSource> = Arc::new(Hours { days: 4, first: 0 });
    let model = Model::fitted::<Climatology>();
    let mut usual = (model.build)(&Default::default(), &CLIP, &Device::flex()).unwrap();
    fit(&mut *usual, &training, 5, &mut Silent).unwrap();
    // A day of which the hours are half below those of the training part.
    let table = evaluated(&*usual, Arc::new(Hours { days: 1, first: 10 }), |evaluation| {
        evaluation.batch = 7
    })
    .unwrap();
    let summary = &table.rows[0].summary;
    assert_eq!(summary.missing_share, 0.25);
    // In physical units, a half is 1. The last clips reach into the next day, where it is the same but for the sign.
    for name in ["mse", "mae"] {
        assert!((summary.metric(name).unwrap().total - 1.0).abs() < 0.05, "{summary:?}");
    }
    // Persistence is wrong by an hour at least, and what it does not know it takes to be the mean.
    assert!(table.rows[1].summary.metric("mae").unwrap().total > 2.0);
    assert!(
        table.table().contains("25.00 % of the truth is missing"),
        "{}",
        table.table()
    );
}

/// Frames of their number, 10 to 14, but for what the newest observed ones miss.
struct Patchy;

impl ClipSource for Patchy {
    fn shape(&self) -> ClipShape {
        CLIP
    }
    fn len(&self) -> usize {
        2
    }
    fn read(&self, _: u64, _: usize, frames: &mut [f32]) -> Result<(), DataError> {
        for (number, frame) in frames.chunks_exact_mut(4).enumerate() {
            frame.fill(10.0 + number as f32);
        }
        // Frame 2 is the newest: one pixel is missing there alone, one since frame 1, one always.
        for missing in [2 * 4 + 1, 4 + 3, 2 * 4 + 3, 2, 4 + 2, 2 * 4 + 2] {
            frames[missing] = f32::NAN;
        }
        Ok(())
    }
}

#[test]
fn persistence_is_what_was_last_observed() {
    let network = Model::of::<Persistence>();
    let network = (network.build)(&Default::default(), &CLIP, &Device::flex()).unwrap();
    let table = evaluated(&*network, Arc::new(Patchy), |_| {}).unwrap();
    // 12, 11, the mean 0 and 10 for 13 and then 14; a normalized 1 is 2.
    let expected = [
        4.0 * (1.0 + 4.0 + 169.0 + 9.0) / 4.0,
        4.0 * (4.0 + 9.0 + 196.0 + 16.0) / 4.0,
    ];
    assert_eq!(mse(&table, 1), expected);
    // A reference is shown the same.
    assert_eq!(mse(&table, 0), expected);
    // A network with weights is not: it learned to read a normalized 0 there.
    let _alone = alone();
    let seen = evaluated(&*self::network(), Arc::new(Patchy), |_| {}).unwrap();
    let mut frames = vec![0.0; CLIP.clip_len()];
    Patchy.read(0, 0, &mut frames).unwrap();
    let past = frames[..12]
        .iter()
        .map(|value| if value.is_nan() { 0.0 } else { *value });
    let past = TensorData::new(past.collect::<Vec<f32>>(), [1, 3, 1, 2, 2]);
    let forecast = self::network().forecast(burn::tensor::Tensor::from_data(past, &Device::flex()), 2);
    let forecast: Vec<f64> = forecast.into_data().iter::<f32>().map(f64::from).collect();
    for lead in 0..2 {
        let errors = (0..4).map(|pixel| (2.0 * (forecast[4 * lead + pixel] - 13.0 - lead as f64)).powi(2));
        let expected = errors.sum::<f64>() / 4.0;
        assert!((mse(&seen, 0)[lead] - expected).abs() < 1e-5 * expected);
    }
}

#[test]
fn impossible_scores_are_refused_by_their_key() {
    let scores = ScoreOptions {
        thresholds: vec![1.0],
        fss_scales: vec![5],
        ..ScoreOptions::default()
    };
    let normalization = Normalization {
        mean: vec![0.0],
        std: vec![1.0],
    };
    let error = check_scores(&CLIP, &normalization, &scores).unwrap_err().to_string();
    assert!(
        error.contains("`eval.scores.fss_scales` holds 5, but frames are 2x2: use at most 3"),
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
    let error = evaluated(&*network, Arc::new(Tall), |_| {}).unwrap_err().to_string();
    assert!(
        error.contains("`data (height)` is 3, but the network was built for 2"),
        "{error}"
    );
    // Weights themselves may not be infinite, but what they make of a frame may.
    let tensors = network.tensors().into_iter().map(|tensor| {
        let shape = tensor.data.shape().clone();
        let data = match tensor.name.starts_with("norm.") {
            true => tensor.data,
            false => TensorData::new(vec![f32::MAX; shape.num_elements()], shape),
        };
        (tensor.name, data)
    });
    let tensors = tensors.collect();
    network.load(tensors).unwrap();
    let error = evaluated(&*network, splits(1).test, |_| {}).unwrap_err().to_string();
    assert!(error.contains("forecast holds NaN"), "{error}");
}
