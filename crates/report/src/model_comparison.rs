//! Several networks, each trained with several seeds, beside each other.

use std::path::{Path, PathBuf};

use foreframe_metrics::{Comparison, Metric};
use serde::Serialize;
use serde_json::Value;

use crate::ReportError;
use crate::run::Run;
use crate::together::{Curve, validation_svg, validations};

/// One network of a comparison.
#[derive(Clone, Debug)]
pub struct ComparedModel {
    /// Its name.
    pub name: String,
    /// The folders of its runs, one for each seed.
    pub runs: Vec<PathBuf>,
}

/// A number of every run of a network.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Spread {
    /// Each run's, in the order of the seeds.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Half the difference between the largest and the smallest.
    pub half_range: f64,
}

impl Spread {
    fn of(values: Vec<f64>) -> Option<Self> {
        let largest = values.iter().copied().reduce(f64::max)?;
        let smallest = values.iter().copied().reduce(f64::min)?;
        Some(Self {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            half_range: (largest - smallest) / 2.0,
            values,
        })
    }
}

/// A score of the test split.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct ComparedScore {
    /// The metric's name.
    pub metric: String,
    /// Its value in every run.
    #[serde(flatten)]
    pub spread: Spread,
}

/// One line of the table.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct ComparedRow {
    /// Name of the network.
    pub name: String,
    /// Trainable values.
    pub parameters: u64,
    /// Seconds of training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Spread>,
    /// The best validation loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<Spread>,
    /// Scores of the best checkpoint on the test split.
    pub scores: Vec<ComparedScore>,
}

/// Results of the compared runs.
#[derive(Serialize, Debug)]
pub struct ModelComparison {
    /// The dataset.
    pub data: String,
    /// Clips of the test split.
    pub clips: usize,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Optimizer steps of every run.
    pub steps: u64,
    /// The networks in the order they were given; persistence last.
    pub rows: Vec<ComparedRow>,
    /// The metrics, with what they mean.
    #[serde(skip)]
    pub(crate) metrics: Vec<Metric>,
    #[serde(skip)]
    pub(crate) runs: Vec<(ComparedModel, Vec<Run>)>,
}

/// Forecasts the newest frame; it has no weights, and is in every run's scores.
const PERSISTENCE: &str = "persistence";

impl ModelComparison {
    /// Reads the runs of all `models`, which have been evaluated on the test split. `persistence` is the validation loss of
    /// persistence.
    ///
    /// # Errors
    /// Names the folder that is not that of a run, or the file that is not what the trainer writes; a run that was not
    /// evaluated.
    pub fn read(models: &[ComparedModel], persistence: f64) -> Result<Self, ReportError> {
        let mut runs = Vec::new();
        for model in models {
            let read = model.runs.iter().map(|folder| evaluated(folder));
            runs.push((model.clone(), read.collect::<Result<Vec<Run>, _>>()?));
        }
        let first = runs.iter().flat_map(|(_, runs)| runs).next();
        let first = first.ok_or_else(|| ReportError::Chart("there are no runs to compare".to_owned()))?;
        let comparison = &first.comparisons[0];
        let mut rows: Vec<ComparedRow> = runs.iter().map(|(model, runs)| row(&model.name, runs)).collect();
        rows.push(ComparedRow {
            name: PERSISTENCE.to_owned(),
            parameters: 0,
            seconds: None,
            validation_loss: Spread::of(vec![persistence]),
            scores: scores(std::iter::once(comparison), |comparison| comparison.rows.len() - 1),
        });
        let seeds = runs[0].1.iter().filter_map(|run| number(run, "seed"));
        Ok(Self {
            data: comparison.data.clone(),
            clips: comparison.rows[0].summary.clips,
            seeds: seeds.map(|seed| seed as u64).collect(),
            steps: first.epochs.last().map_or(0, |epoch| epoch.step),
            metrics: comparison.metrics().into_iter().cloned().collect(),
            rows,
            runs,
        })
    }

    /// The validation losses of all runs against optimizer steps, as an SVG.
    ///
    /// # Errors
    /// No run was validated.
    pub fn by_steps(&self) -> Result<String, ReportError> {
        self.curves("step", |run| validations(run, |epoch| epoch.step as f64))
    }

    /// The validation losses of all runs against seconds of training, as an SVG.
    ///
    /// # Errors
    /// No run was validated.
    pub fn by_seconds(&self) -> Result<String, ReportError> {
        self.curves("seconds", |run| {
            let mut elapsed = 0.0;
            validations(run, |epoch| {
                elapsed += epoch.seconds.unwrap_or(0.0);
                elapsed
            })
        })
    }

    /// One color for each network, and a level line for persistence.
    fn curves(&self, x_name: &str, points: impl Fn(&Run) -> Vec<(f64, f64)>) -> Result<String, ReportError> {
        let mut curves = Vec::new();
        for (color, (model, runs)) in self.runs.iter().enumerate() {
            for (seed, run) in runs.iter().enumerate() {
                let name = (seed == 0).then(|| model.name.clone());
                let points = points(run);
                curves.push(Curve { name, color, points });
            }
        }
        let places = || curves.iter().flat_map(|curve| &curve.points).map(|(place, _)| *place);
        let persistence = self.rows.last().and_then(|row| row.validation_loss.as_ref());
        if let (Some(first), Some(last), Some(level)) =
            (places().reduce(f64::min), places().reduce(f64::max), persistence)
        {
            curves.push(Curve {
                name: Some(PERSISTENCE.to_owned()),
                color: self.runs.len(),
                points: vec![(first, level.mean), (last, level.mean)],
            });
        }
        validation_svg(&curves, x_name)
    }
}

/// A run with its scores on the test split alone.
fn evaluated(folder: &Path) -> Result<Run, ReportError> {
    let mut run = Run::read(folder)?;
    run.comparisons
        .retain(|comparison| comparison.split == "test" && !comparison.rows.is_empty());
    match run.comparisons.is_empty() {
        true => Err(ReportError::read(
            &folder.join("eval/test.json"),
            std::io::ErrorKind::NotFound.into(),
        )),
        false => Ok(run),
    }
}

fn number(run: &Run, key: &str) -> Option<f64> {
    run.info.get(key).and_then(Value::as_f64)
}

fn row(name: &str, runs: &[Run]) -> ComparedRow {
    let best = |run: &Run| run.info.get("best")?.get("validation_loss")?.as_f64();
    let comparisons = runs.iter().map(|run| &run.comparisons[0]);
    ComparedRow {
        name: name.to_owned(),
        parameters: runs.first().and_then(|run| number(run, "parameters")).unwrap_or(0.0) as u64,
        seconds: Spread::of(runs.iter().filter_map(|run| number(run, "seconds")).collect()),
        validation_loss: Spread::of(runs.iter().filter_map(best).collect()),
        scores: scores(comparisons, |_| 0),
    }
}

/// The totals of the forecaster that `row` says, over several comparisons.
fn scores<'a>(
    comparisons: impl Iterator<Item = &'a Comparison> + Clone,
    row: impl Fn(&Comparison) -> usize,
) -> Vec<ComparedScore> {
    let summaries = || {
        comparisons
            .clone()
            .map(|comparison| &comparison.rows[row(comparison)].summary)
    };
    let metrics = summaries().next().map_or(&[][..], |summary| &summary.metrics);
    let score = |metric: &Metric| {
        let values = summaries().filter_map(|summary| Some(summary.metric(&metric.name)?.total));
        Some(ComparedScore {
            metric: metric.name.clone(),
            spread: Spread::of(values.collect())?,
        })
    };
    metrics.iter().filter_map(score).collect()
}
