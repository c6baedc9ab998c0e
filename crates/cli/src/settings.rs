//! From the flags to one complete configuration.

use anyhow::{Context, Result, bail};
use foreframe_core::{ClipShape, Preset};
use foreframe_data::{DataConfig, Dataset, InputSpec, whole_frames};
use foreframe_train::Model;
use foreframe_train::config::{ConfigFile, Layers, RunConfig, resolve};
use foreframe_zoo::{find_dataset, find_model, find_preset, recommended};
use toml::{Table, Value};

use crate::args::{DataArgs, SettingArgs};

/// The default dataset: it needs no file.
const DEFAULT_DATA: &str = "moving-digits";
/// The dataset of the user's own files.
pub(crate) const FILES: &str = "files";

/// A model, its data and everything that can be set about them.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) model: &'static Model,
    pub(crate) dataset: &'static Dataset,
    pub(crate) preset: Option<Preset<Table>>,
    pub(crate) config: RunConfig,
    /// Whether a flag or the file says which data.
    data_named: bool,
}

impl Settings {
    /// Without a word about configuration or preset, the committed configuration of that network and dataset counts;
    /// for data of the user's own it is the network's small preset, which a CPU can train.
    ///
    /// # Errors
    /// Names the unknown model, dataset, preset or key, the file it stands in, and the nearest known name.
    pub(crate) fn resolve(model: Option<&str>, settings: &SettingArgs, data: &DataArgs) -> Result<Self> {
        let file = settings.config.as_deref().map(ConfigFile::read).transpose()?;
        let file = file.as_ref();
        let Some(name) = model.or(file.and_then(ConfigFile::model)) else {
            bail!("which model? Name one, e.g. `ustep`; `foreframe list` shows all");
        };
        let model = find_model(name)?;
        let dataset = dataset(data, file)?;
        let committed = match (file, &settings.preset) {
            (None, None) => recommended(dataset.name, model.name),
            _ => None,
        };
        let committed = committed
            .map(|config| ConfigFile::parse(config.path, config.text))
            .transpose()?;
        let unnamed = file.is_none();
        let file = file.or(committed.as_ref());
        let preset = match settings.preset.as_deref().or(file.and_then(ConfigFile::preset)) {
            Some(name) => Some(find_preset(model, name)?),
            None if unnamed && dataset.name == FILES => find_preset(model, DEFAULT_DATA).ok(),
            None if unnamed => find_preset(model, dataset.name).ok(),
            None => None,
        };
        let config = resolve(&Layers {
            model,
            dataset,
            preset: preset.as_ref(),
            file,
            data_path: data.data_path.as_deref(),
            set: &data.keys(&settings.set),
        })?;
        config.ops.install();
        Ok(Self {
            model,
            dataset,
            preset,
            config,
            data_named: by_flag(data) || (!unnamed && file.and_then(ConfigFile::data).is_some()),
        })
    }

    /// As [`Settings::resolve`], with the clip that a network is to be built for: what `--clip` or `--set clip.*` say,
    /// else that of the data where they are named, else that of the preset. Without a word about network or data, it is
    /// the model's first preset, that of its paper.
    ///
    /// # Errors
    /// As [`Settings::resolve`], and what keeps the data from being opened.
    pub(crate) fn with_clip(
        model: Option<&str>,
        settings: &SettingArgs,
        data: &DataArgs,
        clip: Option<ClipShape>,
    ) -> Result<(Self, ClipShape)> {
        let (of_clip, rest): (Vec<String>, Vec<String>) = settings
            .set
            .iter()
            .cloned()
            .partition(|assignment| assignment.starts_with("clip."));
        let mut plain = SettingArgs {
            set: rest,
            ..settings.clone()
        };
        if let (Some(name), None, None, false) = (model, &plain.preset, &plain.config, by_flag(data)) {
            plain.preset = (find_model(name)?.presets)()
                .first()
                .map(|preset| preset.name.to_owned());
        }
        let resolved = Self::resolve(model, &plain, data)?;
        let mut clip = match (clip, &resolved.preset) {
            (Some(clip), _) => clip,
            (None, Some(preset)) if !resolved.data_named => resolved.preset_clip(preset, &plain.set),
            _ => resolved.data_clip()?,
        };
        for assignment in of_clip {
            set_size(&mut clip, &assignment)?;
        }
        clip.validate()?;
        Ok((resolved, clip))
    }

