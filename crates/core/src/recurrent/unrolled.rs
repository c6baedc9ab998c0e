//! The training objective of recurrent networks.

use burn::tensor::{Device, Tensor};

use super::{Recurrent, TrueFrames, frame, recompute};
use crate::{Clip, Objective, StepContext, Targets, as_precise_as};

/// The objective over a whole clip: the mean of [`frame_loss`](Recurrent::frame_loss) over the forecasts of the frames 1
/// to T + T' - 1, which includes those that were observed, plus the mean of the steps' penalties. Which true frames the
/// network reads is drawn as the context says.
pub fn unrolled<N: Recurrent>(network: &N, clip: Clip, context: &StepContext) -> Objective {
    let [batch, past, ..] = clip.past.dims();
    let shown = TrueFrames::draw(context, batch, past, clip.future.dims()[1]);
    let state = network.start(&frame(&clip.past, 0));
    unrolled_from(network, state, clip, &shown, context.recompute_steps)
}

/// [`unrolled`] from a given state and with given true frames. With `recompute` the values inside a step are forgotten
/// and computed again on the way back: one more forward pass, for the memory of one step instead of all.
pub fn unrolled_from<N: Recurrent>(
    network: &N,
    state: N::State,
    clip: Clip,
    shown: &TrueFrames,
    recompute: bool,
) -> Objective {
    let frames = Frames::new(clip, shown.targets());
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
    future: usize,
    targets: Targets,
}

impl Frames {
    fn new(clip: Clip, targets: Targets) -> Self {
        let Clip { past, future } = clip;
        let each = |frames: &Tensor<5>| -> Vec<Tensor<4>> { (0..frames.dims()[1]).map(|t| frame(frames, t)).collect() };
        let read = as_precise_as(&past, future.clone());
        let observed = as_precise_as(&future, past.clone());
        Self {
            inputs: [each(&past), each(&read)].concat(),
            truths: [each(&observed), each(&future)].concat(),
            future: future.dims()[1],
            targets,
        }
    }

    /// Where they are.
    pub(super) fn device(&self) -> Device {
        self.inputs[0].device()
    }

    /// Frames that are read: all but the last.
    pub(super) fn steps(&self) -> usize {
        self.inputs.len() - 1
    }

    /// What is read at `time`: for every sample the true frame or `forecast`, the network's own idea of it; of channels
    /// that are no targets always the truth.
    pub(super) fn input(&self, time: usize, forecast: Option<&Tensor<4>>, shown: &TrueFrames) -> Tensor<4> {
        let truth = self.inputs[time].clone();
        let Some(forecast) = forecast else { return truth };
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

    /// What the forecast made at `time` adds to the objective.
    pub(super) fn loss<N: Recurrent>(
        &self,
        network: &N,
        time: usize,
        forecast: &Tensor<4>,
        penalty: Option<Tensor<1>>,
    ) -> Tensor<1> {
        let truth = self.truths[time + 1].clone();
        let forecast = forecast.clone().cast(truth.dtype());
        let mut loss = network.frame_loss(self.targets.of(forecast), self.targets.of(truth));
        if let Some(penalty) = penalty {
            loss = loss.clone() + penalty.cast(loss.dtype());
        }
        loss / self.steps() as f64
    }

    /// The forecasts of the future frames, `[batch, T', targets, height, width]`.
    pub(super) fn future_of(&self, mut forecasts: Vec<Tensor<4>>) -> Tensor<5> {
        let forecast = Tensor::stack::<5>(forecasts.split_off(self.steps() - self.future), 1);
        self.targets.of(forecast).cast(self.truths[0].dtype())
    }
}
