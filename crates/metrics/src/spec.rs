use serde::{Deserialize, Serialize};

use crate::ScoreError;

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

/// How the scores are defined where the field has more than one convention.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreOptions {
    /// Largest minus smallest possible physical value: the `L` of `ssim` and `psnr`. 1 for images in `[0, 1]`.
    /// The `openstl_*` metrics do not use it: theirs is fixed.
    pub data_range: f64,
    /// OpenSTL's "spatial norm" for weather data: its errors are means over a frame's values, not sums.
    pub spatial_norm: bool,
    /// Names of the physical variables that the channels form in equal groups, in order: `["r", "t", "u", "v"]` for 12
    /// channels of three levels each. Then `openstl_mse`, `openstl_mae` and `openstl_rmse` are means over the variables,
    /// and each variable has its own row besides. Empty: all channels are one variable.
    pub variables: Vec<String>,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self {
            data_range: 1.0,
            spatial_norm: false,
            variables: Vec::new(),
        }
    }
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
                    "the normalisation's {name} has {found} values, but there are {channels} channels"
                ));
            }
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return fail(format!("the normalisation's {name} holds {value}"));
            }
        }
        if let Some(std) = self.std.iter().find(|std| **std <= 0.0) {
            return fail(format!("the normalisation's std holds {std}, but must be positive"));
        }
        let range = options.data_range;
        if !(range.is_finite() && range > 0.0) {
            return fail(format!("data_range is {range}, but must be positive"));
        }
        let names = &options.variables;
        if !names.is_empty() && (names.len() == 1 || !self.channels.is_multiple_of(names.len())) {
            let (channels, count) = (self.channels, names.len());
            return fail(format!(
                "variables names {count} groups, but {channels} channels need at least two equal groups (or none named)"
            ));
        }
        if let Some(twice) = names
            .iter()
            .enumerate()
            .find_map(|(i, name)| names[..i].contains(name).then_some(name))
        {
            return fail(format!("variables names `{twice}` twice"));
        }
        Ok(())
    }
}
