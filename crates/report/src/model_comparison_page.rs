use std::path::{Path, PathBuf};

use foreframe_metrics::format_value;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::model_comparison::{ComparedRow, ModelComparison, Spread};
use crate::{ReportError, file};

impl ModelComparison {
    /// Writes `comparison.json`, the two pictures of learning curves and `comparison.html`, and returns their paths.
    ///
    /// # Errors
    /// No run was validated, or a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<[PathBuf; 4], ReportError> {
        let names = [
            "comparison.json",
            "validation-by-steps.svg",
            "validation-by-seconds.svg",
            "comparison.html",
        ];
        let paths = names.map(|name| folder.join(name));
        let [json, steps, seconds, page] = &paths;
        let text = serde_json::to_vec_pretty(self).map_err(|error| ReportError::write(json, error))?;
        let curves = [self.by_steps()?, self.by_seconds()?];
        file::write(json, &text)?;
        file::write(steps, curves[0].as_bytes())?;
        file::write(seconds, curves[1].as_bytes())?;
        file::write(page, self.page(folder, &curves).into_string().as_bytes())?;
        Ok(paths)
    }

    /// The lines of the table: what is measured, and for every network its value.
    pub fn table(&self) -> Vec<(String, Vec<String>)> {
        let line = |name: &str, value: &dyn Fn(&ComparedRow) -> Option<String>| {
            let cells = self.rows.iter().map(|row| value(row).unwrap_or_else(|| "-".to_owned()));
            (name.to_owned(), cells.collect())
        };
        let mut lines = vec![
            line("parameters", &|row| Some(row.parameters.to_string())),
            line("seconds", &|row| row.seconds.as_ref().map(spread)),
            line("validation loss ↓", &|row| row.validation_loss.as_ref().map(spread)),
        ];
        lines.extend(self.metrics.iter().map(|metric| {
            let head = format!("{} {}", metric.name, metric.arrow());
            line(&head, &|row| row.score(&metric.name).map(spread))
        }));
        lines
    }

    /// Caption of the table: how its numbers are made, in one sentence.
    pub fn caption(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        format!(
            "{}, {} steps each, seeds {}: mean and half the range over the seeds; scores of the best checkpoint on {} test clips",
            self.data,
            self.steps,
            seeds.join(", "),
            self.clips
        )
    }

    fn page(&self, folder: &Path, curves: &[String; 2]) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Networks on " (self.data) }
                    style { (PreEscaped(include_str!("style.css"))) }
                }
                body {
                    main {
                        header { h1 { "Networks" span { " on " } (self.data) } }
                        p.soft { (self.caption()) "." }
                        div.card.scroll { (self.table_markup()) }
                        h2 { "Validation" }
                        div.grid {
                            @for (curve, by) in curves.iter().zip(["steps", "seconds of training"]) {
                                figure.card { h3 { "By " (by) } (PreEscaped(curve)) figcaption { "a line for every seed" } }
                            }
                        }
                        h2 { "Runs" }
                        (self.runs_markup(folder))
                        details {
                            summary { "What the metrics mean" }
                            div.card.scroll {
                                table { @for metric in &self.metrics { tr { td { (metric.name) } td.definition { (metric.definition) } } } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn table_markup(&self) -> Markup {
        html! {
            table {
                tr { th { } @for row in &self.rows { th { (row.name) } } }
                @for (name, cells) in self.table() {
                    @let best = self.best(&name);
                    tr {
                        td { (name) }
                        @for (index, cell) in cells.iter().enumerate() { td.best[best == Some(index)] { (cell) } }
                    }
                }
            }
        }
    }

    /// The row with the best mean in the line of this name, where there is a better and a worse.
    fn best(&self, line: &str) -> Option<usize> {
        let name = line.split(' ').next().unwrap_or(line);
        let metric = self.metrics.iter().find(|metric| metric.name == name);
        let badness = |row: &ComparedRow| match metric {
            Some(metric) => Some(metric.badness(row.score(&metric.name)?.mean)),
            None if line.starts_with("validation") => Some(row.validation_loss.as_ref()?.mean),
            None => None,
        };
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(index, row)| Some((index, badness(row).filter(|badness| !badness.is_nan())?)))
            .min_by(|left, right| left.1.total_cmp(&right.1))
            .map(|(index, _)| index)
    }

    /// Each run's own page, and how its network was configured.
    fn runs_markup(&self, folder: &Path) -> Markup {
        html! {
            @for (model, runs) in &self.runs {
                div.card style="margin-bottom:12px" {
                    h3 { (model.name) }
                    @for run in &model.runs {
                        @let place = run.strip_prefix(folder).unwrap_or(run).join("report.html");
                        a href=(place.display()) { (run.file_name().unwrap_or_default().display()) } " "
                    }
                    @if let Some(config) = runs.first().and_then(|run| run.config.as_ref()) {
                        details { summary { "Configuration of the first run" } pre { (config) } }
                    }
                }
            }
        }
    }
}

impl ComparedRow {
    fn score(&self, metric: &str) -> Option<&Spread> {
        let score = self.scores.iter().find(|score| score.metric == metric)?;
        Some(&score.spread)
    }
}

/// `0.0216 ± 0.0003`; of a single value no range is known.
fn spread(spread: &Spread) -> String {
    match spread.values.len() {
        1 => format_value(spread.mean),
        _ => format!("{} ± {}", format_value(spread.mean), format_value(spread.half_range)),
    }
}
