//! `compare`: several models, trained alike, beside each other.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use foreframe_data::Splits;
use foreframe_report::{ComparedModel, ModelComparison};
use foreframe_train::RunConfig;
use foreframe_train::evaluate::validation_loss;
use foreframe_train::progress::progress;
use foreframe_train::run::{Start, Status, new_run_folder, read_run_info};
use foreframe_zoo::find_model;

use super::train::{self, INTERRUPTED, RUNS, quoted};
use crate::args::{CompareArgs, SettingArgs};
use crate::output;
use crate::settings::Settings;

/// Keys that are the same for all, or one run would see other clips or more of them than another.
const COMMON: [&str; 10] = [
    "data.",
    "eval.",
    "ops",
    "train.epochs",
    "train.steps",
    "train.batch",
    "train.accumulate",
    "train.seed",
    "train.valid",
    "train.patience",
];

/// A model that takes part.
struct Entry {
    /// Its name: that of the model, unless it was given another.
    name: String,
    settings: Settings,
}

pub(crate) fn run(args: &CompareArgs) -> Result<ExitCode> {
    let entries = entries(args)?;
    let first = &entries[0].settings;
    let device = args.backend.backend.device()?.autodiff();
    let splits = (first.dataset.open)(&first.config.data)?;
    for entry in &entries {
        check(entry, &splits, &device).with_context(|| format!("`{}` cannot take part", entry.name))?;
    }
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => new_run_folder(Path::new(RUNS), &first.config.data.name, "compare")?,
    };
    let mut models: Vec<ComparedModel> = entries
        .iter()
        .map(|entry| ComparedModel {
            name: entry.name.clone(),
            runs: Vec::new(),
        })
        .collect();
    // Seed by seed, so that all networks have runs to show if the last ones are never finished.
    for number in 0..args.seeds {
        for (entry, model) in entries.iter().zip(&mut models) {
            let mut settings = entry.settings.clone();
            let seed = &mut settings.config.train.seed;
            *seed = seed.wrapping_add(number);
            let run = folder.join(&entry.name).join(format!("seed-{seed}"));
            if let Some(stopped) = finish(args, &settings, &splits, &device, &run)? {
                eprintln!(
                    "{stopped}; the same command with --out {} goes on",
                    quoted(&folder.display().to_string())
                );
                return Ok(ExitCode::from(INTERRUPTED));
            }
            model.runs.push(run);
        }
    }
    let comparison = ModelComparison::read(&models, persistence(first, &splits, &device)?)?;
    let written = comparison.write(&folder)?;
    if args.json {
        output::json(&comparison)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(comparison.caption())?;
    print(&comparison)?;
    output::line("")?;
    for path in written {
        output::line(path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The models that take part, each with its own optimizer and schedule, and with the data and the length of the first.
fn entries(args: &CompareArgs) -> Result<Vec<Entry>> {
    let named = args
        .models
        .iter()
        .map(|text| text.split_once('=').unwrap_or((text, text)));
    let named: Vec<(&str, &str)> = named.collect();
    for (index, (name, _)) in named.iter().enumerate() {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        ensure!(
            !name.is_empty() && !name.starts_with('.') && name.chars().all(plain),
            "`{name}` cannot be the name of a folder: use letters, digits and `-`, e.g. other=ustep"
        );
        ensure!(
            !named[..index].iter().any(|(other, _)| other == name),
            "`{name}` is named twice: give one of them another name, e.g. other={name}"
        );
    }
    let set: Vec<(Option<&str>, &str)> = args.set.iter().map(|text| owner(text)).collect();
    let presets: Vec<(Option<&str>, &str)> = args.preset.iter().map(|text| owner(text)).collect();
    let owned = |flag, list: &[(Option<&str>, &str)]| -> Result<()> {
        for (owner, value) in list {
            ensure!(
                owner.is_none_or(|owner| named.iter().any(|(name, _)| *name == owner)),
                "--{flag} {}:{value}: `{0}` is not compared: name one of {}",
                owner.unwrap_or_default(),
                named.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
            );
        }
        Ok(())
    };
    owned("set", &set)?;
    owned("preset", &presets)?;
    for (owner, assignment) in &set {
        ensure!(
            owner.is_none() || !COMMON.iter().any(|key| assignment.starts_with(key)),
            "--set {}:{assignment}: this must be the same for all: leave `{0}:` out",
            owner.unwrap_or_default()
        );
    }
    for (index, (owner, preset)) in presets.iter().enumerate() {
        ensure!(
            !presets[..index].iter().any(|(other, _)| other == owner),
            "--preset {}{preset}: {} has a preset already: leave one of them out",
            owner.map(|owner| format!("{owner}:")).unwrap_or_default(),
            owner.map_or_else(|| "every model".to_owned(), |owner| format!("`{owner}`"))
        );
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (name, model) in named {
        let of = |owner: &Option<&str>| owner.is_none_or(|owner| owner == name);
        // The model's own choice counts, wherever among the flags it stands: of assignments the last one does.
        let mut own: Vec<_> = set.iter().filter(|(owner, _)| of(owner)).collect();
        own.sort_by_key(|(owner, _)| owner.is_some());
        let preset = presets
            .iter()
            .filter(|(owner, _)| of(owner))
            .max_by_key(|(owner, _)| owner.is_some());
        let mut settings = SettingArgs {
            set: own.iter().map(|(_, assignment)| (*assignment).to_owned()).collect(),
            preset: preset.map(|(_, preset)| (*preset).to_owned()),
            ..SettingArgs::default()
        };
        settings
            .set
            .extend(args.steps.map(|steps| format!("train.steps={steps}")));
        let mut settings = Settings::resolve(Some(model), &settings, &args.data)?;
        if let Some(first) = entries.first() {
            like(&mut settings.config, &first.settings.config);
        }
        entries.push(Entry {
            name: name.to_owned(),
            settings,
        });
    }
    Ok(entries)
}

/// Whose key it is, and the assignment.
fn owner(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((owner, assignment)) if !owner.contains('=') => (Some(owner), assignment),
        _ => (None, text),
    }
}

/// Makes everything in `config` that is [`COMMON`] as it is in `first`.
fn like(config: &mut RunConfig, first: &RunConfig) {
    config.data = first.data.clone();
    config.eval = first.eval.clone();
    config.ops = first.ops;
    let (own, all) = (&mut config.train, &first.train);
    own.epochs = all.epochs;
    own.steps = all.steps;
    own.batch = all.batch;
    own.accumulate = all.accumulate;
    own.seed = all.seed;
    own.validate_every = all.validate_every;
    own.validation_clips = all.validation_clips;
    own.patience = all.patience;
}

/// Checks that it can be trained and evaluated, before the first model is trained.
fn check(entry: &Entry, splits: &Splits, device: &Device) -> Result<()> {
    let Settings { model, config, .. } = &entry.settings;
    config.validate()?;
    ensure!(
        config.train.patience == 0,
        "train.patience is {}, and all are trained for the same number of steps: leave it 0",
        config.train.patience
    );
    let network = (model.build)(&config.network, &splits.clip, device)?;
    ensure!(
        model.name != "persistence",
        "it is part of every comparison: leave it out"
    );
    ensure!(
        network.parameters() > 0,
        "it has nothing to train: leave it out; `--set 'eval.against=[\"{}\"]'` has every run evaluated beside it",
        model.name
    );
    (model.cost)(&config.network, &splits.clip)?;
    train::check_evaluation(&entry.settings, splits, device)
}

/// Trains and evaluates in `run`, unless that is done; goes on with what was begun. Says why it stopped before its end, if so.
fn finish(
    args: &CompareArgs,
    settings: &Settings,
    splits: &Splits,
    device: &Device,
    run: &Path,
) -> Result<Option<String>> {
    let file = run.join("config.toml");
    let begun = file.is_file();
    if begun {
        ensure!(
            RunConfig::read(&file)? == settings.config,
            "`{}` was configured otherwise: repeat the command it was begun with, remove the folder of that run, or name \
             another --out",
            file.display()
        );
    }
    let done = begun && read_run_info(run).is_ok_and(|info| info.status == Status::Finished);
    if !done {
        let place = train::Place {
            folder: run,
            is_dated: false,
        };
        let start = if begun { Start::Resume } else { Start::New };
        let outcome = train::fit(args.backend.backend, settings, splits, device, place, start)?;
        if outcome.status == Status::Interrupted {
            return Ok(Some(format!(
                "{} after step {} of `{}`",
                outcome.reason,
                outcome.step,
                run.display()
            )));
        }
    }
    if !run.join("eval/test.json").is_file() {
        train::evaluate(settings, splits, device, run)?;
    }
    Ok(None)
}

/// The validation loss of repeating the newest frame.
fn persistence(settings: &Settings, splits: &Splits, device: &Device) -> Result<f64> {
    let model = find_model("persistence")?;
    let network = (model.build)(&(model.defaults)(), &splits.clip, &device.clone().inner())?;
    let (batch, clips) = (settings.config.eval.batch, settings.config.train.validation_clips);
    Ok(validation_loss(
        network.as_ref(),
        splits.validation.clone(),
        batch,
        clips,
        progress().as_mut(),
    )?)
}

fn print(comparison: &ModelComparison) -> Result<()> {
    let mut table = output::table([""]);
    let names = comparison.rows.iter().map(|row| row.name.clone());
    table.set_header(std::iter::once(String::new()).chain(names));
    for (name, cells) in comparison.table() {
        table.add_row(std::iter::once(name).chain(cells));
    }
    output::print(&table)
}
