//! Back-propagation through time in the memory of one step.
//!
//! Forward, only the states between steps are kept. Backward, one step at a time is computed again with its gradient,
//! from the last to the first; what arrives at a step's inputs is handed on to the step before it.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Gradients, Tensor};

use super::unrolled::Frames;
use super::{Recurrent, State, TrueFrames};
use crate::{Objective, lift};

/// The objective of [`unrolled_from`](super::unrolled_from).
///
/// All gradients are known when this returns. The loss is put together so that its own backward pass hands them to the
/// parameters: it is the sum of the products of parameters and gradients, moved to the loss's value.
pub(super) fn objective<N: Recurrent>(network: &N, state: N::State, frames: &Frames, shown: &TrueFrames) -> Objective {
    let steps = frames.steps();
    let device = frames.device();
    let (states, forecasts) = forward(&network.valid(), state, frames, shown);

    let leaves = network.clone().map(&mut Leaves);
    let mut gradients = GradientsAccumulator::new();
    let mut value: Option<Tensor<1>> = None;
    let mut after = Arriving::default();
    for time in (0..steps).rev() {
        let mut inputs = Vec::new();
        let mut leaf = |tensor: Tensor<4>| {
            let leaf = lift(tensor, &device).require_grad();
            inputs.push(leaf.clone());
            leaf
        };
        let state = states[time].clone().map_tensors(&mut leaf);
        let previous = time.checked_sub(1).map(|before| leaf(forecasts[before].clone()));
        let input = frames.input(time, previous.as_ref(), shown);
        let (forecast, state, penalty) = leaves.penalized_step(input, state);
        let loss = frames.loss(&leaves, time, &forecast, penalty);
        let reached = loss.clone().inner();
        value = Some(match value {
            Some(value) => value + reached,
            None => reached,
        });
        let mut found = after.onto(loss, forecast, state).backward();
        after = Arriving::of(inputs, previous.is_some(), &found);
        gradients.accumulate(&leaves, GradientsParams::from_module(&mut found, &leaves));
    }
    let value = value.unwrap_or_else(|| Tensor::zeros([1], &forecasts[0].device()));
    Objective {
        loss: carrying(network, gradients.grads(), value, &device),
        forecast: lift(frames.future_of(forecasts), &device),
    }
}

/// The state before every step and all forecasts, without autodiff.
fn forward<N: Recurrent>(
    network: &N,
    state: N::State,
    frames: &Frames,
    shown: &TrueFrames,
) -> (Vec<N::State>, Vec<Tensor<4>>) {
    let device = frames.device();
    let mut state = state.map_tensors(&mut Tensor::inner);
    let (mut states, mut forecasts) = (Vec::new(), Vec::<Tensor<4>>::new());
    for time in 0..frames.steps() {
        states.push(state.clone());
        let previous = forecasts.last().map(|forecast| lift(forecast.clone(), &device));
        let input = frames.input(time, previous.as_ref(), shown).inner();
        let (forecast, after) = network.step(input, state);
        state = after;
        forecasts.push(forecast);
    }
    (states, forecasts)
}

/// Gradients of the later steps' loss with respect to a step's outputs.
#[derive(Default)]
struct Arriving {
    /// Of the state, tensor by tensor; empty after the last step.
    state: Vec<Option<Tensor<4>>>,
    forecast: Option<Tensor<4>>,
}

impl Arriving {
    /// From the gradients of a step's inputs: the state's tensors, then the forecast before it if it was one of them.
    fn of(inputs: Vec<Tensor<4>>, with_forecast: bool, gradients: &Gradients) -> Self {
        let mut state: Vec<Option<Tensor<4>>> = inputs.iter().map(|input| input.grad(gradients)).collect();
        let forecast = match with_forecast {
            true => state.pop().flatten(),
            false => None,
        };
        Self { state, forecast }
    }

