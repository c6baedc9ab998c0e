//! A network's forecast of a clip in an evaluation.

use burn::tensor::Tensor;
use foreframe_core::{Ahead, Clip, Targets};
use foreframe_data::{Channels, ClipSource};

use crate::model::Network;

/// Which channels of the clips of a source are to be forecast.
pub(crate) fn targets_of(source: &dyn ClipSource) -> Targets {
    source.channels().map_or(Targets::All, Channels::as_targets)
}

/// The channels of a clip's future that are to be forecast, as a network sees them that was built for all channels, or for
/// these alone.
///
/// `times` are those of the frames to forecast, which only networks for these channels alone are given: others read them, if
/// they look at them, as channels.
pub(super) fn answer(
    network: &dyn Network,
    clip: Clip,
    horizon: usize,
    targets: Targets,
    times: Vec<Option<Vec<i64>>>,
) -> Tensor<5> {
    match targets {
        Targets::First(_) if network.clip().channels == clip.past.dims()[2] => {
            let ahead = Ahead::frames(horizon).knowing(targets.known(&clip.future));
            network.forecast_ahead(clip.past, &ahead)
        }
        _ => network.forecast_ahead(targets.of(clip.past), &Ahead::frames(horizon).at(times)),
    }
}

/// Of which moments the forecasts of `clips` clips from number `first` on are; unknown of clips that only fill a batch.
pub(super) fn times(
    source: &dyn ClipSource,
    first: usize,
    clips: usize,
    past: usize,
    horizon: usize,
) -> Vec<Option<Vec<i64>>> {
    let of_clip = |index: usize| {
        let times = (index < source.len()).then(|| source.times(index)).flatten()?;
        times.get(past..past + horizon).map(<[i64]>::to_vec)
    };
    (first..first + clips).map(of_clip).collect()
}
