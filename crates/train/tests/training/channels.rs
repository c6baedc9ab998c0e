//! Channels that are read and not learned.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_climatology::Climatology;
use foreframe_core::{Ahead, ClipShape, Known};
use foreframe_data::{Channels, ClipSource, DataConfig, DataError, Normalization, Splits};
use foreframe_metrics::ScoreOptions;
use foreframe_train::progress::Silent;
use foreframe_train::run::read_run_info;
use foreframe_train::weights::open_weights;
use foreframe_train::{Evaluation, Model, evaluate, fit};

use crate::toy::{TOY, alone, config, run_with};

/// The height of the land at the four pixels of a frame.
const LAND: [f32; 4] = [-1.5, -0.5, 0.5, 1.5];

/// Noise that is followed by the height of the land, which the clips show beside it or not.
struct Rain {
    first: usize,
    clips: usize,
    channels: Option<Channels>,
}

impl Rain {
    fn splits(shows_land: bool) -> Splits {
        let channels = shows_land.then(|| Channels {
            names: vec!["rain".to_owned(), "land".to_owned()],
            targets: 1,
            observed: 1,
            of_frame: 1,
            chosen: vec![0],
            seconds: None,
            fixed: Arc::from(LAND),
            data: DataConfig::default(),
        });
        let part = |first, clips| {
            let channels = channels.clone();
            Arc::new(Self { first, clips, channels }) as Arc<dyn ClipSource>
        };
        let train = part(0, 40);
        Splits {
            input: None,
            clip: train.shape(),
            train,
            validation: part(1000, 10),
            test: part(2000, 7),
            normalization: Normalization::identity(),
            fingerprint: "content:rain".into(),
            description: "rain on land".into(),
        }
    }
}

impl ClipSource for Rain {
    fn shape(&self) -> ClipShape {
        ClipShape::new([3, 2, if self.channels.is_some() { 2 } else { 1 }, 2, 2])
    }

    fn len(&self) -> usize {
        self.clips
    }

    fn channels(&self) -> Option<&Channels> {
        self.channels.as_ref()
    }

    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        let shape = self.shape();
        for (time, frame) in frames.chunks_mut(shape.frame_len()).enumerate() {
            for (place, value) in frame.iter_mut().enumerate() {
                let (channel, pixel) = (place / 4, place % 4);
                let phase = (self.first + index) as f32 * 1.7 + pixel as f32 * 2.3 + time as f32 * 0.9;
                *value = if channel == 1 || time >= shape.past {
                    LAND[pixel]
                } else {
                    phase.sin()
                };
            }
        }
        Ok(())
    }
}

#[test]
fn a_static_field_that_explains_the_future_is_learned_from() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&["network.norm=false", "network.dropout=0.0", "train.steps=200"]);
    let [blind, seeing] = [false, true].map(|shows_land| {
        let folder = folder.path().join(shows_land.to_string());
        let splits = Rain::splits(shows_land);
        // The weights and their average are read again with the static field among them.
        run_with(&config, &splits, &folder, false, Some(50), &mut ()).unwrap();
        let outcome = run_with(&config, &splits, &folder, true, None, &mut ()).unwrap();
        outcome.best.unwrap().validation_loss
    });
    assert!(
        blind > 0.8 && seeing < 0.1 * blind,
        "with the land {seeing}, without {blind}"
    );

    let splits = Rain::splits(true);
    let (network, header) = open_weights(&folder.path().join("true"), &[TOY], &Device::flex()).unwrap();
    assert_eq!(header.channels.as_ref(), splits.channels());
    assert_eq!(header.channels.unwrap().fixed[..], LAND);
    let recorded = read_run_info(&folder.path().join("true")).unwrap().channels;
    let recorded: Vec<(&str, bool)> = recorded
        .iter()
        .map(|channel| (channel.name.as_str(), channel.is_target))
        .collect();
    assert_eq!(recorded, [("rain", true), ("land", false)]);
    let (scores, normalization) = (ScoreOptions::default(), Normalization::identity());
    let evaluation = Evaluation {
        data: "rain",
        split: "validation",
        batch: 3,
        clips: 0,
        horizon: None,
        normalization: &normalization,
        scores: &scores,
        against: &[],
        lpips: None,
        fvd: None,
    };
    let table = evaluate(&*network, splits.validation.clone(), &evaluation, &mut Silent).unwrap();
    let mse = |row: usize| table.rows[row].summary.metric("mse").unwrap().total;
    // With the land among what is scored, the errors would be halved.
    assert!((mse(0) - seeing).abs() < 1e-5 * (1.0 + seeing), "{} {seeing}", mse(0));
    let mut persistence = 0.0;
    for index in 0..10 {
        let mut clip = [0.0; 5 * 8];
        splits.validation.read(0, index, &mut clip).unwrap();
        for (newest, land) in clip[16..20].iter().zip(LAND) {
            persistence += f64::from(newest - land).powi(2) / 40.0;
        }
    }
    assert!(
        (mse(1) - persistence).abs() < 1e-5 * persistence,
        "{} {persistence}",
        mse(1)
    );
}

