//! `train`: trains, judges on the test split, draws samples, writes the report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use foreframe_data::Splits;
use foreframe_metrics::Comparison;
use foreframe_train::progress::progress;
use foreframe_train::run::{Outcome, Status, TrainOptions, new_run_folder, train};
use foreframe_train::{Network, RunConfig, check_scores};

use super::eval::{self, Looks};
use crate::args::{DataArgs, SettingArgs, Split, TrainArgs};
use crate::samples::{Pictured, of_network};
use crate::settings::{self, Settings};
use crate::{output, target};

/// Where runs are kept.
const RUNS: &str = "runs";
/// Test clips that are drawn.
const SAMPLES: usize = 3;
/// What shells report of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    let resumed = args.resume.as_deref().map(target::run_folder).transpose()?;
    let settings = match &resumed {
        Some(folder) => of_resumed(args, folder)?,
        None => Settings::resolve(args.model.as_deref(), &with_length(args), &args.data)?,
    };
    let device = args.backend.backend.device()?.autodiff();
    let splits = (settings.dataset.open)(&settings.config.data)?;
    // Everything about the network that can be wrong shows itself here, before there is a folder.
    (settings.model.cost)(&settings.config.network, &splits.clip)?;
    check_judgement(&settings, &splits, &device)?;
    let folder = match (&resumed, &args.out) {
        (Some(folder), _) | (None, Some(folder)) => folder.clone(),
        (None, None) => new_run_folder(Path::new(RUNS), &settings.config.data.name, settings.model.name)?,
    };
    let outcome = fit(args, &settings, &splits, &device, &folder, resumed.is_some()).inspect_err(|_| {
        // Only empty folders can be removed like this, and those that are not are to be kept.
        let made = if args.out.is_some() { 1 } else { usize::MAX };
        folder
            .ancestors()
            .take(made)
            .for_each(|folder| drop(std::fs::remove_dir(folder)));
    })?;
    if outcome.status == Status::Interrupted {
        eprintln!(
            "{} after step {}; resume with: foreframe train --resume {}",
            outcome.reason,
            outcome.step,
            quoted(&folder.display().to_string())
        );
        return Ok(ExitCode::from(INTERRUPTED));
    }
    present(&settings, &splits, &device, &folder)?;
    Ok(ExitCode::SUCCESS)
}

/// What would keep the trained network from being judged must show itself before it is trained.
fn check_judgement(settings: &Settings, splits: &Splits, device: &Device) -> Result<()> {
    let how = &settings.config.eval;
    let (clip, normalization) = splits.forecast();
    check_scores(&clip, &normalization, &how.scores)?;
    for name in &how.against {
        eval::reference(name, &clip, &device.clone().inner())?;
    }
    Ok(())
}

/// `--epochs` and `--steps` are keys of the configuration like any other.
fn with_length(args: &TrainArgs) -> SettingArgs {
    let mut settings = args.settings.clone();
    if let Some(epochs) = args.epochs {
        settings
            .set
            .extend([format!("train.epochs={epochs}"), "train.steps=0".to_owned()]);
    }
    if let Some(steps) = args.steps {
        settings.set.push(format!("train.steps={steps}"));
    }
    settings
}

fn of_resumed(args: &TrainArgs, folder: &Path) -> Result<Settings> {
    let run = RunConfig::read(&folder.join("config.toml"))?;
    if let Some(model) = args.model.as_ref().filter(|model| **model != run.model) {
        bail!(
            "`{}` is a run of `{}`, not of `{model}`: leave the model out",
            folder.display(),
            run.model
        );
    }
    let set = with_length(args).set;
    for assignment in &set {
        ensure!(
            assignment.starts_with("train.") || assignment.starts_with("eval."),
            "--set {assignment}: a resumed run keeps its network and data; only keys of `train` and `eval` can be set"
        );
    }
    settings::of_run(&run, &DataArgs::default(), &set)
}

fn fit(
    args: &TrainArgs,
    settings: &Settings,
    splits: &Splits,
    device: &Device,
    folder: &Path,
    resume: bool,
) -> Result<Outcome> {
    let config = &settings.config;
    tracing::info!("{} on {}: {}", config.model, config.data.name, splits.description);
    eprintln!(
        "{} on {}, {}; run folder {}",
        config.model,
        config.data.name,
        splits.clip,
        folder.display()
    );
    if let Some(channels) = splits.channels() {
        eprintln!("{}", channels.told());
    }
    let mut progress = progress();
    let options = TrainOptions {
        folder,
        resume,
        max_steps: None,
        command: std::env::args()
            .map(|argument| quoted(&argument))
            .collect::<Vec<_>>()
            .join(" "),
        // Set by `cargo xtask`, which knows the sources it has built.
        commit: std::env::var("FOREFRAME_COMMIT").ok(),
        device_name: args.backend.backend.name(),
        progress: progress.as_mut(),
        hooks: &mut (),
    };
    Ok(train(settings.model, config, splits, device, options)?)
}

/// Judges the best network on the test split, if there is one, and prints and draws what it can do.
fn present(settings: &Settings, splits: &Splits, device: &Device, folder: &Path) -> Result<()> {
    if splits.test.is_empty() {
        eprintln!("nothing is judged: data.test_share is 0, so that there is no test split");
        return output::line(foreframe_report::write_run_page(folder)?.display());
    }
    let (network, _) = target::open(folder, &device.clone().inner())?;
    let config = &settings.config;
    let comparison = eval::judge(
        network.as_ref(),
        splits,
        Split::Test,
        &config.data.name,
        &config.eval,
        &Looks::default(),
        progress().as_mut(),
    )?;
    save(&comparison, folder)?;
    let pictures = draw(settings, splits, network.as_ref(), folder)?;
    let page = foreframe_report::write_run_page(folder)?;
    eval::print(&comparison)?;
    output::line("")?;
    for path in pictures.iter().chain([&page]) {
        output::line(path.display())?;
    }
    Ok(())
}

fn save(comparison: &Comparison, folder: &Path) -> Result<()> {
    let folder = folder.join("eval");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot write `{}`", folder.display()))?;
    output::write_whole(&folder.join("test.json"), &serde_json::to_vec_pretty(comparison)?)
}

fn draw(settings: &Settings, splits: &Splits, network: &dyn Network, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for index in 0..SAMPLES.min(splits.test.len()) {
        let picture = Pictured::new(splits.test.as_ref(), index, &splits.normalization, of_network(network))?;
        let title = format!(
            "{} on {}, test clip {index}",
            settings.model.name, settings.config.data.name
        );
        paths.extend(picture.write_all(&folder.join("samples"), &format!("test-{index}"), &title)?);
    }
    Ok(paths)
}

/// `text` as one word for a shell.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./=:,@+%".contains(letter);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_survives_a_shell() {
        assert_eq!(quoted("runs/a-b/c.d"), "runs/a-b/c.d");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
    }
}
