//! `eval`: a network, persistence and other references on the same clips.

mod perceptual;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use foreframe_core::ClipShape;
use foreframe_data::{Agreement, ClipSource, DataConfig, Dataset, Normalization, Splits, Trained};
use foreframe_metrics::Comparison;
use foreframe_train::evaluate::{Evaluation, evaluate, fit};
use foreframe_train::progress::{Progress, progress};
use foreframe_train::run::{read_run_info, weights_of};
use foreframe_train::weights::{WeightsHeader, read_header};
use foreframe_train::{EvalConfig, Network, NormalizationOf, PERSISTENCE, RunConfig};
use foreframe_zoo::{find_dataset, find_model};
use tracing::{info, warn};

use crate::args::{DataArgs, EvalArgs, SettingArgs, Split};
use crate::settings::{self, FILES, Settings};
use crate::{output, target};

pub(crate) use perceptual::PerceptualMetrics;

pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    let set = args.split.keys(&args.set);
    let (settings, network, splits) = match target::untrained(&args.target)? {
        Some(name) => of_model(args, name, set)?,
        None => of_weights(args, &set)?,
    };
    let mut config = settings.config;
    if let Some(batch) = args.batch {
        config.eval.batch = batch as usize;
    }
    for name in &args.against {
        if !config.eval.against.contains(name) {
            config.eval.against.push(name.clone());
        }
    }
    config.validate()?;
    let perceptual = PerceptualMetrics::of(&args.perceptual, &network.device().inner())?;
    let comparison = evaluate_split(
        network.as_ref(),
        &splits,
        args.split,
        &config.data.name,
        &config.eval,
        &perceptual,
        progress().as_mut(),
    )?;
    match args.json {
        true => output::json(&comparison),
        false => print(&comparison),
    }
}

type Evaluated = (Settings, Box<dyn Network>, Splits);

fn of_model(args: &EvalArgs, name: &str, set: Vec<String>) -> Result<Evaluated> {
    let set = SettingArgs {
        set,
        ..SettingArgs::default()
    };
    let settings = Settings::resolve(Some(name), &set, &args.data)?;
    args.split.check(settings.dataset)?;
    let device = args.backend.backend.device()?;
    let splits = (settings.dataset.open)(&settings.config.data)?;
    // Input-only channels do not help a model without weights.
    let (clip, _) = splits.forecast();
    let mut network = (settings.model.build)(&settings.config.network, &clip, &device)?;
    fit(
        network.as_mut(),
        &splits.train,
        settings.config.eval.batch,
        progress().as_mut(),
    )?;
    Ok((settings, network, splits))
}

fn of_weights(args: &EvalArgs, set: &[String]) -> Result<Evaluated> {
    for assignment in set {
        ensure!(
            assignment.starts_with("data.") || assignment.starts_with("eval."),
            "--set {assignment}: the network is trained already; only keys of `data` and `eval` can be set here"
        );
    }
    check_split(args)?;
    let mut settings = match moved(args, set)? {
        Some(same) => same,
        None => settings(args, set)?,
    };
    args.split.check(settings.dataset)?;
    let device = args.backend.backend.device()?;
    let header = target::header(&args.target)?;
    let trained = header.clip;
    let of_weights = settings.config.eval.normalization == NormalizationOf::Weights;
    if of_weights && settings.dataset.name == FILES {
        if header.input.is_none() && header.normalization == Normalization::identity() {
            warn!(
                "the weights do not say how their values were normalized: these are used as they are; `import --normalize` \
                 tells, and eval.normalization = \"data\" takes the scale of these data"
            );
        }
        let mut input = target::input(&args.target, &header, &[], args.other_grid)?;
        input.data = settings.config.data.clone();
        target::check_unit(&input.data, &input)?;
        settings.config.data.trained = Some(Arc::new(Trained {
            normalization: header.normalization.clone(),
            input: Some(input),
        }));
    }
    let splits = (settings.dataset.open)(&settings.config.data)?;
    let found = splits.clip;
    let (network, header) = target::open_for(&args.target, &device, |trained| ClipShape {
        past: found.past,
        height: found.height,
        width: found.width,
        ..trained
    })?;
    target::tell_other_clip(trained, header.clip);
    if let (Some(trained), Some(found)) = (&header.channels, splits.channels()) {
        ensure!(
            (&trained.names, trained.targets) == (&found.names, found.targets),
            "the data have the channels {}, the network was trained on {}: set data.variables, data.channels, data.targets, \
             data.static and data.time_encodings as in its run",
            found.names.join(", "),
            trained.names.join(", ")
        );
    }
    if splits.normalization != header.normalization {
        // Published data come with the scale that networks are published for.
        let is_published = header.input.is_none() && settings.dataset.name != FILES;
        ensure!(
            !of_weights || is_published,
            "`{}` is normalized otherwise than what the network was trained on ({} instead of {}): use data of the same kind, or \
             set eval.normalization = \"data\" to take the scale of these data",
            settings.config.data.name,
            splits.normalization.describe(),
            header.normalization.describe()
        );
        warn!("these data are normalized by their own training split, not as those that the network was trained on");
    }
    Ok((settings, network, splits))
}

