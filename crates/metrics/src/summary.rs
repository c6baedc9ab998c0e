use serde::{Deserialize, Serialize};

use crate::number;

/// The scores of one forecaster over a set of clips.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Summary {
    /// Clips that were scored.
    pub clips: usize,
    /// Share of the truth's cells that are missing and count in no score, 0..1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing_share: f64,
    /// Every metric that could be computed; the order is the one in which tables show them.
    pub metrics: Vec<Metric>,
    /// Notes, such as why a metric that one might expect is absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// One score, in total and per lead time.
///
/// In JSON, an infinite value (the PSNR of a forecast without error) is the string `"inf"` or `"-inf"`, and one that is not
/// defined (the CSI of an event that neither happened nor was forecast) is `"nan"`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Metric {
    /// A name that says which definition is meant: `openstl_mse` is not `mse`.
    pub name: String,
    /// Definition, in one sentence.
    pub definition: String,
    /// Whether a larger value is a better forecast.
    pub higher_is_better: bool,
    /// The value of a forecast without any error, if it is finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perfect: Option<f64>,
    /// Whether values beyond the perfect one are worse again, as those of a frequency bias are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub two_sided: bool,
    /// Over all lead times.
    #[serde(with = "number::one")]
    pub total: f64,
    /// For each lead time, the first forecast frame first; empty for a score of whole clips.
    #[serde(with = "number::many")]
    pub per_lead_time: Vec<f64>,
}

impl Metric {
    /// Where better values lie, for the head of a table: up, down, or at the perfect value.
    pub fn arrow(&self) -> String {
        match (self.two_sided, self.perfect, self.higher_is_better) {
            (true, Some(perfect), _) => format!("→{perfect}"),
            (_, _, true) => "↑".into(),
            (_, _, false) => "↓".into(),
        }
    }

    /// How bad a value is: of two values, the one with less of this is the better one.
    pub fn badness(&self, value: f64) -> f64 {
        match (self.two_sided, self.perfect) {
            (true, Some(perfect)) => (value - perfect).abs(),
            _ if self.higher_is_better => -value,
            _ => value,
        }
    }

    /// The share of a reference's distance from perfection that `value` has left behind: 1 for a perfect forecast, 0 for
    /// one no better than the reference, negative for a worse one. `None` for metrics that have no such share.
    pub fn skill(&self, value: f64, reference: f64) -> Option<f64> {
        let perfect = self.perfect.filter(|_| !self.two_sided)?;
        Some(1.0 - (value - perfect).abs() / (reference - perfect).abs())
    }
}

impl Summary {
    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}
