//! The Fréchet video distance among the scores.

use std::sync::Arc;

use burn::tensor::{Device, TensorData};
use foreframe_climatology::Climatology;
use foreframe_core::ClipShape;
use foreframe_data::{ClipSource, DataError, Normalization};
use foreframe_fvd::{Fvd, KINETICS, Moments};
use foreframe_golden::formula::weights;
use foreframe_metrics::{Comparison, ScoreOptions};
use foreframe_train::progress::Silent;
use foreframe_train::{Evaluation, Model, TrainError, evaluate, fit};

/// As few frames as the distance needs.
const CLIP: ClipShape = ClipShape {
    past: 5,
    future: 4,
    channels: 1,
    height: 6,
    width: 8,
};

/// Stripes that travel, in every clip at another speed.
#[derive(Clone)]
struct Stripes {
    shape: ClipShape,
    clips: usize,
    /// Clips of which a value is missing.
    holed: Vec<usize>,
    /// Whether the future is the last observed frame.
    still: bool,
}

impl Stripes {
    fn new(clips: usize) -> Self {
        Self {
            shape: CLIP,
            clips,
            holed: Vec::new(),
            still: false,
        }
    }

    fn clip(&self, index: usize) -> Vec<f32> {
        let mut frames = vec![0.0; self.shape.clip_len()];
        self.read(0, index, &mut frames).unwrap();
        frames
    }
}

impl ClipSource for Stripes {
    fn shape(&self) -> ClipShape {
        self.shape
    }
    fn len(&self) -> usize {
        self.clips
    }
    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        for (number, frame) in frames.chunks_exact_mut(self.shape.frame_len()).enumerate() {
            let time = if self.still {
                number.min(self.shape.past - 1)
            } else {
                number
            };
            for (pixel, value) in frame.iter_mut().enumerate() {
                *value = 0.25 * ((pixel % 8) as f32 + 0.7 * time as f32 * (1 + index) as f32).sin();
            }
        }
        if self.holed.contains(&index) {
            frames[0] = f32::NAN;
        }
        Ok(())
    }
}

/// Physical values are `2 v + 0.5`.
fn normalization() -> Normalization {
    Normalization {
        mean: vec![0.5],
        std: vec![2.0],
    }
}

fn fvd() -> Fvd {
    let widths = KINETICS.divided(8);
    let tensors = widths.weights().into_iter().map(|(name, shape)| {
        let data = TensorData::new(weights(&name, &shape), shape);
        (name, data)
    });
    Fvd::new(&tensors.collect(), widths, &Device::flex()).unwrap()
}

/// Climatology, and persistence.
fn evaluated(source: &Stripes, fvd: &Fvd) -> Result<Comparison, TrainError> {
    let source: Arc<dyn ClipSource> = Arc::new(source.clone());
    let mut usual = (Model::fitted::<Climatology>().build)(&Default::default(), &source.shape(), &Device::flex())?;
    fit(&mut *usual, &source, 2, &mut Silent)?;
    let scores = ScoreOptions::default();
    let evaluation = Evaluation {
        data: "stripes",
        split: "test",
        batch: 2,
        clips: 0,
        horizon: None,
        normalization: &normalization(),
        scores: &scores,
        against: &[],
        lpips: None,
        fvd: Some(fvd),
    };
    evaluate(&*usual, source, &evaluation, &mut Silent)
}

#[test]
fn the_distance_is_that_of_what_was_observed_and_forecast() {
    let (fvd, source) = (
        fvd(),
        Stripes {
            holed: vec![1],
            ..Stripes::new(5)
        },
    );
    let table = evaluated(&source, &fvd).unwrap();
    let (mut truth, mut persistence) = (Moments::new(50), Moments::new(50));
    let frame = CLIP.frame_len();
    for index in [0, 2, 3, 4] {
        let mut clip: Vec<f32> = source.clip(index).iter().map(|value| 2.0 * value + 0.5).collect();
        let add = |set: &mut Moments, clip: &[f32]| set.add(&fvd.of_clip(clip, [9, 1, 6, 8], 1.0)[0]);
        add(&mut truth, &clip);
        let newest = clip[4 * frame..5 * frame].repeat(4);
        clip[5 * frame..].copy_from_slice(&newest);
        add(&mut persistence, &clip);
    }
    let expected = persistence.distance(&truth).unwrap();
    let found = table.rows[1].summary.metric("fvd").unwrap();
    assert!(
        expected > 0.0 && (found.total - expected).abs() < 1e-3 * expected,
        "{found:?} {expected}"
    );
    assert!(
        found.per_lead_time.is_empty() && found.definition.contains("of 4 here"),
        "{found:?}"
    );
    // A score of whole clips is among the totals and the skill, and in no table by lead time.
    assert!(table.table().contains("fvd ↓"), "{}", table.table());
    assert_eq!(table.lead_time_table("fvd"), None);
    let own = table.rows[0].summary.metric("fvd").unwrap().total;
    let skill = table.skill[0]
        .scores
        .iter()
        .find(|score| score.metric == "fvd")
        .unwrap();
    assert!((skill.total - (1.0 - own / found.total)).abs() < 1e-12);
}

#[test]
fn a_perfect_forecast_has_no_distance() {
    let still = Stripes {
        still: true,
        ..Stripes::new(3)
    };
    let table = evaluated(&still, &fvd()).unwrap();
    let total = |row: usize| table.rows[row].summary.metric("fvd").unwrap().total;
    assert!(total(1) < 1e-6 * total(0), "{} {}", total(1), total(0));
}

#[test]
fn without_enough_clips_or_frames_there_is_no_distance() {
    let fvd = fvd();
    let short = ClipShape { future: 3, ..CLIP };
    let error = evaluated(
        &Stripes {
            shape: short,
            ..Stripes::new(3)
        },
        &fvd,
    )
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("`fvd` needs clips of 9 frames, these have 5 observed and 3 to forecast: use longer clips"),
        "{error}"
    );
    let error = evaluated(&Stripes::new(1), &fvd).unwrap_err().to_string();
    assert!(
        error.contains("there is 1: evaluate 2 or more: raise eval.clips"),
        "{error}"
    );
    // That clips are missing shows only when all have been read, so the other scores stay.
    let table = evaluated(
        &Stripes {
            holed: vec![0, 2],
            ..Stripes::new(3)
        },
        &fvd,
    )
    .unwrap();
    assert!(
        table
            .rows
            .iter()
            .all(|row| row.summary.metric("fvd").is_none() && row.summary.metric("mse").is_some())
    );
    assert_eq!(table.notes().len(), 3, "{:?}", table.notes());
    assert!(
        table
            .table()
            .contains("fvd is absent: FVD compares the spread of clips, and there is 1")
    );
}
