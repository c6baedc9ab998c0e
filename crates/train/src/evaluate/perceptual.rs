//! LPIPS as a score.

use foreframe_core::{ClipShape, ConfigError};
use foreframe_data::Normalization;
use foreframe_lpips::{LEAST_SIDE, Lpips};
use foreframe_metrics::Metric;

use super::Evaluation;

/// Running sums of the perceptual distance of one forecaster.
#[derive(Clone)]
pub(crate) struct Perceptual<'a> {
    lpips: &'a Lpips,
    normalization: Normalization,
    /// One forecast.
    shape: ClipShape,
    range: f32,
    /// Sum and number of frames, per lead time.
    sums: Vec<(f64, f64)>,
}

impl<'a> Perceptual<'a> {
    pub(crate) fn new(lpips: &'a Lpips, evaluation: &Evaluation<'a>, shape: &ClipShape) -> Result<Self, ConfigError> {
        if shape.height.min(shape.width) < LEAST_SIDE {
            let problem = format!(
                "needs frames of {LEAST_SIDE}x{LEAST_SIDE}, these are {}x{}",
                shape.height, shape.width
            );
            return Err(ConfigError::new("lpips", problem, "do without it"));
        }
        Ok(Self {
            lpips,
            normalization: evaluation.normalization.first(shape.channels),
            shape: *shape,
            range: evaluation.scores.data_range as f32,
            sums: vec![(0.0, 0.0); shape.future],
        })
    }

    /// Adds one clip, normalized, `[lead time, channels, height, width]`.
    pub(crate) fn add(&mut self, forecast: &[f32], truth: &[f32]) {
        let physical = |values: &[f32]| {
            let mut values = values.to_vec();
            self.normalization.denormalize(&mut values, &self.shape);
            values
        };
        let size = [
            self.sums.len(),
            self.shape.channels,
            self.shape.height,
            self.shape.width,
        ];
        let distances = self
            .lpips
            .frames(&physical(forecast), &physical(truth), size, self.range);
        for ((sum, count), distance) in self.sums.iter_mut().zip(distances) {
            *sum += distance.unwrap_or(0.0);
            *count += f64::from(u8::from(distance.is_some()));
        }
    }

    pub(crate) fn metric(&self) -> Metric {
        let total = self
            .sums
            .iter()
            .fold((0.0, 0.0), |total, of| (total.0 + of.0, total.1 + of.1));
        Metric {
            name: "lpips".to_owned(),
            definition: format!(
                "Learned perceptual image patch similarity of Zhang et al. 2018, version 0.1 with AlexNet, by the weights \
                 given: denormalized values clipped to 0..{} become images in -1..1, three channels their colors, of \
                 others each a gray image; mean over channels, lead times and clips, without frames in which the truth is \
                 missing somewhere.",
                self.range
            ),
            higher_is_better: false,
            perfect: Some(0.0),
            two_sided: false,
            total: total.0 / total.1,
            per_lead_time: self.sums.iter().map(|(sum, count)| sum / count).collect(),
        }
    }
}