    /// The preset's clip, except for what `--set` says about the data.
    fn preset_clip(&self, preset: &Preset<Table>, set: &[String]) -> ClipShape {
        let is_set = |key: &str| {
            set.iter()
                .any(|text| text.split('=').next().is_some_and(|name| name.trim() == key))
        };
        let (mut clip, data) = (preset.clip, &self.config.data);
        if is_set("data.past") {
            clip.past = data.past;
        }
        if is_set("data.future") {
            clip.future = data.future;
        }
        if is_set("data.size") {
            (clip.height, clip.width) = (data.size, data.size);
        }
        clip
    }

    fn data_clip(&self) -> Result<ClipShape> {
        let data = &self.config.data;
        match (self.dataset.frame)(data) {
            // Only those of published sets are known without a file.
            Some([channels, height, width]) => {
                whole_frames(data)?;
                Ok(data.clip(channels, height, width)?)
            }
            None => Ok((self.dataset.open)(data)?.clip),
        }
    }
}

fn by_flag(data: &DataArgs) -> bool {
    data.data.is_some() || data.data_path.is_some()
}

/// The dataset that is asked for: by name, by a path, by the file, or none.
fn dataset(data: &DataArgs, file: Option<&ConfigFile>) -> Result<&'static Dataset> {
    let by_path = data.data_path.as_ref().map(|_| FILES);
    let name = data
        .data
        .as_deref()
        .or(by_path)
        .or(file.and_then(ConfigFile::data))
        .unwrap_or(DEFAULT_DATA);
    Ok(find_dataset(name)?)
}

fn set_size(clip: &mut ClipShape, assignment: &str) -> Result<()> {
    let usage =
        || format!("--set {assignment}: write e.g. `clip.height=64`; there is past, future, channels, height, width");
    let (key, value) = assignment.split_once('=').with_context(usage)?;
    let size = value.trim().parse().with_context(usage)?;
    match key.trim() {
        "clip.past" => clip.past = size,
        "clip.future" => clip.future = size,
        "clip.channels" => clip.channels = size,
        "clip.height" => clip.height = size,
        "clip.width" => clip.width = size,
        _ => bail!(usage()),
    }
    Ok(())
}

/// The configuration of a run, with its data replaced or changed.
///
/// # Errors
/// Names the unknown dataset or key.
pub(crate) fn of_run(run: &RunConfig, data: &DataArgs, set: &[String]) -> Result<Settings> {
    let file = ConfigFile::parse("the run's config.toml", &run.to_toml())?;
    of_file(find_model(&run.model)?, &file, data, set)
}

/// The section `[data]` by which files are read for a network, with what `set` changes.
///
/// # Errors
/// Names the unknown network or key.
pub(crate) fn of_input(model: &str, input: &InputSpec, set: &[String]) -> Result<DataConfig> {
    let table = Table::from_iter([("data".to_owned(), Value::try_from(&input.data)?)]);
    let file = ConfigFile::parse("the weights file", &table.to_string())?;
    Ok(of_file(find_model(model)?, &file, &DataArgs::default(), set)?
        .config
        .data)
}

fn of_file(model: &'static Model, file: &ConfigFile, data: &DataArgs, set: &[String]) -> Result<Settings> {
    let dataset = dataset(data, Some(file))?;
    let config = resolve(&Layers {
        model,
        dataset,
        preset: None,
        file: Some(file),
        data_path: data.data_path.as_deref(),
        set: &data.keys(set),
    })?;
    config.ops.install();
    Ok(Settings {
        model,
        dataset,
        preset: None,
        config,
        data_named: true,
    })
}
