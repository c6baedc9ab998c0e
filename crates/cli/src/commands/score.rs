//! `score`: forecasts that lie in files, whoever made them, beside each other.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use foreframe_core::ClipShape;
use foreframe_data::files::ClipFile;
use foreframe_data::{DataConfig, Normalization, Scaling, persistence};
use foreframe_metrics::Comparison;
use foreframe_train::progress::progress;
use foreframe_train::run::weights_of;
use foreframe_train::weights::read_header;
use foreframe_train::{Evaluation, Evaluator, PERSISTENCE, RunConfig};

use super::eval::{self, PerceptualMetrics};
use crate::args::{DataArgs, ScoreArgs, SettingArgs};
use crate::settings::{FILES, Settings};
use crate::{output, target};

/// Said where it could be thought that something is done to values before they are compared.
const AS_THEY_ARE: &str = "values are compared as they are in the files: `denormalized` stands for that here";

pub(crate) fn run(args: &ScoreArgs) -> Result<()> {
    if let Some(report) = &args.report {
        output::check_writable(report)?;
    }
    let config = config(args)?;
    let names = names(args)?;
    ensure!(
        args.perceptual.fvd_weights.is_empty() || args.past.is_some(),
        "--fvd-weights: what is compared are whole clips: add --past, what was observed before"
    );
    let files = Files::open(args, &config.data)?;
    let perceptual = PerceptualMetrics::of(&args.perceptual, &args.backend.backend.device()?)?;
    let comparison = files.score(names, &config, &perceptual)?;
    if let Some(report) = &args.report {
        foreframe_report::write_score_page(report, &comparison)?;
        eprintln!("{}", report.display());
    }
    match args.json {
        true => output::json(&comparison),
        false => eval::print(&comparison),
    }
}

/// How files are read and scores defined, by `--set`.
fn config(args: &ScoreArgs) -> Result<RunConfig> {
    for assignment in &args.set {
        ensure!(
            assignment.starts_with("data.") || assignment.starts_with("eval.scores."),
            "--set {assignment}: nothing is forecast here; only keys of `data` and `eval.scores` can be set"
        );
    }
    let data = DataArgs {
        data: Some(FILES.to_owned()),
        ..DataArgs::default()
    };
    let settings = SettingArgs {
        set: args.set.clone(),
        ..SettingArgs::default()
    };
    // Any network will do: only the sections [data] and [eval.scores] count.
    let config = Settings::resolve(Some(PERSISTENCE), &settings, &data)?.config;
    ensure!(
        !matches!(config.data.normalize, Scaling::MinMax | Scaling::ZScore),
        "--set data.normalize: values are compared in the unit of the files: use none, or scale for bytes that stand for 0..1"
    );
    config.validate()?;
    Ok(config)
}

/// Names of the rows, the forecasts first.
fn names(args: &ScoreArgs) -> Result<Vec<String>> {
    let files = || std::iter::once(&args.forecast).chain(&args.against);
    let count = files().count();
    ensure!(
        args.name.len() <= count,
        "--name: there are {} names for {count} forecasts: give each of them one at most, in the order of the files",
        args.name.len()
    );
    let stem = |file: &PathBuf| {
        file.file_stem()
            .unwrap_or(file.as_os_str())
            .to_string_lossy()
            .into_owned()
    };
    let named = files().enumerate().map(|(number, file)| match args.name.get(number) {
        Some(name) => name.clone(),
        None => stem(file),
    });
    let last = args.past.is_some().then(|| PERSISTENCE.to_owned());
    let names: Vec<String> = named.chain(last).collect();
    for (number, name) in names.iter().enumerate() {
        ensure!(
            !names[..number].contains(name),
            "two rows would be called `{name}`: give each forecast a name of its own with --name"
        );
    }
    Ok(names)
}

/// The files that are compared.
struct Files {
    truth: ClipFile,
    /// The one that is evaluated first.
    forecasts: Vec<ClipFile>,
    past: Option<ClipFile>,
    /// Physical value of a normalized 0, where a network is named that knows it.
    mean: Option<Normalization>,
}

impl Files {
    fn open(args: &ScoreArgs, config: &DataConfig) -> Result<Self> {
        let open = |path: &PathBuf| ClipFile::open(&target::in_newest_run(path)?, config).map_err(anyhow::Error::from);
        let forecasts = std::iter::once(&args.forecast).chain(&args.against);
        let truth = open(&args.truth)?;
        let channels = truth.shape()[2];
        let files = Self {
            truth,
            forecasts: forecasts.map(open).collect::<Result<_>>()?,
            past: args.past.as_ref().map(open).transpose()?,
            mean: args
                .weights
                .as_deref()
                .map(|weights| normalization(weights, channels))
                .transpose()?,
        };
        files.check(config)?;
        Ok(files)
    }

