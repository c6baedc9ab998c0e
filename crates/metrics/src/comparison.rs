use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::{Metric, Skill, Summary};

/// Several forecasters scored on the same clips.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Name of the dataset.
    pub data: String,
    /// Which part of it: `validation` or `test`; `all` where it was not split, empty where these are files of forecasts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub split: String,
    /// The network first, persistence last.
    pub rows: Vec<Row>,
    /// The skill of the first row against each of the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skill: Vec<Skill>,
}

/// One forecaster of a [`Comparison`].
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Row {
    /// Name of the forecaster.
    pub model: String,
    /// Its scores.
    pub summary: Summary,
}

/// Widest line of a table of totals: what a usual terminal shows without wrapping.
const LINE: usize = 100;

impl Comparison {
    /// Puts forecasters beside each other, the one that is evaluated first.
    pub fn new(data: &str, split: &str, rows: Vec<Row>) -> Self {
        let skill = match rows.split_first() {
            Some((evaluated, references)) => references.iter().map(|row| Skill::of(evaluated, row)).collect(),
            None => Vec::new(),
        };
        Self {
            data: data.to_owned(),
            split: split.to_owned(),
            rows,
            skill,
        }
    }

    /// Every metric of every row, first seen first.
    pub fn metrics(&self) -> Vec<&Metric> {
        let mut metrics: Vec<&Metric> = Vec::new();
        for metric in self.rows.iter().flat_map(|row| &row.summary.metrics) {
            if !metrics.iter().any(|seen| seen.name == metric.name) {
                metrics.push(metric);
            }
        }
        metrics
    }

    /// The totals as aligned plain text: a line per forecaster, a column per metric, an arrow towards better values.
    /// Columns that do not fit beside each other continue in a block below; `openstl_*` metrics never share a block with
    /// others.
    pub fn table(&self) -> String {
        let mut text = self.title();
        let columns = self.metrics().into_iter().map(|metric| {
            let value = |row: &Row| {
                row.summary
                    .metric(&metric.name)
                    .map_or("-".into(), |own| format_value(own.total))
            };
            (metric.name.starts_with("openstl_"), self.column(&head(metric), value))
        });
        let names = self.names();
        let mut block: Vec<Vec<String>> = Vec::new();
        let mut of_openstl = false;
        for (openstl, column) in columns {
            let used: usize = block.iter().map(|column| 2 + width(&column[0])).sum();
            let full = width(&names[0]) + used + 2 + width(&column[0]) > LINE;
            if !block.is_empty() && (full || openstl != of_openstl) {
                push_block(&mut text, &names, &std::mem::take(&mut block));
            }
            of_openstl = openstl;
            block.push(column);
        }
        push_block(&mut text, &names, &block);
        if let Some(row) = self.rows.first().filter(|row| row.summary.missing_share > 0.0) {
            let share = 100.0 * row.summary.missing_share;
            let _ = writeln!(text, "\n{share:.2} % of the truth is missing and counts in no score.");
        }
        for note in self.notes() {
            let _ = writeln!(text, "\n{note}");
        }
        text
    }

    /// One metric per lead time as aligned plain text: a line per lead time, a column per forecaster. `None` when no row
    /// has the metric, or when it is one of whole clips.
    pub fn lead_time_table(&self, metric: &str) -> Option<String> {
        let known = self.rows.iter().find_map(|row| row.summary.metric(metric))?;
        let of = |row: &Row| {
            row.summary
                .metric(metric)
                .map(|metric| metric.per_lead_time.clone())
                .unwrap_or_default()
        };
        let longest = self
            .rows
            .iter()
            .map(|row| of(row).len())
            .max()
            .filter(|longest| *longest > 0)?;
        let lead_times =
            pad_left(std::iter::once("lead time".into()).chain((1..=longest).map(|time| time.to_string())));
        let columns: Vec<Vec<String>> = (self.rows.iter())
            .map(|row| {
                let values = of(row);
                let cell = |time: usize| values.get(time).map_or("-".into(), |value| format_value(*value));
                pad_left(std::iter::once(row.model.clone()).chain((0..longest).map(cell)))
            })
            .collect();
        let mut text = format!("{} of {}", head(known), self.title());
        push_block(&mut text, &lead_times, &columns);
        Some(text)
    }

