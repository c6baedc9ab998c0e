//! `forecast`: continues a clip.

use std::path::Path;

use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use foreframe_core::ClipShape;
use tracing::warn;

use super::watch;
use crate::args::ForecastArgs;
use crate::{frames, target};

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
    let device = args.backend.backend.device()?;
    let (network, header) = target::open(&args.target, &device)?;
    let clip = header.clip;
    let mut observed = frames::read(&target::in_newest_run(input)?, &clip)?;
    if observed.unused_frames > 0 {
        warn!(
            "`{}` is longer than the {} frames that the network looks at: the last {} are used, the first {} are not",
            input.display(),
            clip.past,
            clip.past,
            observed.unused_frames
        );
    }
    let horizon = args.horizon.map_or(clip.future, |frames| frames as usize);
    let size = ClipShape {
        future: horizon,
        ..clip
    };
    if args.normalize {
        header.normalization.normalize(&mut observed.values, &size);
    }
    let mut answer = Vec::new();
    for clips in observed.values.chunks(BATCH * clip.past * clip.frame_len()) {
        let batch = clips.len() / (clip.past * clip.frame_len());
        let shape = [batch, clip.past, clip.channels, clip.height, clip.width];
        let past = Tensor::from_data(TensorData::new(clips.to_vec(), shape), &device);
        answer.extend(
            network
                .forecast(past, horizon)
                .into_data()
                .convert::<f32>()
                .try_to_vec::<f32>()?,
        );
    }
    if args.normalize {
        header.normalization.denormalize(&mut answer, &size);
    }
    frames::write(output, answer, observed.layout, observed.clips, horizon, &size)?;
    crate::output::line(output.display())
}