    /// Refuses files that do not go together.
    fn check(&self, config: &DataConfig) -> Result<()> {
        let expected = self.truth.shape();
        let named = |file: &ClipFile| format!("`{}`", file.path().display());
        let truth = named(&self.truth);
        for forecast in &self.forecasts {
            ensure!(
                forecast.shape() == expected,
                "{} is {:?}, but {truth} is {expected:?} ([clips, frames, channels, rows, columns]): name forecasts of the \
                 frames of the truth",
                named(forecast),
                forecast.shape()
            );
        }
        let [clips, _, channels, height, width] = expected;
        if let Some(past) = &self.past {
            let [of, _, c, h, w] = past.shape();
            ensure!(
                [of, c, h, w] == [clips, channels, height, width],
                "{} is {:?}, but {truth} is {expected:?} ([clips, frames, channels, rows, columns]): name the frames that came \
                 before those of the truth",
                named(past),
                past.shape()
            );
        }
        let others = self.forecasts.iter().chain(&self.past);
        if let Some(other) = others
            .filter(|_| config.normalize == Scaling::Auto)
            .find(|other| other.holds_bytes() != self.truth.holds_bytes())
        {
            let of = |file: &ClipFile| if file.holds_bytes() { "bytes" } else { "no bytes" };
            bail!(
                "{} holds {}, but {truth} {}: say what bytes stand for: --set data.normalize=scale for 0..1, none for themselves",
                named(other),
                of(other),
                of(&self.truth)
            );
        }
        Ok(())
    }

    fn score(&self, names: Vec<String>, config: &RunConfig, perceptual: &PerceptualMetrics) -> Result<Comparison> {
        let [clips, future, channels, height, width] = self.truth.shape();
        let past = self.past.as_ref().map_or(0, |past| past.shape()[1]);
        let clip = ClipShape::new([past, future, channels, height, width]);
        eprintln!(
            "{clips} clips, {future} frames to forecast of {channels}x{height}x{width} (channels, rows, columns)"
        );
        let name = self.truth.path().display().to_string();
        let evaluation = Evaluation {
            data: &name,
            split: "",
            batch: 1,
            clips: 0,
            horizon: None,
            normalization: &Normalization::identity(),
            scores: &config.eval.scores,
            against: &[],
            lpips: perceptual.lpips.as_ref(),
            fvd: perceptual.fvd.as_ref(),
        };
        let mut evaluator = Evaluator::new(&evaluation, names, clip, clips)?;
        let mut progress = progress();
        progress.begin("score", clips as u64, 0);
        let mut all = || {
            for number in 0..clips {
                self.add(&mut evaluator, number, &clip)?;
                progress.advance(number as u64 + 1, "");
            }
            Ok::<(), anyhow::Error>(())
        };
        let result = all();
        progress.end();
        result?;
        let mut comparison = evaluator.finish()?;
        for row in &mut comparison.rows {
            row.summary.notes.push(AS_THEY_ARE.to_owned());
        }
        Ok(comparison)
    }

    fn add(&self, evaluator: &mut Evaluator<'_>, number: usize, clip: &ClipShape) -> Result<()> {
        let truth = self.truth.read(number)?;
        let is_wanted = |(index, value): (usize, &f32)| value.is_nan() && !truth[index].is_nan();
        let mut all = Vec::with_capacity(self.forecasts.len() + 1);
        for file in &self.forecasts {
            let forecast = file.read(number)?;
            if let Some(index) = forecast.iter().enumerate().position(is_wanted) {
                bail!(
                    "`{}` holds no value (NaN) in {}, where the truth has one: fill it in, or make the truth NaN there, too",
                    file.path().display(),
                    place(number, index, clip)
                );
            }
            all.push(forecast);
        }
        let past = self.past.as_ref().map(|past| past.read(number)).transpose()?;
        if let (Some(past), Some(file)) = (&past, &self.past) {
            let mut forecast = persistence(past, clip.frame_len(), clip.future);
            if let Some(mean) = &self.mean {
                for (index, value) in forecast.iter_mut().enumerate().filter(|(_, value)| value.is_nan()) {
                    let channel = index / (clip.height * clip.width) % clip.channels;
                    *value = mean.mean[if mean.mean.len() == 1 { 0 } else { channel }];
                }
            }
            if let Some(index) = forecast.iter().enumerate().position(is_wanted) {
                bail!(
                    "`{}` never has a value in {}, so that persistence forecasts none: name the weights whose mean it is to be \
                     with --weights, or leave --past out",
                    file.path().display(),
                    place(number, index, clip)
                );
            }
            all.push(forecast);
        }
        let all: Vec<&[f32]> = all.iter().map(Vec::as_slice).collect();
        evaluator.add(past.as_deref().unwrap_or_default(), &truth, &all)?;
        Ok(())
    }
}

/// The place of a value of a forecast in words.
fn place(clip: usize, index: usize, shape: &ClipShape) -> String {
    let (row, column) = (index / shape.width % shape.height, index % shape.width);
    let (frame, within) = (index / shape.frame_len(), index % shape.frame_len());
    let channel = within / (shape.height * shape.width);
    format!("clip {clip}, frame {frame}, channel {channel}, row {row}, column {column}")
}

/// That of the channels that a network forecasts, of which the truth has `channels`.
fn normalization(path: &Path, channels: usize) -> Result<Normalization> {
    let header = read_header(&weights_of(&target::locate(path)?)?)?;
    let targets = header
        .channels
        .as_ref()
        .map_or(header.clip.channels, |channels| channels.targets);
    ensure!(
        targets == channels,
        "--weights {}: the network forecasts {targets} channels, but the truth has {channels}",
        path.display()
    );
    Ok(header.normalization.first(targets))
}
