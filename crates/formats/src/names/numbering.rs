//! Frames in files of their own, whose names say that some are missing.

use std::path::{Path, PathBuf};

use super::stamp::{Precision, named};
use crate::time::{follows, step};

/// Numbering in the names of consecutive files.
#[derive(Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Nothing: they have no number, or none that grows from each file to the next.
    None,
    /// Numbers or times that grow, but by no usual step.
    Irregular,
    /// Numbers or times that grow by one step, except before the files of these positions, where some are missing.
    Regular(Vec<usize>),
}

/// The numbering in the names of files in natural order. Times count as such: after `202402292355` comes `202403010000`.
pub fn numbering(files: &[PathBuf]) -> Numbering {
    if files.len() < 2 {
        return Numbering::None;
    }
    let precisions = [Precision::Minute, Precision::Hour, Precision::Day, Precision::Month];
    for precision in precisions {
        let times: Option<Vec<i64>> = files.iter().map(|file| named(file, precision)).collect();
        if let Some(times) = times.filter(|times| grows(times)) {
            return regular(&times, follows);
        }
    }
    let names: Option<Vec<Name>> = files.iter().map(|file| Name::of(file)).collect();
    let Some(names) = names.filter(|names| names.iter().all(|name| name.text == names[0].text)) else {
        return Numbering::None;
    };
    let columns = (0..names[0].numbers.len()).map(|column| names.iter().map(|name| name.numbers[column]).collect());
    let growing = columns.filter(|numbers: &Vec<i64>| grows(numbers));
    let readings: Vec<Numbering> = growing
        .map(|numbers| regular(&numbers, |by, step| by == step))
        .collect();
    let is_regular = |reading: &Numbering| matches!(reading, Numbering::Regular(_));
    match readings.iter().position(is_regular) {
        Some(first) => readings.into_iter().nth(first).unwrap_or(Numbering::None),
        None => readings.into_iter().next().unwrap_or(Numbering::None),
    }
}

/// Cuts files in natural order where their names say that some are missing, with a warning that names the first place.
pub fn stretches(folder: &Path, files: Vec<PathBuf>) -> Vec<Vec<PathBuf>> {
    let gaps = match numbering(&files) {
        Numbering::Regular(gaps) => gaps,
        Numbering::None => Vec::new(),
        Numbering::Irregular => {
            tracing::warn!(
                "the numbers or times in the names of the images in `{}` grow by no usual step: every image is taken for the \
                 next frame",
                folder.display()
            );
            Vec::new()
        }
    };
    if let Some(first) = gaps.first() {
        tracing::warn!(
            "{} gaps in the numbers or times of the images in `{}`, the first from {}: no clip crosses them",
            gaps.len(),
            folder.display(),
            describe_gap(&files[first - 1], &files[*first])
        );
    }
    let mut stretches = Vec::with_capacity(gaps.len() + 1);
    let mut rest = files;
    for gap in gaps.into_iter().rev() {
        stretches.push(rest.split_off(gap));
    }
    stretches.push(rest);
    stretches.reverse();
    stretches
}

/// A gap in words: `f002.png` to `f004.png`.
pub fn describe_gap(before: &Path, after: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    format!("{} to {}", name(before), name(after))
}

/// The numbers in a name and what stands around them.
struct Name {
    numbers: Vec<i64>,
    text: Vec<String>,
}

impl Name {
    /// `None` where a number is too large to count.
    fn of(path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_string_lossy();
        let (mut numbers, mut text, mut rest) = (Vec::new(), Vec::new(), stem.as_ref());
        loop {
            let begin = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
            text.push(rest[..begin].to_owned());
            rest = &rest[begin..];
            if rest.is_empty() {
                return Some(Self { numbers, text });
            }
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            numbers.push(rest[..end].parse().ok()?);
            rest = &rest[end..];
        }
    }
}

fn grows(numbers: &[i64]) -> bool {
    numbers.windows(2).all(|pair| pair[0] < pair[1])
}

