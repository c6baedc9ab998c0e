//! Times in the names of files.

use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How precisely a name says a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// To the minute, or to the second.
    Minute,
    /// `2024022923.png`
    Hour,
    /// `2024-02-29.png`
    Day,
    /// `202402.png`
    Month,
}

/// The first date with hour and minute in a file's name, taken as UTC, in seconds since 1970:
/// `RAD_NL25_RAP_5min_201008260005.h5`, `20240229T235500Z.png`, `radar-2024-02-29_23.55.npy`.
pub fn named_time(path: &Path) -> Option<i64> {
    named(path, Precision::Minute)
}

/// The first date of this precision in a file's name, in seconds since 1970, or in months.
pub(super) fn named(path: &Path, precision: Precision) -> Option<i64> {
    let name = path.file_name()?.to_string_lossy();
    let name = name.as_bytes();
    let begins = |at: &usize| *at == 0 || !name[*at - 1].is_ascii_digit();
    (0..name.len())
        .filter(begins)
        .find_map(|at| moment(&name[at..], precision))
}

/// The moment at the very beginning of `text`.
fn moment(mut text: &[u8], precision: Precision) -> Option<i64> {
    let is_over = |text: &[u8]| !text.first().is_some_and(u8::is_ascii_digit);
    let year = number(&mut text, 4)?;
    if !(1900..2200).contains(&year) {
        return None;
    }
    separator(&mut text, b"-_.");
    let month = number(&mut text, 2)?;
    if precision == Precision::Month {
        let is_month = (1..=12).contains(&month) && is_over(text);
        return is_month.then(|| 12 * i64::from(year) + i64::from(month));
    }
    separator(&mut text, b"-_.");
    let day = number(&mut text, 2)?;
    let [mut hour, mut minute, mut second] = [0; 3];
    if precision != Precision::Day {
        separator(&mut text, b"T-_. ");
        hour = number(&mut text, 2)?;
    }
    if precision == Precision::Minute {
        separator(&mut text, b":-_.");
        minute = number(&mut text, 2)?;
        // Seconds only where something like them follows: `..._0005.h5` has none.
        let mut rest = text;
        separator(&mut rest, b":");
        second = number(&mut rest, 2).inspect(|_| text = rest).unwrap_or(0);
    }
    if !is_over(text) {
        return None;
    }
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(|part| part as i8);
    let moment = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Takes `digits` digits off the front.
fn number(text: &mut &[u8], digits: usize) -> Option<i16> {
    let (front, rest) = text.split_at_checked(digits)?;
    let mut number = 0;
    for digit in front {
        number = 10 * number + i16::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    *text = rest;
    Some(number)
}

/// Takes one of `separators` off the front, if it is there.
fn separator(text: &mut &[u8], separators: &[u8]) {
    if let [first, rest @ ..] = *text
        && separators.contains(first)
    {
        *text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_found_in_names_as_agencies_write_them() {
        for (name, time) in [
            ("RAD_NL25_RAP_5min_201008260005.h5", Some(1_282_781_100)),
            ("20240229T235500Z.png", Some(1_709_250_900)),
            ("radar-2024-02-29_23.55.npy", Some(1_709_250_900)),
            ("2024-02-29 23:55:07.npy", Some(1_709_250_907)),
            ("T_PAJK40_C_EUOC_20240229235500.hdf", Some(1_709_250_900)),
            ("frame-0012.png", None),
            ("20240229.nc", None),
            ("20230229T2355.nc", None),
            ("20240229T2460.nc", None),
            ("2024022923550.nc", None),
        ] {
            assert_eq!(named_time(Path::new(name)), time, "{name}");
        }
    }

    #[test]
    fn dates_without_a_time_of_day_are_found_where_they_are_looked_for() {
        let of = |name: &str| [Precision::Hour, Precision::Day, Precision::Month].map(|to| named(Path::new(name), to));
        assert_eq!(of("t2m_2024022923.png"), [Some(1_709_247_600), None, None]);
        assert_eq!(of("t2m_20240229.png"), [None, Some(1_709_164_800), None]);
        assert_eq!(of("2024-02-29_0001.png")[1], Some(1_709_164_800));
        assert_eq!(of("202402.png"), [None, None, Some(12 * 2024 + 2)]);
        assert_eq!(of("202413.png"), [None; 3]);
        assert_eq!(of("frame-0012.png"), [None; 3]);
    }

    proptest! {
        #[test]
        fn no_name_is_too_strange(name in "\\PC{0,40}|[0-9T_.:-]{0,30}") {
            for precision in [Precision::Minute, Precision::Hour, Precision::Day, Precision::Month] {
                let _ = named(Path::new(&name), precision);
            }
        }
    }
}
