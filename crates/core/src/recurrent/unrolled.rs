//! The training objective of recurrent networks.

use burn::tensor::{Bool, Device, Tensor};

use super::{Recurrent, TrueFrames, frame, recompute};
use crate::objective::weight;
use crate::{Clip, Objective, StepContext, Targets, as_precise_as};

/// The objective over a whole clip: the mean of [`frame_loss`](Recurrent::frame_loss) over the forecasts of the frames 1
/// to T + T' - 1, which includes those that were observed, plus the mean of the steps' penalties. Which true frames the
/// network reads is drawn as the context says. Where the truth is missing the forecast is taken for it, and the mean is that
/// over the values that are left.
pub fn unrolled<N: Recurrent>(network: &N, clip: Clip, context: &StepContext) -> Objective {
    let [batch, past, ..] = clip.past.dims();
    let shown = TrueFrames::draw(context, batch, past, clip.future.dims()[1]);
    let state = network.start(&frame(&clip.past, 0));
    unrolled_from(network, state, clip, &shown, context.recompute_steps)
}

/// [`unrolled`] from a given state and with given true frames. With `recompute` the activations of a step are
/// recomputed in the backward pass: one more forward pass, for the memory of one step instead of all.
pub fn unrolled_from<N: Recurrent>(
    network: &N,
    state: N::State,
    clip: Clip,
    shown: &TrueFrames,
    recompute: bool,
) -> Objective {
    let frames = Frames::new(clip, shown.targets(), network.reads_last_frame());
    if recompute {
        return recompute::objective(network, state, &frames, shown);
    }
    let mut forecasts: Vec<Tensor<4>> = Vec::new();
    let mut state = state;
    let mut losses = Vec::new();
    for time in 0..frames.steps() {
        let input = frames.input(time, forecasts.last(), shown);
        let (forecast, after, penalty) = network.penalized_step(input, state);
        state = after;
        losses.push(frames.loss(network, time, &forecast, penalty));
        forecasts.push(forecast);
    }
    Objective {
        loss: Tensor::cat(losses, 0).sum(),
        forecast: frames.future_of(forecasts),
    }
}

/// The frames of a clip, one by one.
pub(super) struct Frames {
    /// As the network reads them.
    inputs: Vec<Tensor<4>>,
    /// As the loss compares them.
    truths: Vec<Tensor<4>>,
    missing: Option<Missing>,
    future: usize,
    targets: Targets,
    /// Whether the last frame is read as well.
    to_the_end: bool,
}

impl Frames {
    fn new(clip: Clip, targets: Targets, to_the_end: bool) -> Self {
        let Clip { past, future, missing } = clip;
        let each = |frames: &Tensor<5>| -> Vec<Tensor<4>> { (0..frames.dims()[1]).map(|t| frame(frames, t)).collect() };
        let missing = missing.map(|missing| Missing::new(targets.of(missing), &future));
        let read = as_precise_as(&past, future.clone());
        let observed = as_precise_as(&future, past.clone());
        Self {
            inputs: [each(&past), each(&read)].concat(),
            truths: [each(&observed), each(&future)].concat(),
            missing,
            future: future.dims()[1],
            targets,
            to_the_end,
        }
    }

    /// Where they are.
    pub(super) fn device(&self) -> Device {
        self.inputs[0].device()
    }

    /// Frames that are read: all but the last, unless its step adds to the loss.
    pub(super) fn steps(&self) -> usize {
        self.forecasts() + usize::from(self.to_the_end)
    }

    /// Frames that are forecast and compared: all but the first.
    fn forecasts(&self) -> usize {
        self.inputs.len() - 1
    }

