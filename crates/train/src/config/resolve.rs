//! `defaults (+) preset (+) file (+) --set key=value`.

use std::path::{Path, PathBuf};

use foreframe_core::{ConfigError, Preset};
use foreframe_data::{DataConfig, DataError, Dataset};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::keys::suggestion;
use super::{EvalConfig, KeyError, Ops, RunConfig, TrainConfig, from_table};
use crate::model::{Model, ModelError, to_table};

/// Keys at the top; those from the fourth on are sections.
const SECTIONS: [&str; 7] = ["model", "preset", "ops", "data", "network", "train", "eval"];

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {cause}: check the path", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause, from the operating system.
        cause: std::io::Error,
    },
    /// A file is no TOML.
    #[error("`{origin}` is not valid TOML: {message}")]
    Syntax {
        /// The file.
        origin: String,
        /// Where and why.
        message: String,
    },
    /// A key is unknown or mistyped.
    #[error("{origin}: {error}")]
    Key {
        /// The file, or the option on the command line.
        origin: String,
        /// The key and the remedy.
        error: KeyError,
    },
    /// Values that are impossible, or do not go together.
    #[error(transparent)]
    Invalid(ConfigError),
    /// A key that the dataset has no use for.
    #[error(transparent)]
    Data(DataError),
}

/// A configuration file, or a text of the same form.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigFile {
    origin: String,
    table: Table,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Names the file, and the line of a syntax error.
    pub fn read(path: &Path) -> Result<Self, ResolveError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ResolveError::Read {
            path: path.to_owned(),
            cause,
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads a text; `origin` stands for it in messages.
    ///
    /// # Errors
    /// Names the line of a syntax error and keys that are no sections.
    pub fn parse(origin: &str, text: &str) -> Result<Self, ResolveError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| ResolveError::Syntax {
            origin: origin.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let file = Self {
            origin: origin.to_owned(),
            table,
        };
        for (key, value) in &file.table {
            let problem = match (SECTIONS.iter().position(|section| section == key), value) {
                (None, _) => format!("is no section: {}", suggestion(key, &SECTIONS)),
                (Some(0..3), Value::String(_)) | (Some(3..), Value::Table(_)) => continue,
                (Some(0..3), _) => "must be a name in quotes".to_owned(),
                (Some(_), _) => format!("must be a section: write [{key}]"),
            };
            return Err(file.error(KeyError::new(key, problem)));
        }
        Ok(file)
    }

    /// The network that the file is for.
    pub fn model(&self) -> Option<&str> {
        self.table.get("model")?.as_str()
    }

    /// The preset that the file starts from.
    pub fn preset(&self) -> Option<&str> {
        self.table.get("preset")?.as_str()
    }

    /// The dataset that the file is for.
    pub fn data(&self) -> Option<&str> {
        self.table.get("data")?.get("name")?.as_str()
    }

    pub(super) fn parsed<T: DeserializeOwned>(&self) -> Result<T, ResolveError> {
        from_table("", &self.table).map_err(|error| self.error(error))
    }

    fn error(&self, error: KeyError) -> ResolveError {
        ResolveError::Key {
            origin: self.origin.clone(),
            error,
        }
    }
}

/// The layers of a run's configuration, the weakest first.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// The network.
    pub model: &'a Model,
    /// The dataset, whose defaults the section `[data]` starts from.
    pub dataset: &'a Dataset,
    /// A named configuration, in place of the network's defaults.
    pub preset: Option<&'a Preset<Table>>,
    /// A file. Its section `[data]` counts only if it is for the same dataset.
    pub file: Option<&'a ConfigFile>,
    /// `data.path`.
    pub data_path: Option<&'a Path>,
    /// `key=value` each.
    pub set: &'a [String],
}

/// Merges the layers into one complete, valid configuration.
///
/// # Errors
/// Names the key, and the file or option it comes from.
pub fn resolve(layers: &Layers<'_>) -> Result<RunConfig, ResolveError> {
    let Layers { model, dataset, .. } = *layers;
    let mut merged = Table::new();
    merged.insert("ops".into(), Value::String("kernels".to_owned()));
    merged.insert("data".into(), Value::Table(to_table(&(dataset.defaults)())));
    let network = layers
        .preset
        .map_or_else(model.defaults, |preset| preset.config.clone());
    merged.insert("network".into(), Value::Table(network));
    merged.insert("train".into(), Value::Table(to_table(&TrainConfig::default())));
    merged.insert("eval".into(), Value::Table(to_table(&EvalConfig::default())));
    if let Some(file) = layers.file {
        let layer = file_layer(file, layers)?;
        check(model, &layer).map_err(|error| file.error(error))?;
        merge(&mut merged, layer);
    }
    for assignment in layers.set {
        let origin = format!("--set {assignment}");
        let failed = |error| ResolveError::Key {
            origin: origin.clone(),
            error,
        };
        let layer = set_layer(assignment, layers).map_err(failed)?;
        check(model, &layer).map_err(failed)?;
        merge(&mut merged, layer);
    }
    let whole = |error| ResolveError::Key {
        origin: "the configuration".to_owned(),
        error,
    };
    let mut config = RunConfig {
        model: model.name.to_owned(),
        preset: layers.preset.map(|preset| preset.name.to_owned()),
        ops: ops(&merged).map_err(whole)?,
        data: section(&merged, "data").map_err(whole)?,
        network: (model.complete)(&subtable(&merged, "network")).map_err(|error| match error {
            ModelError::Key(error) => whole(error),
            ModelError::Config(error) => ResolveError::Invalid(error),
        })?,
        train: section(&merged, "train").map_err(whole)?,
        eval: section(&merged, "eval").map_err(whole)?,
    };
    config.data.name = dataset.name.to_owned();
    if let Some(path) = layers.data_path {
        config.data.path = Some(path.to_owned());
    }
    config.train.optimizer.weight_decay = Some(config.train.optimizer.decay());
    config.validate().map_err(ResolveError::Invalid)?;
    dataset.check_keys(&config.data).map_err(ResolveError::Data)?;
    Ok(config)
}

