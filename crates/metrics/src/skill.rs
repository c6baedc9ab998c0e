use serde::{Deserialize, Serialize};

use crate::{Row, number};

/// How much better one forecaster is than another.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Skill {
    /// The forecaster that is evaluated.
    pub model: String,
    /// The one that it is compared with.
    pub against: String,
    /// Definition, in one sentence.
    pub definition: String,
    /// One entry per metric for which this is defined.
    pub scores: Vec<SkillScore>,
}

/// The skill in one metric.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SkillScore {
    /// Name of the metric.
    pub metric: String,
    /// Over all lead times.
    #[serde(with = "number::one")]
    pub total: f64,
    /// For each lead time, the first forecast frame first.
    #[serde(with = "number::many")]
    pub per_lead_time: Vec<f64>,
}

const DEFINITION: &str = "1 - |score - perfect score| / |score of the reference - perfect score|: 1 is perfect, 0 is no better \
                          than the reference; -inf or nan where the reference is perfect or a score is not defined.";

impl Skill {
    /// The skill of `model` against `reference` in every standard metric that has a finite perfect value.
    pub(crate) fn of(model: &Row, reference: &Row) -> Self {
        let standard = model
            .summary
            .metrics
            .iter()
            .filter(|metric| !metric.name.starts_with("openstl_"));
        let scores = standard.filter_map(|metric| {
            let other = reference.summary.metric(&metric.name)?;
            let pairs = metric.per_lead_time.iter().zip(&other.per_lead_time);
            let per_lead_time = pairs.map(|(value, reference)| metric.skill(*value, *reference));
            Some(SkillScore {
                metric: metric.name.clone(),
                total: metric.skill(metric.total, other.total)?,
                per_lead_time: per_lead_time.collect::<Option<_>>()?,
            })
        });
        Self {
            model: model.model.clone(),
            against: reference.model.clone(),
            definition: DEFINITION.into(),
            scores: scores.collect(),
        }
    }
}
