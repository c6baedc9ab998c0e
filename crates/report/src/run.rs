use std::path::{Path, PathBuf};

use foreframe_metrics::Comparison;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::ReportError;

/// Contents of the folder of a run; whatever is missing is empty, and named in `notes`.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) info: Map<String, Value>,
    pub(crate) config: Option<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) comparisons: Vec<Comparison>,
    /// `samples/*` and `eval/*`, animations before stills.
    pub(crate) pictures: Vec<PathBuf>,
    /// The end of `log.txt`.
    pub(crate) log: String,
    pub(crate) notes: Vec<String>,
}

/// A line of `steps.jsonl`. A number that was not finite is `null` there.
#[derive(Deserialize, Debug)]
pub(crate) struct Step {
    pub(crate) step: u64,
    pub(crate) loss: Option<f64>,
    pub(crate) learning_rate: Option<f64>,
    pub(crate) grad_norm: Option<f64>,
    pub(crate) clips_per_second: Option<f64>,
}

/// A line of `epochs.csv`; an empty cell is absent.
#[derive(Debug)]
pub(crate) struct Epoch {
    pub(crate) epoch: u64,
    pub(crate) step: u64,
    pub(crate) train_loss: Option<f64>,
    pub(crate) validation_loss: Option<f64>,
    pub(crate) seconds: Option<f64>,
}

/// Lines of the log that the page shows.
const LOG_LINES: usize = 40;

impl Run {
    pub(crate) fn read(folder: &Path) -> Result<Self, ReportError> {
        let mut notes = Vec::new();
        let mut text = |name: &str| -> Result<Option<String>, ReportError> {
            let text = read_if_there(&folder.join(name))?;
            if text.is_none() {
                notes.push(format!("{name} is missing."));
            }
            Ok(text)
        };
        let (info, config, steps, epochs) = (
            text("run.json")?,
            text("config.toml")?,
            text("steps.jsonl")?,
            text("epochs.csv")?,
        );
        if [&info, &config, &steps, &epochs].iter().all(|text| text.is_none()) {
            return Err(ReportError::NotARun {
                path: folder.to_owned(),
            });
        }
        let log = read_if_there(&folder.join("log.txt"))?.unwrap_or_default();
        let of_log: Vec<&str> = log.lines().collect();
        let mut run = Self {
            info: info
                .map(|text| json(&folder.join("run.json"), &text))
                .transpose()?
                .unwrap_or_default(),
            config,
            steps: Vec::new(),
            epochs: Vec::new(),
            comparisons: Vec::new(),
            pictures: pictures(folder)?,
            log: of_log[of_log.len().saturating_sub(LOG_LINES)..].join("\n"),
            notes,
        };
        run.read_steps(&folder.join("steps.jsonl"), &steps.unwrap_or_default())?;
        run.read_epochs(&folder.join("epochs.csv"), &epochs.unwrap_or_default())?;
        for path in files(&folder.join("eval"), &["json"])? {
            let text = read_if_there(&path)?.unwrap_or_default();
            run.comparisons.push(json(&path, &text)?);
        }
        if run.comparisons.is_empty() {
            run.notes
                .push("The run was not evaluated: eval/ holds no scores.".into());
        }
        Ok(run)
    }

    fn read_steps(&mut self, path: &Path, text: &str) -> Result<(), ReportError> {
        let lines = self.whole_lines("steps.jsonl", text);
        for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let step = serde_json::from_str(line).map_err(|error| ReportError::parse(path, index + 1, error))?;
            self.steps.push(step);
        }
        Ok(())
    }

    fn read_epochs(&mut self, path: &Path, text: &str) -> Result<(), ReportError> {
        let lines = self.whole_lines("epochs.csv", text);
        let mut lines = lines.lines().enumerate();
        let Some((_, header)) = lines.next() else { return Ok(()) };
        let header: Vec<&str> = header.split(',').map(str::trim).collect();
        for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let fail = |reason: String| ReportError::parse(path, index + 1, reason);
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            if cells.len() != header.len() {
                return Err(fail(format!(
                    "{} cells under a header of {}",
                    cells.len(),
                    header.len()
                )));
            }
            let cell = |name: &str| -> Result<Option<f64>, ReportError> {
                let Some(place) = header.iter().position(|column| *column == name) else {
                    return Ok(None);
                };
                match cells[place] {
                    "" => Ok(None),
                    text => text
                        .parse()
                        .map(Some)
                        .map_err(|_| fail(format!("{name} is `{text}`, which is no number"))),
                }
            };
            let count = |name: &str| cell(name)?.ok_or_else(|| fail(format!("there is no {name}")));
            self.epochs.push(Epoch {
                epoch: count("epoch")? as u64,
                step: count("step")? as u64,
                train_loss: cell("train_loss")?,
                validation_loss: cell("validation_loss")?,
                seconds: cell("seconds")?,
            });
        }
        Ok(())
    }

    /// A run that was killed, or is at work, may leave half a line at the end. That is no damage: it is left out.
    fn whole_lines<'a>(&mut self, name: &str, text: &'a str) -> &'a str {
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        if whole.len() < text.len() {
            self.notes
                .push(format!("The last line of {name} is incomplete and was left out."));
        }
        whole
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, ReportError> {
    match std::fs::read(path) {
        // A log may hold anything; what is no UTF-8 elsewhere fails to parse, with its line.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ReportError::read(path, error)),
    }
}

fn json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ReportError> {
    serde_json::from_str(text).map_err(|error| ReportError::parse(path, error.line(), error))
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let mut pictures = files(&folder.join("samples"), &["gif"])?;
    pictures.extend(files(&folder.join("samples"), &["png"])?);
    pictures.extend(files(&folder.join("eval"), &["gif", "png"])?);
    Ok(pictures)
}

/// The files of a folder with one of the endings, sorted; none where there is no such folder.
fn files(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, ReportError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ReportError::read(folder, error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| ReportError::read(folder, error))?.path();
        if path
            .extension()
            .is_some_and(|ending| endings.iter().any(|known| ending == *known))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