    /// Input at `time`: for every sample the true frame or `forecast`, the network's own forecast of it; of channels
    /// that are no targets always the truth.
    pub(super) fn input(&self, time: usize, forecast: Option<&Tensor<4>>, shown: &TrueFrames) -> Tensor<4> {
        let truth = self.inputs[time].clone();
        let Some(forecast) = forecast else { return truth };
        // Nothing is forecast from the last frame: it is read to be compared with.
        if time == self.forecasts() {
            return truth;
        }
        let shown = shown.at(time);
        if shown.iter().all(|&shown| shown) {
            return truth;
        }
        let forecast = self.targets.completed(forecast.clone(), &truth);
        if !shown.contains(&true) {
            return forecast;
        }
        let each = shown
            .iter()
            .enumerate()
            .map(|(sample, &shown)| match shown {
                true => truth.clone().narrow(0, sample, 1),
                false => forecast.clone().narrow(0, sample, 1),
            })
            .collect();
        Tensor::cat(each, 0)
    }

    /// Term of the forecast made at `time` in the objective.
    pub(super) fn loss<N: Recurrent>(
        &self,
        network: &N,
        time: usize,
        forecast: &Tensor<4>,
        penalty: Option<Tensor<1>>,
    ) -> Tensor<1> {
        let compared = self.truths.get(time + 1).map(|truth| {
            let forecast = forecast.clone().cast(truth.dtype());
            let (mut forecast, truth) = (self.targets.of(forecast), self.targets.of(truth.clone()));
            if let Some(missing) = &self.missing {
                forecast = forecast.mask_where(missing.cells[time + 1].clone(), truth.clone());
            }
            let loss = network.frame_loss(forecast, truth);
            match &self.missing {
                Some(missing) => loss * missing.weight.clone(),
                None => loss,
            }
        });
        let loss = compared.unwrap_or_else(|| {
            let first = &self.truths[0];
            Tensor::zeros([1], (&first.device(), first.dtype()))
        });
        let loss = match penalty {
            Some(penalty) => loss.clone() + penalty.cast(loss.dtype()),
            None => loss,
        };
        loss / self.forecasts() as f64
    }

    /// The forecasts of the future frames, `[batch, T', targets, height, width]`.
    pub(super) fn future_of(&self, mut forecasts: Vec<Tensor<4>>) -> Tensor<5> {
        forecasts.truncate(self.forecasts());
        let forecast = Tensor::stack::<5>(forecasts.split_off(self.forecasts() - self.future), 1);
        self.targets.of(forecast).cast(self.truths[0].dtype())
    }
}

/// Where there is no truth.
struct Missing {
    /// Of every frame, `[batch, targets, height, width]`.
    cells: Vec<Tensor<4, Bool>>,
    /// See [`weight`].
    weight: Tensor<1>,
}

impl Missing {
    /// # Shapes
    /// - `missing`: `[batch, T + T', targets, height, width]`
    fn new(missing: Tensor<5, Bool>, truth: &Tensor<5>) -> Self {
        let frames = missing.dims()[1];
        Self {
            cells: (0..frames)
                .map(|time| missing.clone().narrow(1, time, 1).squeeze_dim(1))
                .collect(),
            // Nothing is compared with the first frame.
            weight: weight(missing.narrow(1, 1, frames - 1), truth.dtype().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::Accumulator;
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn the_mean_over_all_frames_is_over_what_is_there() {
        let device = Device::flex();
        let network = Accumulator::new(&device);
        let random = |time| Tensor::<5>::random([2, time, 1, 3, 3], Distribution::Default, &device);
        // Every frame but the first is one of the future, so that all that is compared is in the forecast.
        let (past, future, missing) = (random(1), random(4), random(5).greater_elem(0.6));
        let objective = |missing: Option<Tensor<5, Bool>>| {
            let clip = Clip {
                missing,
                ..Clip::new(past.clone(), future.clone())
            };
            unrolled(&network, clip, &StepContext::new(0, 0, 0))
        };
        let (whole, parted) = (objective(None), objective(Some(missing.clone())));
        let there = missing.narrow(1, 1, 4).bool_not().float();
        let errors = (whole.forecast.clone() - future.clone()).square();
        let mean = (errors.clone() * there.clone()).sum() / there.sum();
        // The penalty of the steps is the same in both.
        let expected = (mean - errors.mean()).into_scalar::<f32>();
        let found = (parted.loss - whole.loss).into_scalar::<f32>();
        assert!(expected != 0.0 && (found - expected).abs() < 1e-6, "{found} {expected}");
    }
}
