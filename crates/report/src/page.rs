use std::path::{Path, PathBuf};

use foreframe_metrics::Comparison;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::run::Run;
use crate::{ReportError, curves, file, pictures, scores};

/// Keys of `run.json` that have a place of their own; the others go into the table of the machine as they are.
const IN_HEAD: [&str; 10] = [
    "model",
    "preset",
    "data",
    "status",
    "reason",
    "command",
    "best",
    "parameters",
    "multiply_accumulates",
    "channels",
];

/// Writes `report.html` into the folder of a run and returns its path: one page without references to anything outside of
/// it, for light and dark screens.
///
/// Whatever the folder lacks is said on the page, so that an interrupted run has one, too. The last line of a log that was
/// cut off while being written is left out, and the page says so.
///
/// # Errors
/// [`ReportError::NotARun`] when the folder holds none of a run's files, [`ReportError::Parse`] with file and line for a
/// file that is not what the trainer writes, [`ReportError::Read`] and [`ReportError::Write`] for what the system refuses.
pub fn write_run_page(run_dir: &Path) -> Result<PathBuf, ReportError> {
    let run = Run::read(run_dir)?;
    let path = run_dir.join("report.html");
    file::write(&path, page(&run)?.into_string().as_bytes())?;
    Ok(path)
}

fn page(run: &Run) -> Result<Markup, ReportError> {
    let text = |key: &str| run.info.get(key).and_then(Value::as_str);
    let (model, data) = (
        text("model").unwrap_or("unknown model"),
        text("data").unwrap_or("unknown data"),
    );
    let status = text("status").unwrap_or("unknown");
    let body = html! {
        header {
            h1 { (model) span { " on " } (data) }
            @if let Some(preset) = text("preset") { span.soft { "preset " (preset) } }
            span.status.(known(status)) { (status) }
        }
        (state(status, text("reason")))
        (facts(run))
        @if !run.notes.is_empty() {
            div.notes { @for note in &run.notes { p { (note) } } }
        }
        (pictures::section(&run.pictures)?)
        (curves::section(run)?)
        @for comparison in &run.comparisons { (scores::section(comparison)?) }
        (reproduce(run, text("command")))
    };
    Ok(whole(&format!("{model} on {data}"), &body))
}

/// Writes a page with the scores of a comparison alone, which needs nothing besides itself: tables, curves by lead time, and
/// what every score means.
///
/// # Errors
/// [`ReportError::Chart`] when a curve cannot be drawn, [`ReportError::Write`] for what the system refuses.
pub fn write_score_page(path: &Path, comparison: &Comparison) -> Result<(), ReportError> {
    let names: Vec<&str> = comparison.rows.iter().map(|row| row.model.as_str()).collect();
    let body = html! {
        header { h1 { (names.first().copied().unwrap_or_default()) span { " on " } (comparison.data) } }
        p.soft { "Beside each other: " (names.join(", ")) "." }
        (scores::section(comparison)?)
    };
    let title = format!("scores on {}", comparison.data);
    file::write(path, whole(&title, &body).into_string().as_bytes())
}

/// A page of its own.
fn whole(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body { main { (body) } }
        }
    }
}

/// The style sheet's name for a status.
fn known(status: &str) -> &str {
    if ["finished", "running", "interrupted", "stopped"].contains(&status) {
        status
    } else {
        "unknown"
    }
}

fn state(status: &str, reason: Option<&str>) -> Markup {
    let meaning = match status {
        "running" => "This run is still at work, or was killed while at work.",
        "interrupted" => "This run was interrupted and can be resumed from its last checkpoint.",
        "stopped" => "This run was stopped before its end.",
        "finished" => "",
        _ => "How this run ended is not known: run.json does not say it.",
    };
    html! { p.soft { (meaning) " " (reason.unwrap_or_default()) } }
}

fn facts(run: &Run) -> Markup {
    let number = |key: &str| run.info.get(key).and_then(Value::as_f64);
    let best = run.info.get("best");
    let of_best = |key: &str| best.and_then(|best| best.get(key)).and_then(Value::as_f64);
    let last = run
        .steps
        .last()
        .map(|step| step.step)
        .max(run.epochs.last().map(|epoch| epoch.step));
    let speeds: Vec<f64> = run.steps.iter().filter_map(|step| step.clips_per_second).collect();
    html! {
        dl.facts {
            @if let Some(parameters) = number("parameters") { (fact("parameters", &counted(parameters), None)) }
            @if let Some(operations) = number("multiply_accumulates") {
                (fact("multiply-accumulates", &counted(operations), Some("for one forecast".into())))
            }
            @if let Some(loss) = of_best("validation_loss") {
                @let epoch = of_best("epoch").map(|epoch| format!("epoch {epoch}"));
                (fact("best validation loss", &foreframe_metrics::format_value(loss), epoch))
            }
            @if let Some(step) = last {
                @let epochs = run.epochs.last().map(|epoch| format!("{} epochs done", epoch.epoch));
                (fact("steps", &step.to_string(), epochs))
            }
            @if let Some(seconds) = number("seconds") {
                @let epoch = run.epochs.last().and_then(|epoch| epoch.seconds);
                (fact("time", &duration(seconds), epoch.map(|seconds| format!("{} in the last epoch", duration(seconds)))))
            }
            @if let Some(speed) = median(speeds) {
                (fact("clips per second", &format!("{speed:.1}"), Some("median over the steps".into())))
            }
        }
    }
}

fn fact(name: &str, value: &str, more: Option<String>) -> Markup {
    html! { div { dt { (name) } dd { (value) @if let Some(more) = more { small { (more) } } } } }
}

fn reproduce(run: &Run, command: Option<&str>) -> Markup {
    let rest = run
        .info
        .iter()
        .filter(|(key, value)| !IN_HEAD.contains(&key.as_str()) && !value.is_null());
    html! {
        h2 { "How it was made" }
        @if let Some(command) = command { div.card { pre { (command) } } }
        div.card style="margin-top:12px" {
            table.plain {
                @for (key, value) in rest {
                    tr { td { (key.replace('_', " ")) } td { @match value.as_str() { Some(text) => (text), None => (value.to_string()) } } }
                }
                @if let Some(channels) = channels(run) { tr { td { "channels" } td { (channels) } } }
                @if let Some(Value::String(checkpoint)) = run.info.get("best").and_then(|best| best.get("checkpoint")) {
                    tr { td { "best checkpoint" } td { (checkpoint) } }
                }
            }
        }
        @if let Some(config) = &run.config {
            details { summary { "Configuration (config.toml, complete)" } div.card { pre { (config) } } }
        }
        @if !run.log.is_empty() {
            details { summary { "End of the log" } div.card { pre { (run.log) } } }
        }
    }
}

/// The channels by name, with what they are there for.
fn channels(run: &Run) -> Option<String> {
    let name = |channel: &Value| -> Option<String> {
        let purpose = match channel.get("is_target")?.as_bool()? {
            true => "forecast",
            false => "only read",
        };
        Some(format!("{} ({purpose})", channel.get("name")?.as_str()?))
    };
    let channels = run.info.get("channels")?.as_array()?;
    Some(channels.iter().filter_map(name).collect::<Vec<String>>().join(", "))
}

/// A large number in words of three digits.
fn counted(value: f64) -> String {
    for (size, unit) in [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")] {
        if value >= size {
            return format!("{:.2}{unit}", value / size);
        }
    }
    format!("{value}")
}

fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