/// Refuses `--split all` of data that have splits of their own, before its key is.
fn check_split(args: &EvalArgs) -> Result<()> {
    let run = target::locate(&args.target)?.join("config.toml");
    let name = match (&args.data.data, &args.data.data_path) {
        (Some(name), _) => name.clone(),
        (None, None) if run.is_file() => RunConfig::read(&run)?.data.name,
        _ => return Ok(()),
    };
    args.split.check(find_dataset(&name)?)
}

/// The data of a run that lie at `--data-path` now; `None` where something else is asked for or lies there.
fn moved(args: &EvalArgs, set: &[String]) -> Result<Option<Settings>> {
    let target = target::locate(&args.target)?;
    let file = target.join("config.toml");
    if args.data.data_path.is_none() || args.data.data.is_some() || !file.is_file() {
        return Ok(None);
    }
    let (run, info) = (RunConfig::read(&file)?, read_run_info(&target)?);
    let there = DataArgs {
        data: Some(run.data.name.clone()),
        protocol: None,
        ..args.data.clone()
    };
    // As they were in training: what is set besides may choose a part of them.
    let Ok(as_trained) = settings::of_run(&run, &there, &[]) else {
        return Ok(None);
    };
    let Ok(splits) = (as_trained.dataset.open)(&as_trained.config.data) else {
        return Ok(None);
    };
    let agreement = splits.fingerprint.compare(&info.data_fingerprint);
    if agreement != Agreement::Same || !splits.fingerprint.reads_files() {
        return Ok(None);
    }
    info!("these are the data of the run, {}", splits.fingerprint);
    let data = DataArgs {
        protocol: args.data.protocol,
        ..there
    };
    Ok(Some(settings::of_run(&run, &data, set)?))
}

/// The data to evaluate on: those of the run, or those that the flags name.
fn settings(args: &EvalArgs, set: &[String]) -> Result<Settings> {
    let target = target::locate(&args.target)?;
    if target.join("config.toml").is_file() {
        let run = RunConfig::read(&target.join("config.toml"))?;
        let other = args.data.data.as_ref().is_some_and(|name| *name != run.data.name) || args.data.data_path.is_some();
        if !other {
            if args.split == Split::All {
                warn!("--split all: the clips that the network was trained on are evaluated, too");
            }
            return settings::of_run(&run, &args.data, set);
        }
        let clip = network_clip(&args.data, &weights_of(&target)?)?;
        return settings::of_run(&run, &args.data, &[&clip[..], set].concat());
    }
    ensure!(
        args.data.data.is_some() || args.data.data_path.is_some(),
        "which data? `{}` is a weights file: name them with --data or --data-path",
        args.target.display()
    );
    let weights = weights_of(&target)?;
    let header = read_header(&weights)?;
    let set = [&network_clip(&args.data, &weights)?[..], set].concat();
    let plain = SettingArgs {
        set,
        ..SettingArgs::default()
    };
    Settings::resolve(Some(&header.model), &plain, &args.data)
}

/// Clips of the size that a network was built for, for datasets that can yield any.
fn network_clip(data: &DataArgs, weights: &std::path::Path) -> Result<Vec<String>> {
    let WeightsHeader { clip, .. } = read_header(weights)?;
    let mut set = vec![
        format!("data.past={}", clip.past),
        format!("data.future={}", clip.future),
    ];
    if let Some(name) = &data.data {
        let dataset = find_dataset(name)?;
        let defaults = (dataset.defaults)();
        let frame = Some([clip.channels, clip.height, clip.width]);
        let (size, resize) = (clip.height, Some([clip.height, clip.width]));
        let sized = DataConfig {
            size,
            ..defaults.clone()
        };
        let resized = DataConfig { resize, ..defaults };
        if (dataset.frame)(&sized) == frame {
            set.push(format!("data.size={size}"));
        } else if (dataset.frame)(&resized) == frame {
            set.push(format!("data.resize=[{}, {}]", clip.height, clip.width));
        }
    }
    Ok(set)
}

