//! A report for people to read.

mod markdown;
mod numbers;
pub mod pipeline;
mod terminal;
pub mod trajectory;

use crate::memory::Memory;
use crate::report::{Report, Row};
use crate::scaling::Scaling;
use numbers::{bytes, percent, ratio, seconds, seconds_or_error};

pub use markdown::markdown;
pub use terminal::terminal;

/// Cells, row by row.
struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// The missing value.
const NONE: &str = "-";

/// The times of all cases: rates where ours stands alone, ratios where PyTorch stands beside it.
fn times(report: &Report) -> Table {
    if report.pytorch.is_none() {
        return Table {
            header: vec!["case", "median", "GFLOP/s", "GB/s", "floor", "share"],
            rows: report.rows.iter().map(alone).collect(),
        };
    }
    Table {
        header: vec![
            "case",
            "Foreframe",
            "PyTorch",
            "compiled",
            "ratio (quartiles)",
            "rounds",
            "goal",
            "GFLOP",
            "MB",
            "floor",
            "share",
        ],
        rows: report.rows.iter().map(beside).collect(),
    }
}

fn alone(row: &Row) -> Vec<String> {
    let rate = |amount: u64| match (&row.foreframe, amount) {
        (Ok(seconds), 1..) => format!("{:.1}", amount as f64 / seconds / 1e9),
        _ => NONE.to_owned(),
    };
    vec![
        row.name.clone(),
        seconds_or_error(&row.foreframe),
        rate(row.roofline.operations),
        rate(row.roofline.bytes),
        seconds(row.roofline_seconds),
        percent(row.share()),
    ]
}

fn beside(row: &Row) -> Vec<String> {
    let optional = |outcome: &Option<Result<f64, String>>| outcome.as_ref().map_or(NONE.to_owned(), seconds_or_error);
    let verdict = match row.is_met() {
        Some(true) => " met",
        Some(false) => " missed",
        None => "",
    };
    let amount = |amount: u64, unit: f64| match amount {
        0 => NONE.to_owned(),
        amount => format!("{:.2}", amount as f64 / unit),
    };
    vec![
        row.name.clone(),
        seconds_or_error(&row.foreframe),
        optional(&row.eager),
        optional(&row.compiled),
        ratio(row.ratio.as_ref()),
        row.rounds.to_string(),
        row.goal.map_or(NONE.to_owned(), |goal| format!("{goal}{verdict}")),
        amount(row.roofline.operations, 1e9),
        amount(row.roofline.bytes, 1e6),
        seconds(row.roofline_seconds),
        percent(row.share()),
    ]
}

/// The memory of all training steps.
fn memory(report: &Report) -> Table {
    let row = |memory: &Memory| {
        let ours = memory.foreframe.as_ref().map_or_else(Clone::clone, |&peak| bytes(peak));
        let mut cells = vec![memory.name.clone(), ours];
        if let Some(pytorch) = &memory.pytorch {
            let theirs = |peak: Option<u64>| peak.map_or(NONE.to_owned(), bytes);
            match pytorch {
                Ok(found) => {
                    cells.push(theirs(found.steps.checked_sub(found.import)));
                    cells.push(theirs(Some(found.import)));
                }
                Err(error) => cells.extend([error.clone(), NONE.to_owned()]),
            }
            cells.push(memory.ratio().map_or(NONE.to_owned(), |ratio| format!("{ratio:.2}")));
        }
        cells
    };
    let mut header = vec!["train step", "Foreframe"];
    if report.pytorch.is_some() {
        header.extend(["PyTorch less its import", "the import", "ratio"]);
    }
    Table {
        header,
        rows: report.memory.iter().map(row).collect(),
    }
}

/// Speed-up by a second thread.
fn scaling(report: &Report) -> Table {
    let row = |scaling: &Scaling| match &scaling.seconds {
        Ok([one, two]) => vec![
            scaling.name.clone(),
            seconds(*one),
            seconds(*two),
            scaling
                .speedup()
                .map_or(NONE.to_owned(), |speedup| format!("{speedup:.2}")),
        ],
        Err(error) => vec![scaling.name.clone(), error.clone(), NONE.to_owned(), NONE.to_owned()],
    };
    Table {
        header: vec!["case", "one thread", "two threads", "times as fast"],
        rows: report.scaling.iter().map(row).collect(),
    }
}

/// Versions, machine and settings, in lines.
fn conditions(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("{}, {} threads", report.machine, report.threads),
        format!(
            "foreframe {}, backend {}, {}",
            report.version, report.backend, report.precision
        ),
    ];
    lines.extend(report.pytorch.iter().map(|pytorch| format!("PyTorch {pytorch}")));
    lines.push(format!(
        "measured peak: {:.0} GFLOP/s, {:.1} GB/s",
        report.peak.operations / 1e9,
        report.peak.bytes / 1e9
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Roofline;
    use crate::memory::PyTorchMemory;
    use crate::peak::Peak;
    use crate::precision::Precision;
    use crate::statistics::Ratio;

    fn report(pytorch: bool) -> Report {
        Report {
            version: "1.2.3",
            backend: "flex".to_owned(),
            precision: Precision::F32,
            threads: 2,
            machine: "A processor".to_owned(),
            pytorch: pytorch.then(|| "2.15 on A processor".to_owned()),
            peak: Peak {
                operations: 2e11,
                bytes: 3e10,
            },
            rows: vec![Row {
                name: "conv".to_owned(),
                goal: Some(0.9),
                roofline: Roofline {
                    operations: 2_000_000_000,
                    bytes: 3_000_000,
                },
                roofline_seconds: 0.01,
                rounds: 5,
                foreframe: Ok(0.02),
                eager: pytorch.then_some(Ok(0.04)),
                compiled: pytorch.then(|| Err("no compiler".to_owned())),
                ratio: pytorch.then_some(Ratio {
                    median: 0.5,
                    lower: 0.45,
                    upper: 0.6,
                }),
            }],
            memory: vec![Memory {
                name: "tau".to_owned(),
                foreframe: Ok(300 << 20),
                pytorch: pytorch.then_some(Ok(PyTorchMemory {
                    import: 500 << 20,
                    steps: 1100 << 20,
                })),
            }],
            scaling: vec![Scaling {
                name: "tau train step".to_owned(),
                seconds: Ok([1.9, 1.0]),
            }],
        }
    }

    #[test]
    fn alone_there_are_rates() {
        let text = terminal(&report(false));
        for part in ["20.0 ms", "100.0", "50 %", "300 MiB", "1.90", "200 GFLOP/s"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains("PyTorch"), "{text}");
    }

    #[test]
    fn beside_pytorch_there_are_ratios() {
        let text = markdown(&report(true));
        for part in [
            "| conv | 20.0 ms | 40.0 ms | no compiler | 0.50 (0.45 to 0.60) | 5 | 0.9 met | 2.00 | 3.00 | 10.0 ms | 50 % |",
            "| tau | 300 MiB | 600 MiB | 500 MiB | 0.50 |",
            "| tau train step | 1.90 s | 1.00 s | 1.90 |",
            "| --- | ---: |",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
