//! Scores of global and regional weather forecasts: rows weighted by their area, anomalies from a climatology.

use std::ops::Range;

use crate::definitions::{Definition, Value, groups};
use crate::planes::Planes;
use crate::sums::Sums;
use crate::{ScoreOptions, ScoreSpec};

/// Weighted mean of the squared error of a frame of one channel with a truth somewhere; `weights` are those of the rows.
pub(crate) fn weighted_squared_error(planes: &Planes, weights: &[f64]) -> f64 {
    let width = planes.width;
    let rows = (planes.forecast.chunks_exact(width))
        .zip(planes.truth.chunks_exact(width))
        .zip(planes.present.chunks_exact(width))
        .zip(weights);
    let (mut sum, mut area) = (0.0, 0.0);
    for (((forecast, truth), present), weight) in rows {
        let errors = forecast.iter().zip(truth).map(|(x, y)| (x - y) * (x - y));
        sum += weight * errors.sum::<f64>();
        area += weight * present.iter().filter(|present| **present).count() as f64;
    }
    // All that has a truth may lie at the poles, which have no area.
    if area > 0.0 { sum / area } else { 0.0 }
}

/// Weighted, uncentered correlation of the anomalies of a frame of one channel; 0 where either has none.
///
/// `normal` is what is normal there, normalized.
pub(crate) fn anomaly_correlation(planes: &Planes, normal: &[f32], (mean, std): (f64, f64), weights: &[f64]) -> f64 {
    let (mut products, mut of_forecast, mut of_truth) = (0.0, 0.0, 0.0);
    for (index, normal) in normal.iter().enumerate().filter(|(index, _)| planes.present[*index]) {
        let normal = f64::from(*normal) * std + mean;
        let weight = weights[index / planes.width];
        let (forecast, truth) = (planes.forecast[index] - normal, planes.truth[index] - normal);
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
        if !options.latitudes.is_empty() {
            let weighted = per_frame(group.clone(), |sums| &sums.weighted);
            let value: Value = Box::new(move |sums| weighted(sums).sqrt());
            all.push(Definition {
                name: format!("lat_weighted_rmse{suffix}"),
                sentence: format!(
                    "Squared error of the denormalized values, mean over channels, pixels, lead times and clips, then the \
                     square root (WeatherBench 2); {weights}{which}."
                ),
                higher_is_better: false,
                perfect: Some(0.0),
                two_sided: false,
                value,
            });
        }
        if climatology {
            let value: Value = Box::new(per_frame(group, |sums| &sums.anomaly));
            all.push(Definition {
                name: format!("acc{suffix}"),
                sentence: format!(
                    "Anomaly correlation coefficient: correlation, without subtracting means, of what forecast and truth \
                     differ by from the climatology (means of the training part, pixel by pixel), of each channel of a \
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

/// The mean over the frames of each of these channels that have a truth.
fn per_frame(group: Range<usize>, of: fn(&Sums) -> &[f64]) -> impl Fn(&[Sums]) -> f64 {
    move |sums| {
        let total = |of: fn(&Sums) -> &[f64]| -> f64 {
            sums.iter()
                .map(|sums| of(sums)[group.clone()].iter().sum::<f64>())
                .sum()
        };
        total(of) / total(|sums| &sums.frames)
    }
}
