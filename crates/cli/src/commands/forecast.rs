//! `forecast`: continues a clip.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use foreframe_core::ClipShape;
use foreframe_data::files::{Observed, Past, observe};
use foreframe_data::{Channels, DataConfig, InputSpec, Missing, Normalization};
use foreframe_formats::time;
use foreframe_train::Forecaster;
use foreframe_train::weights::WeightsHeader;
use foreframe_zoo::find_model;
use tracing::{info, warn};

use super::watch;
use crate::args::ForecastArgs;
use crate::frames::{self, Picture};
use crate::{output, settings, target};

/// Frames that a model without weights looks at, where there are as many and none were asked for.
const UNTRAINED_PAST: usize = 10;

pub(crate) fn run(args: &ForecastArgs) -> Result<()> {
    if args.normalize {
        warn!("--normalize: input and output are in physical units by default: leave it out");
    }
    match (&args.input, &args.output) {
        (Some(input), Some(output)) => continue_clip(args, input, output),
        _ => watch::run(args),
    }
}

fn continue_clip(args: &ForecastArgs, input: &Path, output: &Path) -> Result<()> {
    frames::check_output(output)?;
    let device = args.backend.backend.device()?;
    let path = target::in_newest_run(input)?;
    output::check_apart(output, &[&path])?;
    let (forecaster, observed, header) = match target::untrained(&args.target)? {
        Some(name) => of_model(args, name, &path, &device)?,
        None => {
            output::check_apart(output, &[&target::locate(&args.target)?])?;
            of_weights(args, &path, &device)?
        }
    };
    let horizon = args.horizon.map_or(header.clip.future, |frames| frames as usize);
    if observed.unused > 0 {
        warn!(
            "`{}` is longer than the {} frames that the network looks at: the last {} are used, the first {} are not",
            input.display(),
            observed.past,
            observed.past,
            observed.unused
        );
    }
    let times = times(args, &path, &observed, header.channels.as_ref(), horizon)?;
    let [channels, height, width] = observed.size;
    if !args.normalized
        && let Some(range) = forecaster.input().outside(&observed.values, channels, height * width)
    {
        warn!("`{}`: {range}: is it another unit or scale?", input.display());
    }
    let (clips, axes) = (observed.clips, observed.axes);
    let answer = forecaster.forecast(observed.values, times.as_deref(), horizon, args.normalized)?;
    let size = forecaster.observer().forecast();
    let of_training = forecaster.input().range(size.channels).filter(|_| !args.normalized);
    let picture = Picture {
        range: args.range.or(of_training),
        unit: forecaster.input().unit().filter(|_| !args.normalized),
    };
    frames::write(output, answer, axes, clips, horizon, &size, &picture)?;
    output::line(output.display())
}

type Opened = (Forecaster, Observed, WeightsHeader);

/// A trained network, built for the frames that are observed.
fn of_weights(args: &ForecastArgs, path: &Path, device: &Device) -> Result<Opened> {
    let header = target::header(&args.target)?;
    let input = match args.normalized {
        true => as_they_are(),
        false => target::input(&args.target, &header, &args.set, args.other_grid)?,
    };
    let trained = header.clip;
    // Networks that read frame by frame can do with fewer frames than they were trained on.
    let frame_by_frame = find_model(&header.model).is_ok_and(|model| model.sampling.is_some());
    let past = match args.past.map(|frames| frames as usize) {
        Some(frames) => Past { frames, least: frames },
        None => Past {
            frames: trained.past,
            least: if frame_by_frame { 1 } else { trained.past },
        },
    };
    let observed = observe(path, &input, header.channels.as_ref(), past)?;
    let [channels, height, width] = observed.size;
    let expected = header
        .channels
        .as_ref()
        .map_or(trained.channels, |channels| channels.observed);
    ensure!(
        channels == expected,
        "`{}` has frames of {channels} channels, {height} rows and {width} columns, the network expects {expected} channels, {} \
         rows and {} columns: name a file of such frames",
        path.display(),
        trained.height,
        trained.width
    );
    let clip = ClipShape {
        past: observed.past,
        height,
        width,
        ..trained
    };
    let (network, header) = target::open_for(&args.target, device, |_| clip)
        .with_context(|| format!("`{}` has frames of {height} rows and {width} columns", path.display()))?;
    target::tell_other_clip(trained, clip);
    Ok((Forecaster::with_input(network, &header, input), observed, header))
}

/// A model without weights, built for the frames that are observed.
fn of_model(args: &ForecastArgs, name: &str, path: &Path, device: &Device) -> Result<Opened> {
    let model = find_model(name)?;
    let Some(horizon) = args.horizon.map(|frames| frames as usize) else {
        bail!("how many frames? `{name}` was not trained for any number: add --horizon, e.g. --horizon 12");
    };
    let own = DataConfig {
        name: settings::FILES.to_owned(),
        missing: Some(Missing::Mask),
        ..DataConfig::default()
    };
    let input = match args.normalized {
        true => as_they_are(),
        false => InputSpec::of(&settings::of_input(name, &InputSpec::of(&own), &args.set)?),
    };
    let past = Past {
        frames: args.past.map_or(UNTRAINED_PAST, |frames| frames as usize),
        least: args.past.map_or(1, |frames| frames as usize),
    };
    let observed = observe(path, &input, None, past)?;
    let [channels, height, width] = observed.size;
    let clip = ClipShape::new([observed.past, horizon, channels, height, width]);
    let network = (model.build)(&(model.defaults)(), &clip, device)?;
    let header = WeightsHeader::of(network.as_ref(), &Normalization::identity(), name);
    Ok((Forecaster::with_input(network, &header, input), observed, header))
}

/// Values as they stand in a file, missing ones among them.
fn as_they_are() -> InputSpec {
    InputSpec {
        divisor: Some(1.0),
        ..InputSpec::of(&DataConfig {
            name: settings::FILES.to_owned(),
            missing: Some(Missing::Mask),
            ..DataConfig::default()
        })
    }
}

/// The times of the frames that were observed and of those to come, where the network looks at them. Those of the observed
/// ones are known, or follow from `--start`, the time of the first.
fn times(
    args: &ForecastArgs,
    path: &Path,
    observed: &Observed,
    channels: Option<&Channels>,
    horizon: usize,
) -> Result<Option<Vec<i64>>> {
    let start = args.start.as_deref().map(|start| {
        let usage = || format!("--start {start}: write a date and time, e.g. 2019-03-01T00:00 (UTC)");
        time::seconds(start).with_context(usage)
    });
    let start = start.transpose()?;
    let Some(channels) = channels.filter(|channels| channels.need_time()) else {
        ensure!(
            start.is_none(),
            "--start: the network does not look at the time: leave it out"
        );
        return Ok(None);
    };
    ensure!(
        start.is_none() || observed.times.is_none(),
        "--start: `{}` says itself when its frames were taken: leave it out",
        path.display()
    );
    let Some(step) = channels.seconds else {
        bail!("the weights do not say how far apart frames are: train again");
    };
    let from = |start: i64, count: usize| (0..count as i64).map(move |frame| start + frame * step);
    let mut times = match (&observed.times, start) {
        (Some(times), _) => times.clone(),
        (None, Some(start)) => from(start + observed.unused as i64 * step, observed.past).collect(),
        (None, None) => bail!(
            "the network looks at the time, which the input does not say: add that of its first frame, e.g. \
             --start 2019-03-01T00:00"
        ),
    };
    let newest = times.last().copied().unwrap_or_default();
    times.extend(from(newest + step, horizon));
    info!("forecasts of {} and later", time::written(newest + step));
    Ok(Some(times))
}
