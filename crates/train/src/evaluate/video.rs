//! FVD as a score.

use foreframe_core::{ClipShape, ConfigError};
use foreframe_data::Normalization;
use foreframe_fvd::{Fvd, LEAST_FRAMES, Moments};
use foreframe_metrics::Metric;

use super::Evaluation;

/// Features of whole clips, as they happened and as every forecaster has them.
pub(super) struct VideoDistance<'a> {
    fvd: &'a Fvd,
    normalization: Normalization,
    /// One clip: what was observed, and the forecast behind it.
    clip: ClipShape,
    range: f32,
    truth: Moments,
    forecasts: Vec<Moments>,
}

impl<'a> VideoDistance<'a> {
    /// For so many forecasters on at most `clips` clips, of which `clip.future` frames are forecast.
    pub(super) fn new(
        fvd: &'a Fvd,
        evaluation: &Evaluation<'a>,
        clip: ClipShape,
        clips: usize,
        forecasters: usize,
    ) -> Result<Self, ConfigError> {
        if clip.frames() < LEAST_FRAMES {
            let problem = format!(
                "needs clips of {LEAST_FRAMES} frames, these have {} observed and {} to forecast",
                clip.past, clip.future
            );
            return Err(ConfigError::new("fvd", problem, "use longer clips, or do without it"));
        }
        if clips < 2 {
            let problem = format!("compares the spread of clips, and there is {clips}");
            let remedy = "evaluate 2 or more: raise eval.clips, or use more data";
            return Err(ConfigError::new("fvd", problem, remedy));
        }
        let none = Moments::new(fvd.feature_count());
        Ok(Self {
            fvd,
            normalization: evaluation.normalization.first(clip.channels),
            clip,
            range: evaluation.scores.data_range as f32,
            truth: none.clone(),
            forecasts: vec![none; forecasters],
        })
    }

    /// Adds one clip, normalized, with what every forecaster says, `[time, channels, height, width]`. Where a value is
    /// missing the clip does not count.
    pub(super) fn add(&mut self, past: &[f32], truth: &[f32], forecasts: &[&[f32]]) {
        if past.iter().chain(truth).any(|value| value.is_nan()) {
            return;
        }
        let features = |future: &[f32]| {
            let mut clip = [past, future].concat();
            self.normalization.denormalize(&mut clip, &self.clip);
            let size = [
                self.clip.frames(),
                self.clip.channels,
                self.clip.height,
                self.clip.width,
            ];
            self.fvd.of_clip(&clip, size, self.range)
        };
        let sets = std::iter::once(&mut self.truth).chain(&mut self.forecasts);
        for (set, future) in sets.zip(std::iter::once(truth).chain(forecasts.iter().copied())) {
            features(future).iter().for_each(|features| set.add(features));
        }
    }

    /// The distance of a forecaster.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn metric(&self, forecaster: usize) -> Result<Metric, String> {
        let distance = self.forecasts[forecaster].distance(&self.truth);
        Ok(Metric {
            name: "fvd".to_owned(),
            definition: format!(
                "Fréchet video distance of Unterthiner et al. 2018 by the weights given, of clips that are the {} observed \
                 frames followed by the {} forecast to clips that are those followed by the truth: denormalized values \
                 clipped to 0..{} become frames of 224x224 in -1..1, three channels their colors, of others each a gray \
                 clip; distance of the normal distributions (covariances with N - 1) of I3D's outputs before the softmax, \
                 without clips in which a value is missing, of {} here. Few clips make it larger: compare it with that of \
                 as many clips only (256 or more are usual).",
                self.clip.past,
                self.clip.future,
                self.range,
                self.truth.count()
            ),
            higher_is_better: false,
            perfect: Some(0.0),
            two_sided: false,
            total: distance.map_err(|error| format!("fvd is absent: {error}"))?,
            per_lead_time: Vec::new(),
        })
    }
}
