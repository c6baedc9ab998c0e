//! `forecast`: continues a clip.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use foreframe_data::{Channels, files, fill_missing, time};
use foreframe_train::Observer;
use foreframe_train::weights::WeightsHeader;
use tracing::warn;

use super::watch;
use crate::args::ForecastArgs;
use crate::frames::{self, Layout, Observed};
use crate::{output, target};

/// Clips forecast at a time: memory stays the same however many the file holds.
const BATCH: usize = 8;

pub(crate) fn run(args: &ForecastArgs) -> Result<()> {
    match (&args.input, &args.output) {
        (Some(input), Some(output)) => continue_clip(args, input, output),
        _ => watch::run(args),
    }
}

fn continue_clip(args: &ForecastArgs, input: &Path, output: &Path) -> Result<()> {
    frames::check_output(output)?;
    output::check_apart(
        output,
        &[&target::in_newest_run(input)?, &target::locate(&args.target)?],
    )?;
    let device = args.backend.backend.device()?;
    let (network, header) = target::open(&args.target, &device)?;
    let horizon = args.horizon.map_or(header.clip.future, |frames| frames as usize);
    let (mut observed, times) = observe(args, input, &header, horizon)?;
    let observer = Observer::of(&header);
    let (seen, size) = (observer.observed(), observer.forecast());
    if args.normalize {
        observer.normalize(&mut observed.values);
    }
    // Files say where values are missing if `data.missing` is `mask`; else they are refused before this.
    fill_missing(&mut observed.values);
    let (taken, valid) = times.as_ref().map(|times| times.split_at(seen.past)).unzip();
    let (clip_len, frame_len) = (seen.past * seen.frame_len(), seen.frame_len());
    let mut answer = Vec::new();
    for clips in observed.values.chunks(BATCH * clip_len) {
        let newest: Vec<f32> = (clips.chunks_exact(clip_len))
            .flat_map(|clip| &clip[clip_len - frame_len..])
            .copied()
            .collect();
        let known = observer.known(&newest, horizon, valid, &device);
        let past = observer.complete(clips, seen.past, taken, &device);
        let forecast = network.forecast_knowing(past, horizon, &known);
        answer.extend(forecast.into_data().convert::<f32>().try_to_vec::<f32>()?);
    }
    if args.normalize {
        observer.denormalize(&mut answer);
    }
    frames::write(output, answer, observed.layout, observed.clips, horizon, &size)?;
    output::line(output.display())
}

/// What is to be continued, and when its frames were and will be taken, where the network looks at the time.
fn observe(
    args: &ForecastArgs,
    input: &Path,
    header: &WeightsHeader,
    horizon: usize,
) -> Result<(Observed, Option<Vec<i64>>)> {
    let (path, clip) = (target::in_newest_run(input)?, &header.clip);
    let start = args.start.as_deref().map(|start| {
        let told = || format!("--start {start}: write a date and time, e.g. 2019-03-01T00:00 (UTC)");
        time::seconds(start).with_context(told)
    });
    let start = start.transpose()?;
    let channels = header.channels.as_ref();
    ensure!(
        start.is_none() || channels.is_some_and(Channels::need_time),
        "--start: the network does not look at the time: leave it out"
    );
    if let Some(channels) = channels.filter(|_| files::holds_fields(&path)) {
        let newest = files::newest(channels, &path, clip.past)?;
        let [rows, columns] = newest.size;
        ensure!(
            [rows, columns] == [clip.height, clip.width],
            "`{}` has frames of {rows} rows and {columns} columns, the network expects {} and {}: crop or resize it, or train \
             a network for this size",
            path.display(),
            clip.height,
            clip.width
        );
        ensure!(
            start.is_none() || newest.times.is_none(),
            "--start: `{}` says itself when its frames were taken: leave it out",
            path.display()
        );
        let observed = Observed {
            values: newest.values,
            clips: 1,
            layout: Layout::Clip,
            unused_frames: 0,
        };
        let times = times(channels, newest.times, start, clip.past, horizon)?;
        return Ok((observed, times));
    }
    let observed = frames::read(&path, clip, channels)?;
    if observed.unused_frames > 0 {
        warn!(
            "`{}` is longer than the {} frames that the network looks at: the last {} are used, the first {} are not",
            input.display(),
            clip.past,
            clip.past,
            observed.unused_frames
        );
    }
    let times = match channels {
        None => None,
        Some(channels) => {
            let unused = observed.unused_frames as i64 * channels.seconds.unwrap_or(0);
            times(channels, None, start.map(|start| start + unused), clip.past, horizon)?
        }
    };
    Ok((observed, times))
}

/// The times of the frames that were observed and of those to come, where the network looks at them. Those of the observed
/// ones are known, or follow from `start`, the time of the first.
fn times(
    channels: &Channels,
    observed: Option<Vec<i64>>,
    start: Option<i64>,
    past: usize,
    horizon: usize,
) -> Result<Option<Vec<i64>>> {
    if !channels.need_time() {
        return Ok(None);
    }
    let Some(step) = channels.seconds else {
        bail!("the weights do not say how far apart frames are: train again");
    };
    let from = |start: i64, count: usize| (0..count as i64).map(move |frame| start + frame * step);
    let mut times = match (observed, start) {
        (Some(times), _) => times,
        (None, Some(start)) => from(start, past).collect(),
        (None, None) => bail!(
            "the network looks at the time, which the input does not say: add that of its first frame, e.g. \
             --start 2019-03-01T00:00"
        ),
    };
    let apart = times.windows(2).map(|pair| pair[1] - pair[0]);
    if let Some(apart) = apart.into_iter().find(|apart| *apart != step) {
        warn!("frames are {apart} s apart, the network was trained on frames that are {step} s apart");
    }
    let newest = times.last().copied().unwrap_or_default();
    times.extend(from(newest + step, horizon));
    Ok(Some(times))
}
