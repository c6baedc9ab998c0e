//! Scores of global and regional weather forecasts: rows weighted by their area, anomalies from a climatology.

use crate::definitions::{Definition, Value, groups};
use crate::sums::Sums;
use crate::{ScoreOptions, ScoreSpec};

/// Weighted mean of the squared error of a frame of one channel; `weights` are those of the rows, 1 in the mean.
pub(crate) fn weighted_squared_error(forecast: &[f64], truth: &[f64], weights: &[f64]) -> f64 {
    let width = truth.len() / weights.len();
    let rows = forecast.chunks_exact(width).zip(truth.chunks_exact(width)).zip(weights);
    let sum: f64 = rows
        .map(|((forecast, truth), weight)| {
            let errors = forecast.iter().zip(truth).map(|(x, y)| (x - y) * (x - y));
            weight * errors.sum::<f64>()
        })
        .sum();
    sum / truth.len() as f64
}

/// Weighted, uncentred correlation of the anomalies of a frame of one channel; 0 where either has none.
pub(crate) fn anomaly_correlation(forecast: &[f64], truth: &[f64], climatology: &[f64], weights: &[f64]) -> f64 {
    let width = truth.len() / weights.len();
    let (mut products, mut of_forecast, mut of_truth) = (0.0, 0.0, 0.0);
    for (index, normal) in climatology.iter().enumerate() {
        let weight = weights[index / width];
        let (forecast, truth) = (forecast[index] - normal, truth[index] - normal);
        products += weight * forecast * truth;
        of_forecast += weight * forecast * forecast;
        of_truth += weight * truth * truth;
    }
    if of_forecast > 0.0 && of_truth > 0.0 {
        products / (of_forecast * of_truth).sqrt()
    } else {
        0.0
    }
}

/// `lat_weighted_rmse` where there are latitudes, `acc` where there is a climatology; of everything, then of each variable.
pub(crate) fn definitions(spec: &ScoreSpec, options: &ScoreOptions, climatology: bool) -> Vec<Definition> {
    let mut all = Vec::new();
    let weights = match options.latitudes.is_empty() {
        true => "every pixel weighs the same",
        false => "rows weigh the cosine of their latitude, 1 in the mean",
    };
    let mut parts = vec![(String::new(), String::new(), 0..spec.channels)];
    parts.extend(
        options
            .variables
            .iter()
            .zip(groups(spec, options))
            .map(|(name, group)| {
                let which = format!("; of the variable {name} alone");
                (format!("_{name}"), which, group)
            }),
    );
    for (suffix, which, group) in parts {
        let count = group.len() as f64;
        if !options.latitudes.is_empty() {
            let group = group.clone();
            let value: Value = Box::new(move |sums, frames| {
                let of = |sums: &Sums| sums.weighted[group.clone()].iter().sum::<f64>();
                (sums.iter().map(of).sum::<f64>() / frames / count).sqrt()
            });
            all.push(Definition {
                name: format!("lat_weighted_rmse{suffix}"),
                sentence: format!(
                    "Squared error of the denormalised values, mean over channels, pixels, lead times and clips, then the \
                     square root (WeatherBench 2); {weights}{which}."
                ),
                higher_is_better: false,
                perfect: Some(0.0),
                two_sided: false,
                value,
            });
        }
        if climatology {
            let value: Value = Box::new(move |sums, frames| {
                let of = |sums: &Sums| sums.anomaly[group.clone()].iter().sum::<f64>();
                sums.iter().map(of).sum::<f64>() / frames / count
            });
            all.push(Definition {
                name: format!("acc{suffix}"),
                sentence: format!(
                    "Anomaly correlation coefficient: correlation, without subtracting means, of what forecast and truth \
                     differ by from the climatology (the mean of the training part, pixel by pixel), of each channel of a \
                     frame, 0 where either does not differ; mean over channels, lead times and clips; {weights}{which}."
                ),
                higher_is_better: true,
                perfect: Some(1.0),
                two_sided: false,
                value,
            });
        }
    }
    all
}
