//! Names in the order a person expects.

use std::cmp::Ordering;
use std::path::Path;

/// Compares file names with runs of digits as numbers: `2` before `10`. Names that differ only in leading zeros are
/// ordered byte by byte, so that the order is total.
pub fn natural_order(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.to_string_lossy(), b.to_string_lossy());
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let ordering = match (left.first(), right.first()) {
            (None, None) => return a.cmp(&b),
            (Some(l), Some(r)) if l.is_ascii_digit() && r.is_ascii_digit() => {
                let (l, r) = (take_number(&mut left), take_number(&mut right));
                l.len().cmp(&r.len()).then_with(|| l.cmp(r))
            }
            (l, r) => {
                left = left.get(1..).unwrap_or_default();
                right = right.get(1..).unwrap_or_default();
                l.cmp(&r)
            }
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// Whether a file is one that systems hide, as `.DS_Store` and unfinished files are.
pub fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// The digits at the front, without leading zeros.
fn take_number<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let end = bytes
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(bytes.len());
    let (digits, rest) = bytes.split_at(end);
    *bytes = rest;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let sorted = [
            "a",
            "a1b",
            "a2",
            "a02b",
            "a10",
            "a99999999999999999999",
            "b",
            "b1/c9",
            "b1/c10",
            "é",
        ];
        let mut names = sorted.map(Path::new);
        names.reverse();
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, sorted.map(Path::new));
        assert_eq!(natural_order(Path::new("a01"), Path::new("a1")), Ordering::Less);
    }
}
