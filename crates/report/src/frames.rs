use crate::ReportError;

/// Frames of physical values, `[time, channel, height, width]`.
#[derive(Debug, Clone, Copy)]
pub struct Frames<'a> {
    /// The values, row by row.
    pub values: &'a [f32],
    /// Number of frames.
    pub time: usize,
    /// Channels of a frame. One is drawn in false colors, three as red, green and blue; of any other number the first
    /// is drawn.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// One clip with its forecast, to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The observed frames.
    pub past: Frames<'a>,
    /// Ground truth, where it is known.
    pub truth: Option<Frames<'a>>,
    /// The forecast.
    pub forecast: Frames<'a>,
    /// The physical values of the darkest and the brightest color.
    pub range: (f32, f32),
}

impl<'a> Frames<'a> {
    /// One frame, `[channel, height, width]`.
    pub(crate) fn frame(&self, time: usize) -> &'a [f32] {
        let size = self.channels * self.height * self.width;
        &self.values[time * size..(time + 1) * size]
    }

    pub(crate) fn check(&self, name: &str) -> Result<(), ReportError> {
        let sizes = [self.time, self.channels, self.height, self.width];
        let values = sizes
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size));
        if values != Some(self.values.len()) || self.values.is_empty() {
            let found = self.values.len();
            return Err(ReportError::Frames(format!(
                "{name} holds {found} values, which is not [T, C, H, W] = {sizes:?}"
            )));
        }
        Ok(())
    }
}

impl Sample<'_> {
    pub(crate) fn check(&self) -> Result<(), ReportError> {
        self.past.check("past")?;
        self.forecast.check("forecast")?;
        let size = |frames: &Frames| [frames.channels, frames.height, frames.width];
        let (past, forecast) = (size(&self.past), size(&self.forecast));
        if past != forecast {
            return Err(ReportError::Frames(format!(
                "past has [C, H, W] = {past:?}, but forecast has {forecast:?}"
            )));
        }
        if let Some(truth) = &self.truth {
            truth.check("truth")?;
            if (truth.time, size(truth)) != (self.forecast.time, forecast) {
                let (truth, forecast) = ((truth.time, size(truth)), (self.forecast.time, forecast));
                return Err(ReportError::Frames(format!(
                    "truth has (T, [C, H, W]) = {truth:?}, but forecast {forecast:?}"
                )));
            }
        }
        let (low, high) = self.range;
        if !(low.is_finite() && high.is_finite() && low <= high) {
            return Err(ReportError::Frames(format!("the range of values is {low} to {high}")));
        }
        Ok(())
    }

    /// Absolute error of one forecast frame, `[height, width]`: of the drawn channel, or the mean over three.
    pub(crate) fn error(&self, time: usize) -> Option<Vec<f32>> {
        let (truth, forecast) = (self.truth?.frame(time), self.forecast.frame(time));
        let pixels = self.forecast.height * self.forecast.width;
        let channels = if self.forecast.channels == 3 { 3 } else { 1 };
        let difference = |index: usize| (forecast[index] - truth[index]).abs();
        let mean = |pixel: usize| (0..channels).map(|c| difference(c * pixels + pixel)).sum::<f32>() / channels as f32;
        Some((0..pixels).map(mean).collect())
    }

    /// Largest error of all frames: the top of the error's colors.
    pub(crate) fn largest_error(&self) -> f32 {
        let errors = (0..self.forecast.time).filter_map(|time| self.error(time)).flatten();
        errors.filter(|error| error.is_finite()).fold(0.0, f32::max)
    }

    /// Suffix of the labels when not every channel is drawn.
    pub(crate) fn channel_note(&self) -> Option<String> {
        match self.forecast.channels {
            1 | 3 => None,
            channels => Some(format!("channel 1 of {channels}")),
        }
    }
}