    /// `loss` plus a number whose gradient is what arrives at `forecast` and `state`.
    fn onto<S: State>(self, loss: Tensor<1>, forecast: Tensor<4>, state: S) -> Tensor<1> {
        let dtype = loss.dtype();
        let product = |output: Tensor<4>, gradient: Option<Tensor<4>>| {
            gradient.map(|gradient| {
                let gradient = lift(gradient, &output.device());
                (output * gradient).sum().cast(dtype)
            })
        };
        let mut products = vec![loss];
        products.extend(product(forecast, self.forecast));
        let mut arriving = self.state.into_iter();
        let _ = state.map_tensors(&mut |output| {
            products.extend(product(output.clone(), arriving.next().flatten()));
            output
        });
        Tensor::cat(products, 0).sum()
    }
}

/// Cuts parameters off from where they were computed, so that they are what gradients are taken for.
struct Leaves;

impl ModuleMapper for Leaves {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let device = tensor.device();
            lift(tensor.inner(), &device).require_grad()
        })
    }
}

/// A number equal to `value` whose gradient by the parameters of `network` is `gradients`.
fn carrying<N: Module>(network: &N, gradients: GradientsParams, value: Tensor<1>, device: &Device) -> Tensor<1> {
    struct Products {
        gradients: GradientsParams,
        device: Device,
        found: Vec<Tensor<1>>,
    }
    impl ModuleVisitor for Products {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.remove::<D>(param.id) {
                let parameter = param.val();
                let gradient = lift(gradient, &self.device);
                self.found.push((parameter * gradient).sum());
            }
        }
    }
    let mut products = Products {
        gradients,
        device: device.clone(),
        found: Vec::new(),
    };
    network.visit(&mut products);
    let value = lift(value, device);
    let dtype = value.dtype();
    match products.found.is_empty() {
        true => value,
        false => {
            let sum = Tensor::cat(products.found, 0).sum().cast(dtype);
            sum.clone() - sum.detach() + value
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::Accumulator;
    use super::*;
    use crate::recurrent::unrolled_from;
    use crate::{Clip, Targets, gradients};
    use burn::tensor::{Bool, Device, Distribution};

    #[test]
    fn loss_and_gradients_are_those_of_keeping_everything() {
        check(&Device::flex().autodiff());
        check(&Device::flex().autodiff().gradient_checkpointing());
    }

    fn check(device: &Device) {
        let network = Accumulator::new(device);
        let frames = |time: usize| Tensor::<5>::random([2, time, 2, 3, 3], Distribution::Default, device);
        let (past, future) = (frames(3), frames(4));
        let gaps = Tensor::<5>::random([2, 7, 2, 3, 3], Distribution::Default, device).greater_elem(0.7);
        let clip = |gaps: Option<Tensor<5, Bool>>| Clip {
            missing: gaps,
            ..Clip::new(past.clone(), future.clone())
        };
        let rules = [
            |_: usize, _: usize| false,
            |_, _| true,
            |time: usize, sample: usize| (time + sample).is_multiple_of(3),
        ];
        let cases = rules.map(|rule| [Targets::All, Targets::First(1)].map(|targets| (rule, targets)));
        let cases = cases.into_iter().flatten();
        for ((rule, targets), gaps) in cases.flat_map(|case| [(case, None), (case, Some(gaps.clone()))]) {
            let shown = TrueFrames::new(2, 3, 4, rule).with_targets(targets);
            let [kept, again] = [false, true].map(|recompute| {
                let state = network.start(&past.clone().narrow(1, 0, 1).squeeze_dim(1));
                let objective = unrolled_from(&network, state, clip(gaps.clone()), &shown, recompute);
                let loss = objective.loss.clone().into_scalar::<f32>();
                let forecast = objective.forecast.into_data();
                (loss, forecast, gradients(&network, &objective.loss.backward()))
            });
            assert!((kept.0 - again.0).abs() < 1e-6, "{} {}", kept.0, again.0);
            assert_eq!(kept.1, again.1);
            assert_eq!(kept.2.len(), 2);
            for (name, gradient) in &kept.2 {
                let pairs = gradient.iter::<f64>().zip(again.2[name].iter::<f64>());
                for (one, other) in pairs {
                    assert!((one - other).abs() < 1e-5 * (1.0 + one.abs()), "{name}: {one} {other}");
                    assert!(one != 0.0, "{name}");
                }
            }
        }
    }
}