fn file_layer(file: &ConfigFile, layers: &Layers<'_>) -> Result<Table, ResolveError> {
    if let Some(other) = file.model().filter(|name| *name != layers.model.name) {
        let problem = format!(
            "is `{other}`, but `{}` is to be used: choose a file for it",
            layers.model.name
        );
        return Err(file.error(KeyError::new("model", problem)));
    }
    let mut layer = file.table.clone();
    if file.data().is_some_and(|name| name != layers.dataset.name) {
        layer.remove("data");
    }
    Ok(layer)
}

/// `train.batch=4` as `[train] batch = 4`. What is no TOML value is text, so that paths and names need no quotes.
fn set_layer(assignment: &str, layers: &Layers<'_>) -> Result<Table, KeyError> {
    let Some((key, text)) = assignment.split_once('=') else {
        return Err(KeyError::new(
            assignment,
            "has no value: write key=value, e.g. train.batch=4",
        ));
    };
    let (key, text) = (key.trim(), text.trim());
    let parsed = format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| match table.len() {
            1 => table.remove("value"),
            _ => None,
        });
    let value = match parsed {
        Some(Value::Datetime(_)) | None => Value::String(text.to_owned()),
        Some(value) => value,
    };
    let chosen = [
        ("model", layers.model.name, "name the model on the command line"),
        ("preset", layers.preset.map_or("", |preset| preset.name), "use --preset"),
        ("data.name", layers.dataset.name, "use --data"),
    ];
    for (fixed, current, remedy) in chosen {
        if key == fixed && value.as_str() != Some(current) {
            return Err(KeyError::new(key, format!("cannot be set like this: {remedy}")));
        }
    }
    if SECTIONS[3..].contains(&key) {
        return Err(KeyError::new(
            key,
            format!("is a section: set a key in it, e.g. {key}.key=value"),
        ));
    }
    let section = key.split('.').next().unwrap_or_default();
    if !SECTIONS.contains(&section) {
        return Err(KeyError::new(
            key,
            format!("is in no section: {}", suggestion(section, &SECTIONS)),
        ));
    }
    Ok(nested(key, value))
}

fn nested(key: &str, value: Value) -> Table {
    let mut table = Table::new();
    match key.split_once('.') {
        Some((outer, inner)) => table.insert(outer.to_owned(), Value::Table(nested(inner, value))),
        None => table.insert(key.to_owned(), value),
    };
    table
}

/// Every layer on its own, so that an error can name where it comes from.
fn check(model: &Model, layer: &Table) -> Result<(), KeyError> {
    ops(layer)?;
    section::<DataConfig>(layer, "data")?;
    section::<TrainConfig>(layer, "train")?;
    section::<EvalConfig>(layer, "eval")?;
    match (model.complete)(&subtable(layer, "network")) {
        Err(ModelError::Key(error)) => Err(error),
        Err(ModelError::Config(error)) => Err(KeyError::new(
            error.field,
            format!("{}: {}", error.problem, error.remedy),
        )),
        Ok(_) => Ok(()),
    }
}

fn section<T: DeserializeOwned + Default>(table: &Table, name: &str) -> Result<T, KeyError> {
    table
        .get(name)
        .and_then(Value::as_table)
        .map_or_else(|| Ok(T::default()), |table| from_table(name, table))
}

fn ops(table: &Table) -> Result<Ops, KeyError> {
    table.get("ops").map_or_else(
        || Ok(Ops::default()),
        |value| {
            let parsed = value.clone().try_into();
            parsed.map_err(|_| KeyError::new("ops", format!("is {value}: use \"kernels\" or \"reference\"")))
        },
    )
}

fn subtable(table: &Table, name: &str) -> Table {
    table.get(name).and_then(Value::as_table).cloned().unwrap_or_default()
}

fn merge(base: &mut Table, layer: Table) {
    for (key, value) in layer {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
