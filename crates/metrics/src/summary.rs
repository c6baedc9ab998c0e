use serde::{Deserialize, Serialize};

use crate::number;

/// The scores of one forecaster over a set of clips.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Summary {
    /// Clips that were scored.
    pub clips: usize,
    /// Every metric that could be computed; the order is the one in which tables show them.
    pub metrics: Vec<Metric>,
    /// Why a metric that one might expect is absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One score, in total and per lead time.
///
/// In JSON, an infinite value (the PSNR of a forecast without error) is the string `"inf"` or `"-inf"`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Metric {
    /// A name that says which definition is meant: `openstl_mse` is not `mse`.
    pub name: String,
    /// What is computed, in one sentence.
    pub definition: String,
    /// Whether a larger value is a better forecast.
    pub higher_is_better: bool,
    /// Over all lead times.
    #[serde(with = "number::one")]
    pub total: f64,
    /// For each lead time, the first forecast frame first.
    #[serde(with = "number::many")]
    pub per_lead_time: Vec<f64>,
}

impl Summary {
    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}
