//! Summaries of times that vary.

use serde::Serialize;

/// The value below which the share `quantile` of `values` lies, between neighbors in proportion.
pub(crate) fn quantile(values: &[f64], quantile: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = quantile * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// The middle value, which ignores the odd slow round.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A ratio that was measured round by round.
#[derive(Serialize, Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The middle one of all rounds.
    pub median: f64,
    /// Below it lies a quarter of the rounds.
    pub lower: f64,
    /// Above it lies a quarter of the rounds.
    pub upper: f64,
}

impl Ratio {
    /// The ratios of two series of the same rounds.
    pub fn of(numerators: &[f64], denominators: &[f64]) -> Self {
        let ratios: Vec<f64> = numerators.iter().zip(denominators).map(|(a, b)| a / b).collect();
        Self {
            median: median(&ratios),
            lower: quantile(&ratios, 0.25),
            upper: quantile(&ratios, 0.75),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_the_odd_slow_round() {
        assert_eq!(median(&[3.0, 900.0, 1.0]), 3.0);
        assert_eq!(median(&[4.0, 900.0, 2.0, 1.0]), 3.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // A machine that slows down slows both.
        let ratio = Ratio::of(&[1.0, 2.0, 4.0, 8.0, 16.0], &[2.0, 4.0, 8.0, 16.0, 16.0]);
        assert_eq!((ratio.median, ratio.lower, ratio.upper), (0.5, 0.5, 0.5));
        let ratio = Ratio::of(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0; 5]);
        assert_eq!((ratio.median, ratio.lower, ratio.upper), (3.0, 2.0, 4.0));
    }
}