    /// The skill of the first row in total as aligned plain text: a line per metric, a column per reference. `None` when
    /// there is nothing to compare with.
    pub fn skill_table(&self) -> Option<String> {
        let first = self.skill.first().filter(|skill| !skill.scores.is_empty())?;
        let metrics: Vec<&str> = first.scores.iter().map(|score| score.metric.as_str()).collect();
        let longest = metrics.iter().map(|name| width(name)).max().unwrap_or(0);
        let names: Vec<String> = std::iter::once(&"")
            .chain(&metrics)
            .map(|name| format!("{name:longest$}"))
            .collect();
        let columns: Vec<Vec<String>> = (self.skill.iter())
            .map(|skill| {
                let score = |name: &&str| skill.scores.iter().find(|score| score.metric == **name);
                let cells = metrics
                    .iter()
                    .map(|name| score(name).map_or("-".into(), |score| format_value(score.total)));
                pad_left(std::iter::once(format!("against {}", skill.against)).chain(cells))
            })
            .collect();
        let mut text = format!(
            "skill of {} (1 perfect, 0 no better than the other) on {}",
            first.model,
            self.title()
        );
        push_block(&mut text, &names, &columns);
        Some(text)
    }

    /// Definitions of all metrics: a line each, but one for those that differ by their threshold or scale only, and one more for
    /// every row of which it means something else, such as the mean over other thresholds.
    pub fn definitions(&self) -> String {
        let mut families: Vec<(&Metric, Vec<&str>)> = Vec::new();
        for metric in self.metrics() {
            let known = (families.iter_mut()).find(|(first, _)| family(&first.name) == family(&metric.name));
            match known {
                Some((_, others)) => others.push(&metric.name),
                None => families.push((metric, Vec::new())),
            }
        }
        let line = |(metric, others): &(&Metric, Vec<&str>)| match others.is_empty() {
            true => format!("{}: {}\n", metric.name, metric.definition),
            false => format!(
                "{} (and likewise {}): {}\n",
                metric.name,
                others.join(", "),
                metric.definition
            ),
        };
        let others = |(metric, _): &(&Metric, Vec<&str>)| -> String {
            let own = self
                .rows
                .iter()
                .filter_map(|row| Some((row, row.summary.metric(&metric.name)?)));
            own.filter(|(_, own)| own.definition != metric.definition)
                .map(|(row, own)| format!("{} of {}: {}\n", own.name, row.model, own.definition))
                .collect()
        };
        families.iter().map(|of| line(of) + &others(of)).collect()
    }

    /// Why metrics are absent, each reason once.
    pub fn notes(&self) -> Vec<&str> {
        let mut notes: Vec<&str> = self
            .rows
            .iter()
            .flat_map(|row| &row.summary.notes)
            .map(String::as_str)
            .collect();
        notes.sort_unstable();
        notes.dedup();
        notes
    }

    fn title(&self) -> String {
        let clips = self.rows.first().map_or(0, |row| row.summary.clips);
        let part = match self.split.as_str() {
            "" => String::new(),
            "all" => ", not split".to_owned(),
            split => format!(", {split} split"),
        };
        format!(
            "{}{part}, {clips} clip{}\n",
            self.data,
            if clips == 1 { "" } else { "s" }
        )
    }

    fn names(&self) -> Vec<String> {
        let names = std::iter::once("").chain(self.rows.iter().map(|row| row.model.as_str()));
        let longest = names.clone().map(width).max().unwrap_or(0);
        names.map(|name| format!("{name:longest$}")).collect()
    }

    fn column(&self, head: &str, value: impl Fn(&Row) -> String) -> Vec<String> {
        pad_left(std::iter::once(head.to_owned()).chain(self.rows.iter().map(value)))
    }
}

/// A value in the form of the tables: five significant digits, `inf` when infinite, `-` when it is not defined.
pub fn format_value(value: f64) -> String {
    if value.is_nan() {
        return "-".into();
    }
    if !value.is_finite() || value == 0.0 {
        return format!("{value}");
    }
    // Rounding may carry into the next power of ten, so the exponent is taken from the rounded form.
    let rounded = format!("{value:.4e}");
    match rounded
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse::<i32>().ok())
    {
        Some(exponent @ -4..=8) => format!("{value:.*}", usize::try_from(4 - exponent).unwrap_or(0)),
        _ => rounded,
    }
}

fn head(metric: &Metric) -> String {
    format!("{} {}", metric.name, metric.arrow())
}

/// A metric's name without threshold and scale: `fss` of `fss_0.5_17px`.
fn family(name: &str) -> &str {
    let number = |part: &str| {
        part.trim_start_matches('-')
            .starts_with(|first: char| first.is_ascii_digit())
    };
    let mut end = name.len();
    while let Some((rest, last)) = name[..end].rsplit_once('_') {
        if !number(last) {
            break;
        }
        end = rest.len();
    }
    &name[..end]
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn pad_left(cells: impl Iterator<Item = String>) -> Vec<String> {
    let cells: Vec<String> = cells.collect();
    let longest = cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
    cells.iter().map(|cell| format!("{cell:>longest$}")).collect()
}

fn push_block(text: &mut String, first: &[String], columns: &[Vec<String>]) {
    text.push('\n');
    for (line, first) in first.iter().enumerate() {
        let cells: String = columns.iter().map(|column| format!("  {}", column[line])).collect();
        let _ = writeln!(text, "{}", format!("{first}{cells}").trim_end());
    }
}
