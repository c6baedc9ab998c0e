//! Scores of events: values that reach a threshold.

use crate::ScoreOptions;
use crate::definitions::Definition;
use crate::planes::Planes;
use crate::sums::{Mean, Sums};

/// A contingency table: how often an event was forecast and how often it happened, over pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Events {
    pub(crate) hits: f64,
    pub(crate) false_alarms: f64,
    pub(crate) misses: f64,
    pub(crate) correct_negatives: f64,
}

impl Events {
    /// Counts the pixels of a frame of one channel that have a truth.
    pub(crate) fn count(&mut self, planes: &Planes, threshold: f64) {
        let (mut hits, mut forecast_events, mut events) = (0u64, 0u64, 0u64);
        let values = planes.forecast.iter().zip(&planes.truth).zip(&planes.present);
        for ((forecast, truth), present) in values {
            let (forecast, truth) = (present & (*forecast >= threshold), present & (*truth >= threshold));
            hits += u64::from(forecast & truth);
            forecast_events += u64::from(forecast);
            events += u64::from(truth);
        }
        self.hits += hits as f64;
        self.false_alarms += (forecast_events - hits) as f64;
        self.misses += (events - hits) as f64;
        self.correct_negatives += (planes.cells as u64 + hits - forecast_events - events) as f64;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.false_alarms += other.false_alarms;
        self.misses += other.misses;
        self.correct_negatives += other.correct_negatives;
    }

    fn pooled(sums: &[Sums], index: usize) -> Self {
        let mut pooled = Self::default();
        sums.iter().for_each(|sums| pooled.add(&sums.events[index]));
        pooled
    }

    fn csi(self) -> f64 {
        self.hits / (self.hits + self.misses + self.false_alarms)
    }

    /// `None` where nothing happened and nothing was forecast.
    fn defined_csi(self) -> Option<f64> {
        Some(self.csi()).filter(|csi| !csi.is_nan())
    }

    fn pod(self) -> f64 {
        self.hits / (self.hits + self.misses)
    }

    fn far(self) -> f64 {
        self.false_alarms / (self.hits + self.false_alarms)
    }

    fn hss(self) -> f64 {
        let (hits, alarms, misses, negatives) = (self.hits, self.false_alarms, self.misses, self.correct_negatives);
        let by_chance = (hits + misses) * (misses + negatives) + (hits + alarms) * (alarms + negatives);
        2.0 * (hits * negatives - alarms * misses) / by_chance
    }

    fn bias(self) -> f64 {
        (self.hits + self.false_alarms) / (self.hits + self.misses)
    }
}

/// Every threshold for which events are counted: those of the standard scores, then OpenSTL's.
pub(crate) fn thresholds(options: &ScoreOptions) -> impl Iterator<Item = f64> {
    options.thresholds.iter().chain(&options.openstl_thresholds).copied()
}

/// The threshold as values are compared with it: lower by what normalizing to 32 bits and back may take away from a value
/// that equals it.
pub(crate) fn attainable(threshold: f64, mean: f64) -> f64 {
    threshold - 2.0 * f64::from(f32::EPSILON) * (threshold - mean).abs()
}

type Score = (&'static str, &'static str, Option<f64>, bool, fn(Events) -> f64);

/// Name, formula, perfect value, whether higher is better, computation.
const SCORES: [Score; 5] = [
    (
        "csi",
        "Critical success index, hits / (hits + misses + false alarms)",
        Some(1.0),
        true,
        Events::csi,
    ),
    (
        "pod",
        "Probability of detection, hits / (hits + misses)",
        Some(1.0),
        true,
        Events::pod,
    ),
    (
        "far",
        "False alarm ratio, false alarms / (hits + false alarms)",
        Some(0.0),
        false,
        Events::far,
    ),
    (
        "hss",
        "Heidke skill score, the share of right pixels beyond that of a forecast by chance with the same frequencies",
        Some(1.0),
        true,
        Events::hss,
    ),
    (
        "bias",
        "Frequency bias, (hits + false alarms) / (hits + misses), 1 for a forecast with as many events as the truth",
        Some(1.0),
        false,
        Events::bias,
    ),
];

