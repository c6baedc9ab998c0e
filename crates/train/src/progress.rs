//! Showing how far long work is: a bar on a terminal, plain lines elsewhere. Always on standard error.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where long work reports.
pub trait Progress {
    /// Work of `total` steps begins, `done` of them already done.
    fn begin(&mut self, task: &str, total: u64, done: u64);

    /// `done` steps are done; `note` says how it goes.
    fn advance(&mut self, done: u64, note: &str);

    /// Something worth a line of its own.
    fn line(&mut self, text: &str);

    /// The work begun last is over.
    fn end(&mut self);
}

/// A bar with the expected end on a terminal, plain lines elsewhere.
pub fn progress() -> Box<dyn Progress> {
    match std::io::stderr().is_terminal() {
        true => Box::<Bar>::default(),
        false => Box::<Lines>::default(),
    }
}

/// Reports nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &str, _: u64, _: u64) {}
    fn advance(&mut self, _: u64, _: &str) {}
    fn line(&mut self, _: &str) {}
    fn end(&mut self) {}
}

/// A bar on standard error; work begun within other work has a bar below it.
#[derive(Debug, Default)]
pub struct Bar {
    bars: Vec<ProgressBar>,
    family: indicatif::MultiProgress,
}

impl Progress for Bar {
    fn begin(&mut self, task: &str, total: u64, done: u64) {
        let style = ProgressStyle::with_template("{prefix:10} {bar:30} {pos}/{len}  {elapsed} of {duration}  {msg}");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        let bar = self.family.add(bar.with_position(done));
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_prefix(task.to_owned());
        bar.reset_eta();
        self.bars.push(bar);
    }

    fn advance(&mut self, done: u64, note: &str) {
        if let Some(bar) = self.bars.last() {
            bar.set_message(note.to_owned());
            bar.set_position(done);
        }
    }

    fn line(&mut self, text: &str) {
        // A terminal that went away is no reason to stop training.
        let _ = self.family.println(text);
    }

    fn end(&mut self) {
        if let Some(bar) = self.bars.pop() {
            bar.finish_and_clear();
        }
    }
}

/// Lines on standard error, at most one in ten seconds for each task.
#[derive(Debug, Default)]
pub struct Lines {
    tasks: Vec<Task>,
}

#[derive(Debug)]
struct Task {
    name: String,
    total: u64,
    first: u64,
    begun: Instant,
    reported: Instant,
}

const INTERVAL: Duration = Duration::from_secs(10);

impl Progress for Lines {
    fn begin(&mut self, task: &str, total: u64, done: u64) {
        let now = Instant::now();
        self.tasks.push(Task {
            name: task.to_owned(),
            total,
            first: done,
            begun: now,
            reported: now,
        });
    }

    fn advance(&mut self, done: u64, note: &str) {
        let Some(task) = self.tasks.last_mut() else { return };
        if task.reported.elapsed() < INTERVAL {
            return;
        }
        task.reported = Instant::now();
        let left = remaining(
            task.begun.elapsed(),
            done.saturating_sub(task.first),
            task.total.saturating_sub(done),
        );
        let line = format!("{} {done}/{}  {note}{left}", task.name, task.total);
        self.line(&line);
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    fn end(&mut self) {
        self.tasks.pop();
    }
}

fn remaining(elapsed: Duration, done: u64, left: u64) -> String {
    if done == 0 {
        return String::new();
    }
    let seconds = (elapsed.as_secs_f64() / done as f64 * left as f64).round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("  {seconds} s left"),
        (0, minutes, seconds) => format!("  {minutes} min {seconds} s left"),
        (hours, minutes, _) => format!("  {hours} h {minutes} min left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_end_follows_the_pace() {
        let after = |done, left| remaining(Duration::from_secs(30), done, left);
        assert_eq!(after(0, 10), "");
        assert_eq!(after(10, 5), "  15 s left");
        assert_eq!(after(10, 50), "  2 min 30 s left");
        assert_eq!(after(1, 300), "  2 h 30 min left");
    }
}
