//! The same training on both sides, for people to read.

use super::markdown::draw;
use super::{Table, terminal};
use crate::trajectory::{Trajectories, Trajectory};

/// How near the losses are to stay.
const GOAL: f64 = 0.01;

const ABOUT: &str = "\
Written by `foreframe bench --trajectory --write FILE`. Each network is trained twice, here and by the PyTorch code of \
`benches/pytorch`, from the same drawn weights, on the same batches of moving digits, with Adam at the same rates (one cycle, peak \
1e-3). Both sides compute in f32, in another order, so that they cannot stay equal to the last digit: every step begins from the \
rounding of all steps before. Networks that read frame by frame see the true future in the first half and their own forecasts \
in the second. Stochastic depth is off. Sizes are those of the presets `moving-digits` (10 -> 10 frames of 32x32), with the \
paper's reassembly for STLight and segments of 5 frames for USTEP.";

/// A page of the book.
pub fn page(found: &Trajectories) -> String {
    let mut page = format!("# The same training as PyTorch\n\n{ABOUT}\n\n");
    for line in conditions(found) {
        page.push_str(&format!("- {line}\n"));
    }
    page.push_str("\n## How far apart\n\n");
    draw(&mut page, &distances(found));
    page.push_str("\n## The losses\n\n");
    draw(&mut page, &losses(found));
    page
}

/// The same for terminals.
pub fn text(found: &Trajectories) -> String {
    let tables = [distances(found), losses(found)];
    let mut parts = vec![conditions(found).join("\n")];
    parts.extend(tables.iter().map(terminal::drawn));
    parts.join("\n\n")
}

fn conditions(found: &Trajectories) -> Vec<String> {
    vec![
        format!(
            "foreframe {}, backend {}; PyTorch {}",
            found.version, found.backend, found.pytorch
        ),
        found.machine.clone(),
        format!("{} clips per step, seed {}", found.batch, found.seed),
    ]
}

/// The largest relative distance up to some steps, and whether the goal is met.
fn distances(found: &Trajectories) -> Table {
    let row = |trajectory: &Trajectory| {
        let steps = trajectory.ours.len();
        let (largest, step) = trajectory.largest_distance(steps);
        let mut cells = vec![trajectory.network.to_owned(), trajectory.parameters.to_string()];
        cells.extend(
            [1, 10, 50]
                .into_iter()
                .map(|until| format!("{:.1e}", trajectory.largest_distance(until).0)),
        );
        cells.push(format!("{largest:.1e} at {step}"));
        cells.push(format!("{GOAL} {}", if largest <= GOAL { "met" } else { "missed" }));
        cells
    };
    Table {
        header: vec![
            "network",
            "parameters",
            "step 1",
            "to step 10",
            "to step 50",
            "of all steps",
            "goal",
        ],
        rows: found.networks.iter().map(row).collect(),
    }
}

/// Both losses at some steps.
fn losses(found: &Trajectories) -> Table {
    let steps = found.networks.iter().map(|trajectory| trajectory.ours.len()).max();
    let shown = [1, 2, 5, 10, 20, 50, 100, 150, 200, 500, 1000, 2000, 5000];
    let rows = shown.into_iter().filter(|step| Some(*step) <= steps).map(|step| {
        let pair = |trajectory: &Trajectory| {
            let of = |losses: &[f64]| {
                losses
                    .get(step - 1)
                    .map_or(super::NONE.to_owned(), |loss| format!("{loss:.6}"))
            };
            [of(&trajectory.ours), of(&trajectory.theirs)].join(" / ")
        };
        let mut cells = vec![step.to_string()];
        cells.extend(found.networks.iter().map(pair));
        cells
    });
    let mut header = vec!["step: ours / PyTorch"];
    header.extend(found.networks.iter().map(|trajectory| trajectory.network));
    Table {
        header,
        rows: rows.collect(),
    }
}