/// Where growing numbers leave some out. With fewer than every second difference the usual one, none is usual.
fn regular(numbers: &[i64], is_next: fn(i64, i64) -> bool) -> Numbering {
    let Some(step) = step(numbers) else {
        return Numbering::None;
    };
    let differences = numbers.windows(2).map(|pair| pair[1] - pair[0]).enumerate();
    let gaps: Vec<usize> = differences
        .filter(|(_, by)| !is_next(*by, step))
        .map(|(before, _)| before + 1)
        .collect();
    match 2 * gaps.len() < numbers.len() {
        true => Numbering::Regular(gaps),
        false => Numbering::Irregular,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Numbering {
        numbering(&names.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    fn gaps(gaps: &[usize]) -> Numbering {
        Numbering::Regular(gaps.to_vec())
    }

    #[test]
    fn missing_numbers_are_found() {
        assert_eq!(of(&["f001.png", "f002.png", "f004.png"]), gaps(&[2]));
        assert_eq!(of(&["f001.png", "f002.png", "f003.png"]), gaps(&[]));
        // Of different widths, with another ending, beginning anywhere.
        assert_eq!(of(&["8.png", "9.jpg", "10.png", "012.png", "13.png"]), gaps(&[3]));
        // In steps of 5 and 10.
        assert_eq!(of(&["t0.png", "t5.png", "t10.png", "t20.png", "t25.png"]), gaps(&[3]));
        assert_eq!(of(&["a10b", "a20b", "a30b", "a50b", "a60b", "a90b"]), gaps(&[3, 5]));
        // Several numbers, one of them running, or two of them together.
        assert_eq!(of(&["cam2_f7_v1", "cam2_f8_v1", "cam2_f10_v1"]), gaps(&[2]));
        assert_eq!(of(&["f1_t05", "f2_t10", "f4_t20", "f5_t25"]), gaps(&[2]));
        assert_eq!(of(&["1_83724", "2_99001", "4_99002", "5_99004"]), gaps(&[2]));
    }

    #[test]
    fn names_that_do_not_count_say_nothing() {
        assert_eq!(of(&["a.png", "b.png", "d.png"]), Numbering::None);
        assert_eq!(of(&["f1.png"]), Numbering::None);
        // Two counters within each other, versions, names of another form, the same number twice.
        assert_eq!(of(&["s1_f1", "s1_f2", "s2_f1", "s2_f2"]), Numbering::None);
        assert_eq!(of(&["a1.png", "a2.png", "b4.png"]), Numbering::None);
        assert_eq!(of(&["f1.jpg", "f1.png", "f3.png"]), Numbering::None);
        assert_eq!(of(&["99999999999999999998", "99999999999999999999"]), Numbering::None);
        assert_eq!(of(&["17", "203", "964", "1021"]), Numbering::Irregular);
    }

    #[test]
    fn times_are_no_counters() {
        let five = ["202002292350", "202002292355", "202003010000", "202003010005"];
        assert_eq!(of(&five), gaps(&[]));
        assert_eq!(
            of(&["r_20200229T2350Z", "r_20200229T2355Z", "r_20200301T0005Z"]),
            gaps(&[2])
        );
        // A clock that is a few seconds late misses nothing.
        assert_eq!(
            of(&["20200229_235500", "20200301_000012", "20200301_000500"]),
            gaps(&[])
        );
        assert_eq!(
            of(&["2020022922", "2020022923", "2020030100", "2020030102"]),
            gaps(&[3])
        );
        assert_eq!(
            of(&["2020-02-28", "2020-02-29", "2020-03-01", "2020-03-03"]),
            gaps(&[3])
        );
        assert_eq!(of(&["201911", "201912", "202001", "202003"]), gaps(&[3]));
        // A date that all names share, before a counter.
        assert_eq!(of(&["20200229_098", "20200229_099", "20200229_101"]), gaps(&[2]));
    }
}
