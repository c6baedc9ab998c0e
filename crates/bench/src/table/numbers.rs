//! Numbers with their units.

use crate::statistics::Ratio;

/// Three digits and the unit that suits them.
pub(super) fn seconds(seconds: f64) -> String {
    let (value, unit) = match seconds {
        1.0.. => (seconds, "s"),
        1e-3.. => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "µs"),
    };
    let digits = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}")
}

pub(super) fn seconds_or_error(outcome: &Result<f64, String>) -> String {
    match outcome {
        Ok(time) => seconds(*time),
        Err(error) => error.clone(),
    }
}

pub(super) fn bytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or(super::NONE.to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

pub(super) fn ratio(ratio: Option<&Ratio>) -> String {
    ratio.map_or(super::NONE.to_owned(), |ratio| {
        format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.lower, ratio.upper)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        let all = [1234.0, 1.5, 0.045_12, 0.000_123_4, 2.5e-6].map(seconds);
        assert_eq!(all, ["1234 s", "1.50 s", "45.1 ms", "123 µs", "2.50 µs"]);
    }
}
