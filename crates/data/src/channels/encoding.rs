//! The time of the day, week or year as channels.

use std::f64::consts::TAU;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;

/// A time as the sine and the cosine of an angle, each the same at every pixel. Times are in UTC.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum TimeEncoding {
    /// Once round a day; midnight is 0.
    Hour,
    /// Once round a week; the beginning of Monday is 0.
    DayOfWeek,
    /// Once round a year of 365 or 366 days; the beginning of 1 January is 0.
    DayOfYear,
}

impl TimeEncoding {
    /// Names of its two channels.
    pub(super) fn names(self) -> [String; 2] {
        let name = match self {
            Self::Hour => "hour",
            Self::DayOfWeek => "day-of-week",
            Self::DayOfYear => "day-of-year",
        };
        [format!("{name}-sine"), format!("{name}-cosine")]
    }

    /// Sine and cosine of the angle at a time, in seconds since 1970.
    pub(super) fn values(self, time: i64) -> [f32; 2] {
        let share = |of: i64, length: i64| of.rem_euclid(length) as f64 / length as f64;
        let turn = match self {
            Self::Hour => share(time, DAY),
            // 1 January 1970 was a Thursday.
            Self::DayOfWeek => share(time + 3 * DAY, WEEK),
            Self::DayOfYear => year(time),
        };
        let (sine, cosine) = (TAU * turn).sin_cos();
        [sine as f32, cosine as f32]
    }
}

/// The share of its year that is over at `time`.
fn year(time: i64) -> f64 {
    let begins = |year: i16| {
        let date = Date::new(year, 1, 1).and_then(|date| date.to_zoned(TimeZone::UTC));
        date.map(|date| date.timestamp().as_second())
    };
    let of = |time: i64| -> Result<f64, jiff::Error> {
        let year = Timestamp::from_second(time)?.to_zoned(TimeZone::UTC).year();
        let (start, end) = (begins(year)?, begins(year + 1)?);
        Ok((time - start) as f64 / (end - start) as f64)
    };
    // Beyond the years 1 to 9998 nobody has weather.
    of(time).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(encoding: TimeEncoding, time: i64, turn: f64) {
        let [sine, cosine] = encoding.values(time);
        let (expected_sine, expected_cosine) = (TAU * turn).sin_cos();
        let difference = (f64::from(sine) - expected_sine).abs() + (f64::from(cosine) - expected_cosine).abs();
        assert!(
            difference < 1e-6,
            "{encoding:?} at {time}: {sine} {cosine}, expected turn {turn}"
        );
    }

    #[test]
    fn angles_are_shares_of_day_week_and_year() {
        // 2019-03-01T06:00:00Z, a Friday, day 60 of 365.
        let friday = 1_551_420_000;
        near(TimeEncoding::Hour, friday, 0.25);
        near(TimeEncoding::DayOfWeek, friday, 4.25 / 7.0);
        near(TimeEncoding::DayOfYear, friday, 59.25 / 365.0);
        // 2020-12-31T18:00:00Z, the last day of a leap year.
        near(TimeEncoding::DayOfYear, 1_609_437_600, 365.75 / 366.0);
        // 1969-12-31T18:00:00Z, a Wednesday.
        near(TimeEncoding::Hour, -21_600, 0.75);
        near(TimeEncoding::DayOfWeek, -21_600, 2.75 / 7.0);
        near(TimeEncoding::DayOfYear, -21_600, 364.75 / 365.0);
        near(TimeEncoding::DayOfYear, i64::MAX, 0.0);
    }
}
