use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

/// An axis with chosen ticks, linear or logarithmic. The library's own logarithmic axis has no tick at all where the
/// values stay within one power of ten, as losses do.
pub(crate) struct Axis {
    drawn: RangedCoordf64,
    range: Range<f64>,
    ticks: Vec<f64>,
    log: bool,
}

impl Axis {
    /// For whole numbers.
    pub(crate) fn of_counts(low: f64, high: f64) -> Self {
        let range = if low == high { low - 1.0..high + 1.0 } else { low..high };
        let ticks = linear_ticks(&range, 8.0)
            .into_iter()
            .filter(|tick| tick.fract() == 0.0 && *tick >= 0.0)
            .collect();
        Self {
            drawn: range.clone().into(),
            range,
            ticks,
            log: false,
        }
    }

    /// For values; logarithmic when they are positive and span a factor of more than `log_from`.
    pub(crate) fn of_values(low: f64, high: f64, log_from: f64) -> Self {
        let log = low > 0.0 && high / low > log_from;
        let (low, high) = if log { (low.log10(), high.log10()) } else { (low, high) };
        let room = if high > low {
            0.06 * (high - low)
        } else {
            0.1 * high.abs().max(1e-9)
        };
        let drawn = low - room..high + room;
        let ticks = if log {
            log_ticks(&drawn)
        } else {
            linear_ticks(&drawn, 5.0)
        };
        let range = if log {
            10f64.powf(drawn.start)..10f64.powf(drawn.end)
        } else {
            drawn.clone()
        };
        Self {
            drawn: drawn.into(),
            range,
            ticks,
            log,
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.drawn.map(&if self.log { value.log10() } else { *value }, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.clone()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    /// Without the digits that arithmetic adds.
    fn format(value: &f64) -> String {
        let rounded = format!("{value:.5e}");
        match rounded.parse::<f64>() {
            Ok(value) if value == 0.0 || (1e-4..1e6).contains(&value.abs()) => value.to_string(),
            Ok(value) => format!("{value:e}"),
            Err(_) => rounded,
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, about `count` of them.
fn linear_ticks(range: &Range<f64>, count: f64) -> Vec<f64> {
    let rough = (range.end - range.start) / count;
    let power = 10f64.powf(rough.log10().floor());
    let step = power
        * [1.0, 2.0, 5.0]
            .into_iter()
            .find(|factor| factor * power >= rough)
            .unwrap_or(10.0);
    let first = (range.start / step).ceil();
    let most = count as u32 * 2;
    (0..=most)
        .map(|index| (first + f64::from(index)) * step)
        .take_while(|tick| *tick <= range.end)
        .collect()
}

/// 1, 2 and 5 times powers of ten between the powers of ten given by `range`, or the powers alone when there are many.
fn log_ticks(range: &Range<f64>) -> Vec<f64> {
    let factors: &[f64] = if range.end - range.start > 3.0 {
        &[1.0]
    } else {
        &[1.0, 2.0, 5.0]
    };
    let powers = (range.start.floor() as i32)..=(range.end.ceil() as i32);
    let ticks = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
    ticks.filter(|tick| range.contains(&tick.log10())).collect()
}
