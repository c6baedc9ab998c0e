//! Times in the names of files.

use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The first date with hour and minute in a file's name, taken as UTC, in seconds since 1970:
/// `RAD_NL25_RAP_5min_201008260005.h5`, `20240229T235500Z.png`, `radar-2024-02-29_23.55.npy`.
pub(super) fn named_time(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_string_lossy();
    let name = name.as_bytes();
    let begins = |at: &usize| *at == 0 || !name[*at - 1].is_ascii_digit();
    (0..name.len()).filter(begins).find_map(|at| moment(&name[at..]))
}

/// The moment at the very beginning of `text`.
fn moment(mut text: &[u8]) -> Option<i64> {
    let year = number(&mut text, 4)?;
    if !(1900..2200).contains(&year) {
        return None;
    }
    separator(&mut text, b"-_.");
    let month = number(&mut text, 2)?;
    separator(&mut text, b"-_.");
    let day = number(&mut text, 2)?;
    separator(&mut text, b"T-_. ");
    let hour = number(&mut text, 2)?;
    separator(&mut text, b":-_.");
    let minute = number(&mut text, 2)?;
    // Seconds only where something like them follows: `..._0005.h5` has none.
    let mut rest = text;
    separator(&mut rest, b":");
    let second = number(&mut rest, 2).inspect(|_| text = rest).unwrap_or(0);
    if text.first().is_some_and(u8::is_ascii_digit) {
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

    proptest! {
        #[test]
        fn no_name_is_too_strange(name in "\\PC{0,40}|[0-9T_.:-]{0,30}") {
            let _ = named_time(Path::new(&name));
        }
    }
}
