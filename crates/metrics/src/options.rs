use serde::{Deserialize, Serialize};

use crate::{ScoreError, ScoreSpec};

/// How the scores are defined where the field has more than one convention, and which of them are wanted that need a
/// number.
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
    /// Physical values from which on something counts as an event, e.g. `[0.5, 1.0, 2.0, 5.0]` in mm/h: CSI, POD, FAR, HSS
    /// and frequency bias of each. Ascending.
    pub thresholds: Vec<f64>,
    /// Thresholds of OpenSTL's own `pod`, `sucr` and `csi`, e.g. `[74.0]` for SEVIR. Ascending.
    pub openstl_thresholds: Vec<f64>,
    /// Sides in pixels, each odd, of the square neighborhoods of the fractions skill score, e.g. `[1, 5, 17]`; computed for
    /// every threshold. Ascending.
    pub fss_scales: Vec<usize>,
    /// Degrees north of the centers of the rows, one per row, or those of the first and the last row with the others evenly
    /// between. Rows are weighted by their area then. Empty: no latitudes.
    pub latitudes: Vec<f64>,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self {
            data_range: 1.0,
            spatial_norm: false,
            variables: Vec::new(),
            thresholds: Vec::new(),
            openstl_thresholds: Vec::new(),
            fss_scales: Vec::new(),
            latitudes: Vec::new(),
        }
    }
}

impl ScoreOptions {
    /// Rejects what no data can be scored with.
    ///
    /// # Errors
    /// [`ScoreError::Option`] with the key, what is wrong with it, and the remedy.
    pub fn validate(&self) -> Result<(), ScoreError> {
        if !(self.data_range.is_finite() && self.data_range > 0.0) {
            let problem = format!("is {}", self.data_range);
            return Err(ScoreError::option(
                "data_range",
                problem,
                "it must be positive and finite",
            ));
        }
        let names = &self.variables;
        if let Some(twice) = (names.iter().enumerate()).find_map(|(i, name)| names[..i].contains(name).then_some(name))
        {
            let problem = format!("names `{twice}` twice");
            return Err(ScoreError::option(
                "variables",
                problem,
                "give every variable a name of its own",
            ));
        }
        for (key, thresholds) in [
            ("thresholds", &self.thresholds),
            ("openstl_thresholds", &self.openstl_thresholds),
        ] {
            if let Some(value) = thresholds.iter().find(|value| !value.is_finite()) {
                return Err(ScoreError::option(key, format!("holds {value}"), "use finite numbers"));
            }
            ascending(key, thresholds)?;
        }
        if let Some(scale) = self.fss_scales.iter().find(|scale| scale.is_multiple_of(2)) {
            let problem = format!("holds {scale}, a side without a middle pixel");
            let remedy = format!("use odd sides in pixels, e.g. {}", scale.saturating_add(1));
            return Err(ScoreError::option("fss_scales", problem, remedy));
        }
        ascending("fss_scales", &self.fss_scales)?;
        if !self.fss_scales.is_empty() && self.thresholds.is_empty() {
            let remedy = "set thresholds, too: fractions are those of the pixels that reach a threshold";
            return Err(ScoreError::option(
                "fss_scales",
                "is set without thresholds".into(),
                remedy,
            ));
        }
        if let Some(value) = self.latitudes.iter().find(|value| !(-90.0..=90.0).contains(*value)) {
            return Err(ScoreError::option(
                "latitudes",
                format!("holds {value}"),
                "use degrees from -90 to 90",
            ));
        }
        Ok(())
    }

    /// Rejects what does not go with frames of this size.
    pub(crate) fn fits(&self, spec: &ScoreSpec) -> Result<(), ScoreError> {
        let (channels, height, width) = (spec.channels, spec.height, spec.width);
        let count = self.variables.len();
        if count == 1 || (count > 1 && !channels.is_multiple_of(count)) {
            let problem = format!("names {count} groups, but there are {channels} channels");
            let remedy = "name two or more variables of equally many channels, or none";
            return Err(ScoreError::option("variables", problem, remedy));
        }
        let largest = 2 * height.max(width) - 1;
        if let Some(scale) = self.fss_scales.iter().find(|scale| **scale > largest) {
            let problem = format!("holds {scale}, but frames are {height}x{width}");
            let remedy = format!("use at most {largest}, a neighborhood that holds every pixel");
            return Err(ScoreError::option("fss_scales", problem, remedy));
        }
        let rows = self.latitudes.len();
        if rows != 0 && rows != 2 && rows != height {
            let problem = format!("has {rows} values, but frames have {height} rows");
            let remedy = "give one per row, or those of the first and the last row";
            return Err(ScoreError::option("latitudes", problem, remedy));
        }
        let total: f64 = cosines(&self.latitudes, height).sum();
        if rows != 0 && total <= 1e-9 {
            let problem = "has rows at the poles only, which have no area".to_owned();
            return Err(ScoreError::option(
                "latitudes",
                problem,
                "give the latitudes of the rows' centers",
            ));
        }
        Ok(())
    }

    /// The weight of every row: the cosine of its latitude, in the mean 1; all 1 without latitudes.
    pub(crate) fn row_weights(&self, height: usize) -> Vec<f64> {
        let mean = cosines(&self.latitudes, height).sum::<f64>() / height as f64;
        cosines(&self.latitudes, height).map(|cosine| cosine / mean).collect()
    }
}

fn cosines(latitudes: &[f64], height: usize) -> impl Iterator<Item = f64> {
    (0..height).map(move |row| {
        let degrees = match *latitudes {
            [] => 0.0,
            [first, last] => first + (last - first) * row as f64 / (height.max(2) - 1) as f64,
            _ => latitudes[row],
        };
        degrees.to_radians().cos().max(0.0)
    })
}

fn ascending<T: PartialOrd + std::fmt::Display>(key: &str, values: &[T]) -> Result<(), ScoreError> {
    match values.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => {
            let problem = format!("has {} before {}", pair[0], pair[1]);
            Err(ScoreError::option(
                key,
                problem,
                "list every value once, the smallest first",
            ))
        }
        None => Ok(()),
    }
}