const POOLED: &str = "summed over channels, pixels and clips, and in the total over lead times, before dividing; nan where \
                      nothing is left to divide by";

/// The scores of every threshold, those of one kind beside each other; `sums` are those of all lead times.
pub(crate) fn definitions(options: &ScoreOptions, sums: &[Sums]) -> Vec<Definition> {
    let mut all = Vec::new();
    let count = options.thresholds.len();
    for (name, formula, perfect, higher_is_better, score) in SCORES {
        for (index, threshold) in options.thresholds.iter().enumerate() {
            all.push(Definition {
                name: format!("{name}_{threshold}"),
                sentence: format!("{formula}, of denormalized values of {threshold} or more; counts {POOLED}."),
                higher_is_better,
                perfect,
                two_sided: name == "bias",
                value: Box::new(move |sums| score(Events::pooled(sums, index))),
            });
        }
        if name == "csi" && count > 1 {
            all.push(Definition {
                name: "csi_mean".into(),
                sentence: format!(
                    "Mean of csi (CSI-M of the SEVIR papers) over those of the thresholds {:?} that were reached, in the \
                     forecast or in the truth, at the lead time or, in the total, at any: {}.",
                    options.thresholds,
                    reached(options, sums)
                ),
                higher_is_better,
                perfect,
                two_sided: false,
                value: Box::new(move |sums| {
                    let mut mean = Mean::default();
                    (0..count).for_each(|index| mean.push(Events::pooled(sums, index).defined_csi()));
                    mean.value().unwrap_or(f64::NAN)
                }),
            });
        }
    }
    all
}

/// In words, the thresholds that `csi_mean` counts in the total.
fn reached(options: &ScoreOptions, sums: &[Sums]) -> String {
    let thresholds = options.thresholds.iter().enumerate();
    let reached = thresholds.filter(|(index, _)| Events::pooled(sums, *index).defined_csi().is_some());
    let reached: Vec<f64> = reached.map(|(_, threshold)| *threshold).collect();
    match reached.len() {
        0 => "here none".to_owned(),
        count if count == options.thresholds.len() => "here all".to_owned(),
        _ => format!("here {reached:?}"),
    }
}

/// Name, formula, and the counts that stand beside the hits below the line.
type Rule = (&'static str, &'static str, fn(&Events) -> f64);

/// OpenSTL's epsilon, added to every count before the division.
const OPENSTL_EPSILON: f64 = 1e-6;

/// OpenSTL's scores of SEVIR, with the forecast and the truth changed round as OpenSTL has them.
pub(crate) fn openstl_definitions(options: &ScoreOptions) -> Vec<Definition> {
    let mut all = Vec::new();
    let first = options.thresholds.len();
    let rules: [Rule; 3] = [
        (
            "pod",
            "hits / (hits + false alarms), which others call the success ratio",
            |events| events.false_alarms,
        ),
        (
            "sucr",
            "hits / (hits + misses), which others call the probability of detection",
            |events| events.misses,
        ),
        ("csi", "hits / (hits + misses + false alarms)", |events| {
            events.misses + events.false_alarms
        }),
    ];
    for (name, formula, wrong) in rules {
        for (index, threshold) in options.openstl_thresholds.iter().enumerate() {
            let index = first + index;
            all.push(Definition {
                name: format!("openstl_{name}_{threshold}"),
                sentence: format!(
                    "OpenSTL's {name} of denormalized values of {threshold} or more: {formula}, counts summed over clips, \
                     channels and pixels, 1e-6 added above and below; the total is the mean over the lead times."
                ),
                higher_is_better: true,
                perfect: Some(1.0),
                two_sided: false,
                value: Box::new(move |sums| {
                    let score = |sums: &Sums| {
                        let (hits, wrong) = (sums.events[index].hits, wrong(&sums.events[index]));
                        (hits + OPENSTL_EPSILON) / (hits + wrong + OPENSTL_EPSILON)
                    };
                    sums.iter().map(score).sum::<f64>() / sums.len() as f64
                }),
            });
        }
    }
    all
}
