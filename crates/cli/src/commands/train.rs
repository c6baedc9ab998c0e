//! `train`: trains, evaluates on the test split, draws samples, writes the report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use foreframe_data::{InputSpec, Splits};
use foreframe_metrics::Comparison;
use foreframe_train::progress::progress;
use foreframe_train::run::{Hooks, Outcome, Start, Status, TrainOptions, new_run_folder, train};
use foreframe_train::{Network, RunConfig, check_scores};

use super::eval::{self, PerceptualMetrics};
use crate::args::{DataArgs, SettingArgs, Split, TrainArgs};
use crate::backend::Backend;
use crate::samples::{Pictured, of_network};
use crate::settings::{self, Settings};
use crate::{output, target};

/// Where runs are kept.
pub(super) const RUNS: &str = "runs";
/// Test clips that are drawn.
const SAMPLES: usize = 3;
/// Exit status of a program that Ctrl-C ended.
pub(super) const INTERRUPTED: u8 = 130;

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    ensure!(
        args.resume.is_none() || args.weights.is_none(),
        "--weights begins a new run, and --resume continues one with the weights of its checkpoint: leave one of the two out"
    );
    let weights = args.weights.as_deref().map(target::locate).transpose()?;
    let resumed = args.resume.as_deref().map(target::run_folder).transpose()?;
    let settings = match &resumed {
        Some(folder) => of_resumed(args, folder)?,
        None => Settings::resolve(args.model.as_deref(), &with_length(args), &args.data)?,
    };
    if let (Some(out), Some(data)) = (&args.out, &settings.config.data.path) {
        output::check_apart(out, &[data])?;
    }
    let device = args.backend.backend.device()?.autodiff();
    let splits = (settings.dataset.open)(&settings.config.data)?;
    // Everything about the network that can be wrong shows itself here, before there is a folder.
    (settings.model.cost)(&settings.config.network, &splits.clip)?;
    check_evaluation(&settings, &splits, &device)?;
    let folder = match (&resumed, &args.out) {
        (Some(folder), _) | (None, Some(folder)) => folder.clone(),
        (None, None) => new_run_folder(Path::new(RUNS), &settings.config.data.name, settings.model.name)?,
    };
    let start = match (&resumed, &weights) {
        (Some(_), _) => Start::Resume,
        (None, Some(path)) => Start::Weights(path),
        (None, None) => Start::New,
    };
    let place = Place {
        folder: &folder,
        is_dated: args.out.is_none(),
    };
    let outcome = fit(args.backend.backend, &settings, &splits, &device, place, start).inspect_err(|_| {
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
    if splits.test.is_empty() {
        eprintln!("nothing is evaluated: data.test_share is 0, so that there is no test split");
        output::line(foreframe_report::write_run_page(&folder)?.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (comparison, written) = evaluate(&settings, &splits, &device, &folder)?;
    eval::print(&comparison)?;
    output::line("")?;
    for path in written {
        output::line(path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks before training that the trained network can be evaluated.
pub(super) fn check_evaluation(settings: &Settings, splits: &Splits, device: &Device) -> Result<()> {
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
    // A path alone would mean files of the user's own.
    let data = DataArgs {
        data: Some(run.data.name.clone()),
        data_path: args.data.data_path.clone(),
        protocol: None,
    };
    settings::of_run(&run, &data, &set)
}

/// Where a run lies.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    /// Whether it is named by its time, beside others of the same data and network.
    pub(super) is_dated: bool,
}

/// Trains in a folder, or goes on with the run there.
pub(super) fn fit(
    backend: Backend,
    settings: &Settings,
    splits: &Splits,
    device: &Device,
    place: Place<'_>,
    start: Start<'_>,
) -> Result<Outcome> {
    let folder = place.folder;
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
        eprintln!("{}", channels.describe());
    }
    let mut progress = progress();
    let options = TrainOptions {
        folder,
        start,
        max_steps: None,
        command: std::env::args()
            .map(|argument| quoted(&argument))
            .collect::<Vec<_>>()
            .join(" "),
        // Set by `cargo xtask`, which knows the sources it has built.
        commit: std::env::var("FOREFRAME_COMMIT").ok(),
        device_name: backend.name(),
        progress: progress.as_mut(),
        hooks: &mut Newest(matches!(start, Start::New | Start::Weights(_)) && place.is_dated),
    };
    Ok(train(settings.model, config, splits, device, options)?)
}

/// Points `LATEST` to a run as soon as it has begun, if it is one of those that stand in time order.
struct Newest(bool);

impl Hooks for Newest {
    fn began(&mut self, folder: &Path) {
        if let (true, Err(error)) = (self.0, target::point_latest(folder)) {
            tracing::warn!("{error:#}: `LATEST` on the command line means the newest run all the same");
        }
    }
}

/// Evaluates the best network on the test split, and writes and draws what it can do: the pictures and the page.
pub(super) fn evaluate(
    settings: &Settings,
    splits: &Splits,
    device: &Device,
    folder: &Path,
) -> Result<(Comparison, Vec<PathBuf>)> {
    let (network, _) = target::open(folder, &device.clone().inner())?;
    let config = &settings.config;
    let comparison = eval::evaluate_split(
        network.as_ref(),
        splits,
        Split::Test,
        &config.data.name,
        &config.eval,
        &PerceptualMetrics::default(),
        progress().as_mut(),
    )?;
    save(&comparison, folder)?;
    let mut written = draw(settings, splits, network.as_ref(), folder)?;
    written.push(foreframe_report::write_run_page(folder)?);
    Ok((comparison, written))
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
        let input = splits
            .input
            .clone()
            .unwrap_or_else(|| InputSpec::of(&settings.config.data));
        let picture = picture.read_as(Some(&input));
        paths.extend(picture.write_all(&folder.join("samples"), &format!("test-{index}"), &title)?);
    }
    Ok(paths)
}

/// `text` as one word for a shell.
pub(super) fn quoted(text: &str) -> String {
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