#[test]
fn what_is_usual_is_learned_of_the_channels_to_forecast_alone() {
    let splits = Rain::splits(true);
    let mut sum = 0.0;
    for index in 0..40 {
        let mut clip = [0.0; 5 * 8];
        splits.train.read(0, index, &mut clip).unwrap();
        let first = clip.chunks_exact(8).map(|frame| f64::from(frame[0]));
        sum += first.sum::<f64>() / 200.0;
    }
    let (clip, normalization) = splits.forecast();
    let mut usual = (Model::fitted::<Climatology>().build)(&Default::default(), &clip, &Device::flex()).unwrap();
    fit(&mut *usual, &splits.train, 7, &mut Silent).unwrap();
    let forecast = usual.forecast(Tensor::zeros([1, 3, 1, 2, 2], &Device::flex()), 2);
    let values: Vec<f64> = forecast.into_data().iter().collect();
    assert!((values[0] - sum).abs() < 1e-5, "{values:?} {sum}");
    let scores = ScoreOptions::default();
    let against = [usual.duplicate()];
    let evaluation = Evaluation {
        data: "rain",
        split: "test",
        batch: 3,
        clips: 0,
        horizon: None,
        normalization: &normalization,
        scores: &scores,
        against: &against,
        lpips: None,
        fvd: None,
    };
    let table = evaluate(&*usual, splits.test.clone(), &evaluation, &mut Silent).unwrap();
    // The future is the land at every pixel.
    let expected: f64 = values[..4]
        .iter()
        .zip(LAND)
        .map(|(usual, land)| (usual - f64::from(land)).powi(2) / 4.0)
        .sum();
    for row in &table.rows[..2] {
        let mse = row.summary.metric("mse").unwrap().total;
        assert!((mse - expected).abs() < 1e-5 * expected, "{mse} {expected}");
    }
}

#[test]
fn what_is_known_takes_the_place_of_what_was_forecast() {
    let clip = ClipShape::new([3, 2, 2, 2, 2]);
    let _alone = alone();
    let network = TOY
        .build_seeded(&Default::default(), &clip, &Device::flex(), 1)
        .unwrap();
    let frames = |time: usize, channels: usize, value: f32| -> Tensor<5> {
        let values = vec![value; 4 * time * channels];
        Tensor::from_data(TensorData::new(values, [1, time, channels, 2, 2]), &Device::flex())
    };
    let answer = |value: f32| {
        let known = Known::new(frames(6, 1, value));
        let forecast = network.forecast_ahead(frames(3, 2, 0.3), &Ahead::frames(6).knowing(known));
        assert_eq!(forecast.dims(), [1, 6, 1, 2, 2]);
        let values: Vec<f32> = forecast.into_data().iter().collect();
        values
    };
    // The first two frames follow from the past alone; what comes behind them is read with what is known.
    let (one, other) = (answer(0.0), answer(5.0));
    assert_eq!(one[..8], other[..8]);
    assert_ne!(one[8..], other[8..]);
}
