//! Forecasters scored beside each other, clip by clip.

use foreframe_core::ClipShape;
use foreframe_metrics::{Comparison, Row, Scores};

use super::perceptual::Perceptual;
use super::video::VideoDistance;
use super::{CLIMATOLOGY, Evaluation, by_key, score_spec};
use crate::error::TrainError;

/// Running scores of several forecasters on the same clips, whoever made the forecasts. Nothing of a clip is kept but sums.
pub struct Evaluator<'a> {
    data: &'a str,
    split: &'a str,
    names: Vec<String>,
    /// Which of the forecasters says what is normal.
    climatology: Option<usize>,
    scores: Vec<(Scores, Option<Perceptual<'a>>)>,
    video: Option<VideoDistance<'a>>,
}

impl<'a> Evaluator<'a> {
    /// For forecasters of these names, the one that is evaluated first, on at most `clips` clips of `clip.future` frames to
    /// forecast. Of the evaluation, how scores are defined counts, and not how forecasts are made. A forecaster called
    /// [`CLIMATOLOGY`] is what anomalies are taken from.
    ///
    /// # Errors
    /// Names the key of the options that clips of this size cannot be scored with.
    pub fn new(
        evaluation: &Evaluation<'a>,
        names: Vec<String>,
        clip: ClipShape,
        clips: usize,
    ) -> Result<Self, TrainError> {
        let spec = score_spec(&clip, &evaluation.normalization.first(clip.channels));
        let mut scores = Scores::with_options(spec, evaluation.scores.clone()).map_err(by_key)?;
        let climatology = names.iter().position(|name| name == CLIMATOLOGY);
        if climatology.is_some() {
            scores = scores.with_anomalies();
        }
        let perceptual = evaluation
            .lpips
            .map(|lpips| Perceptual::new(lpips, evaluation, &clip))
            .transpose()?;
        let video = evaluation
            .fvd
            .map(|fvd| VideoDistance::new(fvd, evaluation, clip, clips, names.len()))
            .transpose()?;
        Ok(Self {
            data: evaluation.data,
            split: evaluation.split,
            scores: vec![(scores, perceptual); names.len()],
            names,
            climatology,
            video,
        })
    }

    /// Adds one clip, normalized, with what every forecaster says, in the order of their names.
    ///
    /// # Shapes
    /// - `past`: `[T, channels, height, width]`, looked at for the distance between whole clips alone
    /// - `truth`, each of `forecasts`: `[T', channels, height, width]`; where the truth is NaN it is missing
    ///
    /// # Errors
    /// A clip has another size, or what is normal is not finite. Other values that are not finite are reported by
    /// [`finish`](Self::finish).
    pub fn add(&mut self, past: &[f32], truth: &[f32], forecasts: &[&[f32]]) -> Result<(), TrainError> {
        let normal = self.climatology.map(|index| forecasts[index]);
        for (forecast, (scores, perceptual)) in forecasts.iter().zip(&mut self.scores) {
            match normal {
                Some(normal) => scores.add_beside(forecast, truth, normal)?,
                None => scores.add(forecast, truth)?,
            }
            if let Some(perceptual) = perceptual {
                perceptual.add(forecast, truth);
            }
        }
        if let Some(video) = &mut self.video {
            video.add(past, truth, forecasts);
        }
        Ok(())
    }

    /// The scores of all clips that were added.
    ///
    /// # Errors
    /// No clip was added, or a value was not finite.
    pub fn finish(self) -> Result<Comparison, TrainError> {
        let video = self.video;
        let rows: Result<Vec<Row>, TrainError> = (self.names.into_iter().zip(self.scores).enumerate())
            .map(|(row, (model, (scores, perceptual)))| {
                let mut summary = scores.summary()?;
                summary.metrics.extend(perceptual.map(|perceptual| perceptual.metric()));
                match video.as_ref().map(|video| video.metric(row)) {
                    Some(Ok(metric)) => summary.metrics.push(metric),
                    Some(Err(note)) => summary.notes.push(note),
                    None => {}
                }
                Ok(Row { model, summary })
            })
            .collect();
        Ok(Comparison::new(self.data, self.split, rows?))
    }
}
