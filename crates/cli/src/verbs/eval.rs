//! `eval`: a trained network and persistence on the same clips.

use anyhow::{Result, ensure};
use foreframe_data::{ClipSource, DataConfig, Splits};
use foreframe_metrics::Comparison;
use foreframe_train::evaluate::{Evaluation, evaluate};
use foreframe_train::progress::{Progress, progress};
use foreframe_train::run::weights_of;
use foreframe_train::weights::{WeightsHeader, read_header};
use foreframe_train::{EvalConfig, Network, RunConfig};
use foreframe_zoo::find_dataset;
use tracing::warn;

use crate::args::{EvalArgs, SettingArgs, Split};
use crate::settings::{self, Settings};
use crate::{output, target};

pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    for assignment in &args.set {
        ensure!(
            assignment.starts_with("data.") || assignment.starts_with("eval."),
            "--set {assignment}: the network is trained already; only keys of `data` and `eval` can be set here"
        );
    }
    let settings = settings(args)?;
    let device = args.backend.backend.device()?;
    let (network, header) = target::open(&args.target, &device)?;
    let splits = (settings.dataset.open)(&settings.config.data)?;
    if splits.normalization != header.normalization {
        warn!("these data are normalised by their own training split, not as those that the network was trained on");
    }
    let mut how = settings.config.eval.clone();
    if let Some(batch) = args.batch {
        how.batch = batch as usize;
    }
    let comparison = judge(
        network.as_ref(),
        &splits,
        args.split,
        &settings.config.data.name,
        &how,
        progress().as_mut(),
    )?;
    match args.json {
        true => output::json(&comparison),
        false => print(&comparison),
    }
}

/// The data to judge on: those of the run, or those that the flags name.
fn settings(args: &EvalArgs) -> Result<Settings> {
    let target = target::locate(&args.target)?;
    if target.join("config.toml").is_file() {
        let run = RunConfig::read(&target.join("config.toml"))?;
        let other = args.data.data.as_ref().is_some_and(|name| *name != run.data.name) || args.data.data_path.is_some();
        if !other {
            return settings::of_run(&run, &args.data, &args.set);
        }
        let clip = network_clip(&args.data, &weights_of(&target)?)?;
        return settings::of_run(&run, &args.data, &[clip, args.set.clone()].concat());
    }
    ensure!(
        args.data.data.is_some() || args.data.data_path.is_some(),
        "which data? `{}` is a weights file: name them with --data or --data-path",
        args.target.display()
    );
    let weights = weights_of(&target)?;
    let header = read_header(&weights)?;
    let set = [network_clip(&args.data, &weights)?, args.set.clone()].concat();
    let plain = SettingArgs {
        set,
        ..SettingArgs::default()
    };
    Settings::resolve(Some(&header.model), &plain, &args.data)
}

/// Clips of the size that a network was built for, for datasets that can yield any.
fn network_clip(data: &crate::args::DataArgs, weights: &std::path::Path) -> Result<Vec<String>> {
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

/// Scores a network and persistence on one split.
///
/// # Errors
/// The clips do not fit the network, or cannot be read.
pub(crate) fn judge(
    network: &dyn Network,
    splits: &Splits,
    split: Split,
    data: &str,
    how: &EvalConfig,
    progress: &mut dyn Progress,
) -> Result<Comparison> {
    let evaluation = Evaluation {
        data,
        split: split.name(),
        batch: how.batch,
        clips: how.clips,
        horizon: None,
        normalization: &splits.normalization,
        scores: &how.scores,
    };
    Ok(evaluate(network, split.of(splits), &evaluation, progress)?)
}

/// The table of totals, and the error at every lead time.
pub(crate) fn print(comparison: &Comparison) -> Result<()> {
    output::line(comparison.table())?;
    match comparison.lead_time_table("mse") {
        Some(table) => output::line(table.trim_end()),
        None => Ok(()),
    }
}

impl Split {
    /// As it is called in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The split itself.
    pub(crate) fn of(self, splits: &Splits) -> std::sync::Arc<dyn ClipSource> {
        match self {
            Self::Train => splits.train.clone(),
            Self::Validation => splits.validation.clone(),
            Self::Test => splits.test.clone(),
        }
    }
}
