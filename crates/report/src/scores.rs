use foreframe_metrics::{Comparison, Metric, Row, Skill, format_value};
use maud::{Markup, PreEscaped, html};

use crate::ReportError;
use crate::chart::{Ink, Line, svg};
use crate::curves::key;

/// The scores on one split: totals, a chart per metric, every number per lead time, what each metric means.
pub(crate) fn section(comparison: &Comparison) -> Result<Markup, ReportError> {
    let metrics = comparison.metrics();
    let clips = comparison.rows.first().map_or(0, |row| row.summary.clips);
    let mut charts = Vec::new();
    for metric in &metrics {
        if let Some(chart) = chart(comparison, metric)? {
            charts.push((head(metric), chart));
        }
    }
    Ok(html! {
        h2 {
            @match comparison.split.as_str() {
                "" => { "Scores on " (comparison.data) }
                "all" => { "Scores on " (comparison.data) ", not split" }
                split => { "Scores on the " (split) " split of " (comparison.data) }
            }
        }
        p.soft { (clips) @if clips == 1 { " clip. " } @else { " clips. " } "Arrows point towards better values; the best one of a line is bold." }
        @for note in comparison.notes() { p.soft { (note) "." } }
        div.card.scroll { (totals(comparison, &metrics)) }
        (skill(comparison))
        h3 style="margin:22px 0 10px" { "By lead time" }
        div.grid {
            @for (name, chart) in &charts {
                figure.card {
                    h3 { (name) }
                    (PreEscaped(chart))
                    figcaption { @for (index, row) in comparison.rows.iter().enumerate() { (key(Ink::of(index), &row.model)) } }
                }
            }
        }
        details {
            summary { "Numbers by lead time" }
            div.card.scroll { (by_lead_time(comparison, &metrics)) }
        }
        details {
            summary { "What the metrics mean" }
            div.card.scroll {
                table { @for metric in &metrics { tr { td { (metric.name) } td.definition { (metric.definition) } } } }
            }
        }
    })
}

fn totals(comparison: &Comparison, metrics: &[&Metric]) -> Markup {
    let reference = comparison
        .rows
        .len()
        .checked_sub(1)
        .filter(|last| *last > 0)
        .map(|last| &comparison.rows[last]);
    html! {
        table {
            tr {
                th { "metric" }
                @for row in &comparison.rows { th { (row.model) } }
                @if let Some(reference) = reference { th { "against " (reference.model) } }
            }
            @for metric in metrics {
                @let best = best(comparison, metric);
                tr title=(metric.definition) {
                    td { (head(metric)) }
                    @for row in &comparison.rows {
                        @let total = total(row, metric);
                        td.best[total.is_some() && total == best] { (total.map_or("-".into(), format_value)) }
                    }
                    @if let Some(reference) = reference {
                        (change(metric, total(&comparison.rows[0], metric), total(reference, metric)))
                    }
                }
            }
        }
    }
}

/// Skill of the first row against each of the others.
fn skill(comparison: &Comparison) -> Markup {
    let Some(first) = comparison.skill.first().filter(|skill| !skill.scores.is_empty()) else {
        return html! {};
    };
    let score = |skill: &Skill, metric: &str| {
        let score = skill.scores.iter().find(|score| score.metric == metric);
        score.map_or(f64::NAN, |score| score.total)
    };
    html! {
        details {
            summary { "Skill of " (first.model) }
            div.card.scroll {
                p.soft { (first.definition) }
                table {
                    tr { th { "metric" } @for skill in &comparison.skill { th { "against " (skill.against) } } }
                    @for metric in first.scores.iter().map(|score| score.metric.as_str()) {
                        tr {
                            td { (metric) }
                            @for skill in &comparison.skill {
                                @let score = score(skill, metric);
                                td.better[score > 0.0].worse[score < 0.0] { (format_value(score)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The first row's change against the reference, colored by whether it is for the better.
fn change(metric: &Metric, value: Option<f64>, reference: Option<f64>) -> Markup {
    let change = value
        .zip(reference)
        .map(|(value, reference)| (value - reference) / reference.abs());
    let Some(change) = change.filter(|change| change.is_finite()) else {
        return html! { td { "-" } };
    };
    let better = value.map(|value| metric.badness(value)) < reference.map(|value| metric.badness(value));
    html! { td.better[change != 0.0 && better].worse[change != 0.0 && !better] { (format!("{:+.1} %", 100.0 * change)) } }
}

fn by_lead_time(comparison: &Comparison, metrics: &[&Metric]) -> Markup {
    let of = |row: &Row, metric: &Metric| row.summary.metric(&metric.name).map(|own| own.per_lead_time.clone());
    html! {
        table {
            @for metric in metrics.iter().filter(|metric| !metric.per_lead_time.is_empty()) {
                @let longest = comparison.rows.iter().filter_map(|row| of(row, metric)).map(|values| values.len()).max();
                tr { th { (head(metric)) } @for time in 1..=longest.unwrap_or(0) { th { "+" (time) } } }
                @for row in &comparison.rows {
                    tr { td { (row.model) } @for value in of(row, metric).unwrap_or_default() { td { (format_value(value)) } } }
                }
            }
        }
    }
}

fn chart(comparison: &Comparison, metric: &Metric) -> Result<Option<String>, ReportError> {
    let lines: Vec<Line> = (comparison.rows.iter().enumerate())
        .filter_map(|(index, row)| {
            let values = &row.summary.metric(&metric.name)?.per_lead_time;
            let points = values
                .iter()
                .enumerate()
                .map(|(time, value)| ((time + 1) as f64, *value))
                .collect();
            Some(Line {
                points,
                ink: Ink::of(index),
            })
        })
        .collect();
    svg(&lines, "lead time", 100.0)
}

fn total(row: &Row, metric: &Metric) -> Option<f64> {
    row.summary.metric(&metric.name).map(|own| own.total)
}

fn best(comparison: &Comparison, metric: &Metric) -> Option<f64> {
    let totals = comparison.rows.iter().filter_map(|row| total(row, metric));
    totals
        .filter(|total| !total.is_nan())
        .min_by(|a, b| metric.badness(*a).total_cmp(&metric.badness(*b)))
}

fn head(metric: &Metric) -> String {
    format!("{} {}", metric.name, metric.arrow())
}
