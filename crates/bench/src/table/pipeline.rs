//! The table of the loader's and the scores' timings.

use super::markdown::draw;
use super::numbers::{seconds, seconds_or_error};
use super::{NONE, Table, terminal};
use crate::pipeline::{GOAL, Pipeline, Scoring};

const ABOUT: &str = "\
Written by `foreframe bench --pipeline --write FILE`. The loader makes batches of clips of 10 + 10 frames of 64x64 in random \
order, on its one thread, and the consumer throws them away; the mapped file (82 MB) lies in the system's cache after the first \
round, which does not count. A network consumes as many clips per second as its training step takes, all threads computing. \
Scores are those of `foreframe-metrics`, on one thread, per frame of one channel; times of events and fractions are what they add, \
for all thresholds together, in processor time, the shortest of 15 rounds or more; FSS of another neighborhood should take no longer.";

/// A page of the book.
pub fn page(pipeline: &Pipeline) -> String {
    let mut page = format!("# Speed of the loader and of the scores\n\n{ABOUT}\n\n");
    for line in conditions(pipeline) {
        page.push_str(&format!("- {line}\n"));
    }
    for (title, table) in tables(pipeline) {
        page.push_str(&format!("\n## {title}\n\n"));
        draw(&mut page, &table);
    }
    page
}

/// The same for terminals.
pub fn text(pipeline: &Pipeline) -> String {
    let mut parts = vec![conditions(pipeline).join("\n")];
    parts.extend(tables(pipeline).iter().map(|(_, table)| terminal::drawn(table)));
    parts.join("\n\n")
}

fn tables(pipeline: &Pipeline) -> [(&'static str, Table); 3] {
    [
        ("The loader", feeding(pipeline)),
        ("What networks consume", steps(pipeline)),
        ("Scores of one frame", scoring(pipeline)),
    ]
}

fn conditions(pipeline: &Pipeline) -> Vec<String> {
    let mut lines = vec![
        format!("{}, {} threads", pipeline.machine, pipeline.threads),
        format!(
            "foreframe {}, backend {}{}",
            pipeline.version,
            pipeline.backend,
            if pipeline.optimized {
                ""
            } else {
                ", a development build, which is slower"
            }
        ),
        format!("rounds: {}, batches of {} clips", pipeline.rounds, pipeline.batch),
    ];
    // This program's own work has not begun when the load is read.
    lines.extend(pipeline.load.map(|load| match load < 0.3 {
        true => format!("the machine was idle before (load {load:.2})"),
        false => format!("the machine was shared with other programs: load {load:.2} in the minute before"),
    }));
    lines
}

fn feeding(pipeline: &Pipeline) -> Table {
    let fastest = pipeline.fastest();
    let row = |feeding: &crate::pipeline::Feeding| {
        let times = fastest.map(|(_, rate)| feeding.clips_per_second / rate);
        let verdict = |times: f64| if times >= GOAL { "met" } else { "missed" };
        vec![
            feeding.source.to_owned(),
            format!("{:.0}", feeding.clips_per_second),
            format!("{:.0}", feeding.frames_per_second),
            times.map_or(NONE.to_owned(), |times| format!("{times:.0}")),
            times.map_or(NONE.to_owned(), |times| format!("{GOAL} {}", verdict(times))),
        ]
    };
    Table {
        header: vec!["source", "clips/s", "frames/s", "times the fastest network", "goal"],
        rows: pipeline.feeding.iter().map(row).collect(),
    }
}

fn steps(pipeline: &Pipeline) -> Table {
    let batch = pipeline.batch as f64;
    let row = |step: &crate::pipeline::Consumer| {
        let rate = step.clips_per_second.as_ref();
        vec![
            step.network.to_owned(),
            seconds_or_error(&step.clips_per_second.clone().map(|rate| batch / rate)),
            rate.map_or(NONE.to_owned(), |rate| format!("{rate:.2}")),
        ]
    };
    Table {
        header: vec!["train step of", "time", "clips/s"],
        rows: pipeline.steps.iter().map(row).collect(),
    }
}

fn scoring(pipeline: &Pipeline) -> Table {
    let mut rows = Vec::new();
    for scoring in &pipeline.scoring {
        let Scoring {
            side,
            errors,
            events,
            fractions,
        } = scoring;
        let mut row = |what: String, time: f64| {
            let per_pixel = 1e9 * time / (side * side) as f64;
            rows.push(vec![
                format!("{side}x{side}"),
                what,
                seconds(time),
                format!("{per_pixel:.1} ns"),
            ]);
        };
        row("errors, PSNR, both SSIM".to_owned(), *errors);
        row(
            format!(
                "CSI, POD, FAR and the other event scores, {} thresholds",
                pipeline.thresholds()
            ),
            *events,
        );
        for (scale, time) in fractions {
            row(format!("FSS, neighborhoods of {scale}x{scale}"), *time);
        }
    }
    Table {
        header: vec!["frame", "scores", "time", "per pixel"],
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{Consumer, Feeding};

    #[test]
    fn the_loader_is_compared_with_the_fastest_network() {
        let pipeline = Pipeline {
            version: "1.2.3",
            backend: "flex".to_owned(),
            threads: 2,
            machine: "A processor".to_owned(),
            optimized: true,
            load: Some(2.5),
            rounds: 3,
            batch: 4,
            feeding: vec![Feeding {
                source: "mapped",
                clips_per_second: 3000.0,
                frames_per_second: 60_000.0,
            }],
            steps: vec![
                Consumer {
                    network: "slow",
                    clips_per_second: Ok(0.5),
                },
                Consumer {
                    network: "fast",
                    clips_per_second: Ok(4.0),
                },
                Consumer {
                    network: "broken",
                    clips_per_second: Err("no memory".to_owned()),
                },
            ],
            scoring: vec![Scoring {
                side: 100,
                errors: 2e-3,
                events: 1e-4,
                fractions: vec![(5, 3e-4)],
            }],
        };
        let page = page(&pipeline);
        for part in [
            "| mapped | 3000 | 60000 | 750 | 10 met |",
            "| fast | 1.00 s | 4.00 |",
            "| broken | no memory | - |",
            "| 100x100 | FSS, neighborhoods of 5x5 | 300 µs | 30.0 ns |",
            "shared with other programs: load 2.50",
        ] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
        assert!(text(&pipeline).contains("60000"));
    }
}
