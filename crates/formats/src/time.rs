//! Moments, and the time between frames, in seconds.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A calendar date and time of day in UTC as seconds since 1970.
pub(crate) fn utc(year: i16, month: i8, day: i8, seconds: f64) -> Option<i64> {
    let midnight = DateTime::from_parts(Date::new(year, month, day).ok()?, jiff::civil::Time::midnight());
    let midnight = midnight.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    (seconds.is_finite() && (-1e6..1e6).contains(&seconds)).then(|| midnight + seconds.round() as i64)
}

/// `2010-08-26T00:05:00Z`, of seconds since 1970.
pub fn written(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| format!("{seconds} s"), |time| time.to_string())
}

/// A date and time such as `2019-03-01`, `2019-03-01T06:00` or `2019-03-01T06:00:00Z`, in UTC unless it says otherwise, as
/// seconds since 1970.
pub fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_second());
    }
    let time = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(time.timestamp().as_second())
}

/// A unit of time since a moment, as CF files have it: `hours since 1900-01-01 00:00:00`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Epoch {
    /// Seconds of one unit.
    unit: f64,
    /// Seconds since 1970.
    start: i64,
}

impl Epoch {
    pub(crate) fn parse(units: &str) -> Option<Self> {
        let (unit, since) = units.trim().split_once(" since ")?;
        let unit = match unit.trim().to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "ms" | "msec" | "millisecond" | "milliseconds" => 1e-3,
            "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => return None,
        };
        let since = since.trim().trim_end_matches("UTC").trim_end_matches('Z').trim();
        let (date, clock) = since.split_once(['T', ' ']).unwrap_or((since, ""));
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let seconds = clock_seconds(clock)?;
        let start = utc(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?, seconds)?;
        Some(Self { unit, start })
    }

    pub(crate) fn seconds(self, value: f64) -> Option<i64> {
        let seconds = value * self.unit;
        (seconds.is_finite() && seconds.abs() < 1e12).then(|| self.start + seconds.round() as i64)
    }
}

/// `12:30:15.5 +01:00` as seconds of the day in UTC; nothing at all is midnight.
fn clock_seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let (clock, zone) = match text.find(['+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let colons = |text: &str| -> Option<f64> {
        let mut seconds = 0.0;
        let mut unit = 3600.0;
        for part in text.trim().split(':').filter(|part| !part.is_empty()) {
            seconds += part.parse::<f64>().ok()? * unit;
            unit /= 60.0;
        }
        Some(seconds)
    };
    let shift = match zone.split_at_checked(1) {
        Some(("-", zone)) => -colons(zone)?,
        Some((_, zone)) => colons(zone)?,
        None => 0.0,
    };
    Some(colons(clock)? - shift)
}

/// The usual time between two frames in seconds: the most frequent difference, the smallest of them where several are.
pub fn step(times: &[i64]) -> Option<i64> {
    let mut counts = std::collections::BTreeMap::new();
    for pair in times.windows(2).filter(|pair| pair[1] > pair[0]) {
        *counts.entry(pair[1] - pair[0]).or_insert(0usize) += 1;
    }
    let most = counts.values().max().copied()?;
    counts
        .into_iter()
        .find(|(_, count)| *count == most)
        .map(|(step, _)| step)
}

/// Whether a frame that comes `difference` seconds after another is its next, up to a quarter of a step.
pub fn follows(difference: i64, step: i64) -> bool {
    4 * (difference - step).abs() <= step
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_are_read_as_files_write_them() {
        let seconds = |units: &str, value: f64| Epoch::parse(units).and_then(|epoch| epoch.seconds(value));
        assert_eq!(seconds("hours since 1900-01-01 00:00:00.0", 613_608.0), Some(0));
        assert_eq!(seconds("days since 1970-1-1", 1.5), Some(129_600));
        assert_eq!(seconds("seconds since 1970-01-01T01:00:00Z", 0.0), Some(3600));
        assert_eq!(seconds("minutes since 1970-01-01 01:00 +01:00", 2.0), Some(120));
        for units in [
            "K",
            "months since 1970-01-01",
            "hours since then",
            "hours since 1970-13-01",
            "hours since 1-1",
        ] {
            assert_eq!(seconds(units, 0.0), None, "{units}");
        }
        assert_eq!(seconds("hours since 1970-01-01", f64::NAN), None);
        assert_eq!(seconds("hours since 1970-01-01", 1e300), None);
        assert_eq!(written(1_282_780_800), "2010-08-26T00:00:00Z");
        let day = Some(1_551_398_400);
        for text in [
            "2019-03-01",
            "2019-03-01T00:00",
            "2019-03-01 00:00:00",
            "2019-03-01T01:00:00+01:00",
        ] {
            assert_eq!(super::seconds(text), day, "{text}");
        }
        assert_eq!(super::seconds("2019-03-01T06:00:00Z"), day.map(|day| day + 21_600));
        assert_eq!(super::seconds("yesterday"), None);
    }

    #[test]
    fn the_step_is_the_usual_difference() {
        assert_eq!(step(&[0, 300, 600, 1200, 1500]), Some(300));
        assert_eq!(step(&[5]), None);
        assert_eq!(step(&[5, 5]), None);
        assert!(follows(300, 300) && follows(330, 300) && !follows(600, 300) && !follows(0, 300));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(units in "(hours|days)? ?since ?[0-9TZ:+. -]{0,24}|\\PC{0,40}", value in any::<f64>()) {
            if let Some(epoch) = Epoch::parse(&units) {
                let _ = epoch.seconds(value);
            }
        }
    }
}