/// The models that `eval.against` names, for the channels that `network` forecasts, fitted to the training part.
fn references(
    network: &dyn Network,
    splits: &Splits,
    how: &EvalConfig,
    progress: &mut dyn Progress,
) -> Result<Vec<Box<dyn Network>>> {
    let clip = ClipShape {
        channels: splits.forecast().0.channels,
        ..network.clip()
    };
    let fitted = |name: &String| {
        let mut reference = reference(name, &clip, &network.device().inner())?;
        fit(reference.as_mut(), &splits.train, how.batch, progress)?;
        Ok(reference)
    };
    how.against.iter().map(fitted).collect()
}

/// The model called `name` for clips of this size, as a reference beside persistence.
///
/// # Errors
/// There is no such model, it has weights, or it is persistence.
pub(crate) fn reference(name: &str, clip: &ClipShape, device: &Device) -> Result<Box<dyn Network>> {
    ensure!(
        name != PERSISTENCE,
        "eval.against: persistence is in every comparison: leave it out"
    );
    without_weights(name, clip, device).context("eval.against")
}

/// The model called `name` for clips of this size, if it can forecast without having been trained.
///
/// # Errors
/// There is no such model, or it has weights.
pub(crate) fn without_weights(name: &str, clip: &ClipShape, device: &Device) -> Result<Box<dyn Network>> {
    let model = find_model(name)?;
    let network = (model.build)(&(model.defaults)(), clip, device)?;
    ensure!(
        network.parameters() == 0,
        "`{name}` has weights that must be trained: name a model without any, `persistence`, `advection` or `climatology`"
    );
    Ok(network)
}

/// Scores a network, persistence and the references that the configuration names on one split.
///
/// # Errors
/// The clips do not fit the network, or cannot be read.
pub(crate) fn evaluate_split(
    network: &dyn Network,
    splits: &Splits,
    split: Split,
    data: &str,
    how: &EvalConfig,
    perceptual: &PerceptualMetrics,
    progress: &mut dyn Progress,
) -> Result<Comparison> {
    let clips = split.of(splits)?;
    let against = references(network, splits, how, progress)?;
    let evaluation = Evaluation {
        data,
        split: split.name(),
        batch: how.batch,
        clips: how.clips,
        horizon: None,
        normalization: &splits.normalization,
        scores: &how.scores,
        against: &against,
        lpips: perceptual.lpips.as_ref(),
        fvd: perceptual.fvd.as_ref(),
    };
    Ok(evaluate(network, clips, &evaluation, progress)?)
}

/// The table of totals, the skill, by lead time the error and what was asked for beyond the usual scores, and
/// what every score means.
pub(crate) fn print(comparison: &Comparison) -> Result<()> {
    output::line(comparison.table())?;
    let asked = |name: &str| {
        name == "mse"
            || ["csi_", "lat_weighted_rmse", "acc", "lpips"]
                .iter()
                .any(|p| name.starts_with(p))
    };
    let names: Vec<String> = comparison.metrics().iter().map(|metric| metric.name.clone()).collect();
    let by_lead_time = names
        .iter()
        .filter(|name| asked(name))
        .filter_map(|name| comparison.lead_time_table(name));
    let tables: Vec<String> = comparison.skill_table().into_iter().chain(by_lead_time).collect();
    for table in &tables {
        output::line(table)?;
    }
    output::line(comparison.definitions().trim_end())
}

impl Split {
    /// As it is called in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::All => "all",
        }
    }

    /// The assignments of `--set`, and those that this command adds for the data.
    pub(crate) fn keys(self, set: &[String]) -> Vec<String> {
        let whole = (self == Self::All).then(|| "data.split=none".to_owned());
        set.iter().cloned().chain(whole).collect()
    }

    /// Refuses to take what was published as a training, validation and test split for one.
    pub(crate) fn check(self, dataset: &Dataset) -> Result<()> {
        ensure!(
            self != Self::All || dataset.name == FILES,
            "--split all: `{}` has splits of its own, and scores over all of them can be compared with nothing: name one of them",
            dataset.name
        );
        Ok(())
    }

    /// The split itself.
    ///
    /// # Errors
    /// Names the key by which it holds no clip.
    pub(crate) fn of(self, splits: &Splits) -> Result<Arc<dyn ClipSource>> {
        let (clips, key) = match self {
            Self::Train => (&splits.train, "data.split is none"),
            Self::Validation => (&splits.validation, "data.validation_share is 0, or data.split none"),
            // Where nothing is split, all of it is for scoring.
            Self::Test | Self::All => (&splits.test, "data.test_share is 0"),
        };
        ensure!(
            !clips.is_empty(),
            "the {} split holds no clip ({key}): change that, or use another --split",
            self.name()
        );
        Ok(clips.clone())
    }
}
