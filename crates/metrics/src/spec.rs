use crate::{ScoreError, ScoreOptions};

/// Which clips are scored: their size, and how values become physical ones.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreSpec {
    /// Frames of a forecast.
    pub lead_times: usize,
    /// Channels of a frame.
    pub channels: usize,
    /// Rows of a frame.
    pub height: usize,
    /// Columns of a frame.
    pub width: usize,
    /// Physical value = value * std + mean. One per channel, or one for all.
    pub mean: Vec<f32>,
    /// See [`ScoreSpec::mean`].
    pub std: Vec<f32>,
}

impl ScoreSpec {
    pub(crate) fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Values of one clip's forecast.
    pub(crate) fn values(&self) -> usize {
        self.lead_times * self.channels * self.pixels()
    }

    /// Mean and standard deviation of one channel.
    pub(crate) fn scale(&self, channel: usize) -> (f64, f64) {
        let pick = |values: &[f32]| f64::from(if values.len() == 1 { values[0] } else { values[channel] });
        (pick(&self.mean), pick(&self.std))
    }

    pub(crate) fn check(&self, options: &ScoreOptions) -> Result<(), ScoreError> {
        let fail = |message: String| Err(ScoreError::Spec(message));
        let sizes = [self.lead_times, self.channels, self.height, self.width];
        let values = sizes
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size));
        if values.is_none_or(|values| values == 0) {
            return fail(format!(
                "a forecast of [T, C, H, W] = {sizes:?} has no values, or more than can be addressed"
            ));
        }
        for (name, values) in [("mean", &self.mean), ("std", &self.std)] {
            if values.len() != 1 && values.len() != self.channels {
                let (found, channels) = (values.len(), self.channels);
                return fail(format!(
                    "the normalization's {name} has {found} values, but there are {channels} channels"
                ));
            }
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return fail(format!("the normalization's {name} holds {value}"));
            }
        }
        if let Some(std) = self.std.iter().find(|std| **std <= 0.0) {
            return fail(format!("the normalization's std holds {std}, but must be positive"));
        }
        options.validate()?;
        options.fits(self)?;
        Ok(())
    }
}

/// Refuses values of another number.
pub(crate) fn check_size(what: &'static str, values: &[f32], expected: usize) -> Result<(), ScoreError> {
    match values.len() {
        found if found != expected => Err(ScoreError::Size { what, found, expected }),
        _ => Ok(()),
    }
}

/// Refuses what cannot be normal.
pub(crate) fn check_normal(normal: &[f32], expected: usize) -> Result<(), ScoreError> {
    check_size("climatology", normal, expected)?;
    match normal.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(ScoreError::Spec("the climatology holds NaN or infinite values".into())),
    }
}
