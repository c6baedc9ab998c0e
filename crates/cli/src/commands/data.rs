//! `data`: what there is, fetched, checked, shown.

mod own;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use foreframe_data::Dataset;
use foreframe_datasets::download::{self, FileState, Manifest};
use foreframe_train::config::nearest;
use foreframe_zoo::{DATASETS, matching};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::args::{DataArgs, DataCommand, DataShowArgs, FilesArgs, ListArgs, SettingArgs};
use crate::output;
use crate::samples::{Pictured, of_persistence};
use crate::settings::Settings;

/// Where datasets lie.
const DATASETS_FOLDER: &str = "datasets";

pub(crate) fn run(command: &DataCommand) -> Result<()> {
    match command {
        DataCommand::List(args) => list(args),
        DataCommand::Get(args) => get(args),
        DataCommand::Verify(args) if is_path(&args.name) => own::verify(Path::new(&args.name)),
        DataCommand::Verify(args) => verify(args),
        DataCommand::Show(args) => match args.name.as_deref().filter(|name| is_path(name)) {
            Some(path) => own::show(args, Path::new(path)),
            None => show(args),
        },
        DataCommand::Convert(args) => own::convert(args),
    }
}

/// Whether a user means a path by it, and no dataset.
fn is_path(name: &str) -> bool {
    let is_dataset = DATASETS.iter().any(|dataset| dataset.name == name) || download::find(name).is_some();
    !is_dataset && (name.contains(['/', '.']) || Path::new(name).exists())
}

/// A dataset as JSON.
pub(crate) fn entry(dataset: &Dataset) -> Value {
    json!({"name": dataset.name, "about": dataset.about, "source": dataset.source, "defaults": (dataset.defaults)()})
}

fn list(args: &ListArgs) -> Result<()> {
    let pattern = args.pattern.as_deref().unwrap_or_default();
    let datasets: Vec<&Dataset> = DATASETS
        .iter()
        .filter(|dataset| matching(pattern, dataset.name))
        .collect();
    ensure!(
        !datasets.is_empty(),
        "no dataset matches `{pattern}`: `foreframe data list` shows all"
    );
    if args.json {
        return output::json(&datasets.into_iter().map(entry).collect::<Vec<Value>>());
    }
    for dataset in datasets {
        output::line(format_args!(
            "{}\n  {}\n  {}",
            dataset.name, dataset.about, dataset.source
        ))?;
    }
    Ok(())
}

fn manifest(args: &FilesArgs) -> Result<(Manifest, PathBuf)> {
    let Some(manifest) = download::find(&args.name) else {
        let manifests = download::manifests();
        let names: Vec<&str> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
        let hint = nearest(&args.name, names.iter().copied()).map(|name| format!(": did you mean `{name}`?"));
        bail!(
            "there are no files to fetch for `{}`{}; there is {}",
            args.name,
            hint.unwrap_or_default(),
            names.join(", ")
        );
    };
    let folder = args
        .dir
        .clone()
        .unwrap_or_else(|| Path::new(DATASETS_FOLDER).join(&manifest.folder));
    Ok((manifest, folder))
}

fn get(args: &FilesArgs) -> Result<()> {
    let (manifest, folder) = manifest(args)?;
    if manifest.files.is_empty() && manifest.obtain.is_empty() {
        return output::line(format_args!("`{}` needs no files", manifest.name));
    }
    eprintln!("{}\n{}", manifest.citation, manifest.license);
    ensure!(
        !manifest.files.is_empty(),
        "the files of `{}` cannot be fetched by this program: {}",
        manifest.name,
        manifest.obtain.trim()
    );
    let style = ProgressStyle::with_template("{prefix:30} {bar:30} {bytes}/{total_bytes}  {eta} left");
    let bar = ProgressBar::new(0);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let paths = download::get(&manifest, &folder, args.all, |progress| {
        bar.set_prefix(progress.file.to_owned());
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    })?;
    bar.finish_and_clear();
    for path in paths {
        output::line(path.display())?;
    }
    if !manifest.obtain.is_empty() {
        eprintln!("{}", manifest.obtain.trim());
    }
    Ok(())
}

fn verify(args: &FilesArgs) -> Result<()> {
    let (manifest, folder) = manifest(args)?;
    ensure!(
        !manifest.files.is_empty() || manifest.obtain.is_empty(),
        "no checksums are known of the files of `{}`: `foreframe data show {}` opens them",
        manifest.name,
        manifest.name
    );
    let mut wrong = 0;
    for file in &manifest.files {
        let (word, is_wrong) = match download::state(file, &folder)? {
            FileState::Intact => ("ok", false),
            FileState::Missing if file.optional => ("not there (optional)", false),
            FileState::Missing => ("missing", true),
            FileState::Damaged => ("damaged", true),
        };
        wrong += usize::from(is_wrong);
        output::line(format_args!("{}: {word}", folder.join(&file.name).display()))?;
    }
    ensure!(
        wrong == 0,
        "{wrong} of {} files are missing or damaged: run `foreframe data get {}`",
        manifest.files.len(),
        args.name
    );
    Ok(())
}

fn show(args: &DataShowArgs) -> Result<()> {
    output::check_writable(&args.output)?;
    let data = DataArgs {
        data: args.name.clone(),
        data_path: args.data_path.clone(),
        protocol: args.protocol,
    };
    let settings = SettingArgs {
        config: args.config.clone(),
        set: args.split.keys(&args.set),
        ..SettingArgs::default()
    };
    // Any network will do: only the section [data] counts.
    let model = args.config.is_none().then_some("persistence");
    let settings = Settings::resolve(model, &settings, &data)?;
    let inputs = [&settings.config.data.path, &args.config];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().map(PathBuf::as_path).collect();
    output::check_apart(&args.output, &inputs)?;
    args.split.check(settings.dataset)?;
    let splits = (settings.dataset.open)(&settings.config.data)?;
    let source = args.split.of(&splits)?;
    let (name, split, index) = (settings.dataset.name, args.split.name(), args.index);
    ensure!(
        index < source.len(),
        "the {split} split of `{name}` has {} clips, counted from 0: there is no clip {index}",
        source.len()
    );
    let picture = Pictured::new(source.as_ref(), index, &splits.normalization, of_persistence)?;
    picture.write(
        &args.output,
        &format!("{name}, {split} clip {index}; forecast: persistence"),
    )?;
    eprintln!(
        "{name}: {}; {} train, {} validation and {} test clips of {}",
        splits.description,
        splits.train.len(),
        splits.validation.len(),
        splits.test.len(),
        splits.clip
    );
    output::line(args.output.display())
}
