//! Comparing recurrent networks, whose reference begins from given states and is shown given true frames.

use burn::tensor::{Device, Tensor};
use foreframe_core::{Architecture, Clip, ClipShape, Preset, Recurrent, Stream, TrueFrames, unrolled_from};

use crate::check::{Train, check_with};
use crate::full::{check_full_with, derived};
use crate::{Case, Tolerance, devices};

/// From the tensors that the reference drew as first states, in its order, to the state.
pub type FirstState<A> = fn(&A, Vec<Tensor<4>>) -> <A as Recurrent>::State;

/// [`check`](crate::check) of a recurrent network: forecast frame by frame through a [`Stream`] where the state begins at
/// zero, loss and gradients with the case's true frames, both by keeping all steps and by computing them again. Cases with
/// drawn first states need `first_state`.
///
/// # Panics
/// Lists every tensor that differs, with both values.
#[track_caller]
pub fn check_recurrent<A: Architecture + Recurrent>(
    case: &Case,
    config: &A::Config,
    first_state: Option<FirstState<A>>,
    device: &Device,
    tolerance: &Tolerance,
) {
    let start = |network: &A, past: &Tensor<5>| match (first_state, drawn(case, &past.device())) {
        (Some(first_state), states) if !states.is_empty() => first_state(network, states),
        _ => network.start(&frame(past, 0)),
    };
    let shown = true_frames(case);
    let objective = |recompute: bool| {
        let (start, shown) = (&start, &shown);
        move |network: &A, clip: Clip| {
            let state = start(network, &clip.past);
            unrolled_from(network, state, clip, shown, recompute)
        }
    };
    let objectives: [Train<A>; 2] = [&objective(false), &objective(true)];
    let forecast = |network: &A, past: Tensor<5>, horizon| match drawn(case, device).is_empty() {
        true => streamed(network, past, horizon),
        false => continued(network, start(network, &past), past, horizon),
    };
    check_with::<A>(case, config, device, tolerance, forecast, &objectives);
}

/// [`check_full`](crate::check_full) of a recurrent network whose reference draws first states of the shapes that `drawn`
/// says.
///
/// # Panics
/// Lists what differs, with both values.
#[track_caller]
pub fn check_full_recurrent<A: Architecture + Recurrent>(
    name: &str,
    config: &A::Config,
    clip: &ClipShape,
    drawn: &[[usize; 4]],
    first_state: Option<FirstState<A>>,
    device: &Device,
    tolerance: &Tolerance,
) {
    let Some(first_state) = first_state else {
        return check_full_with::<A>(name, config, clip, device, tolerance, |network, past| {
            network.forecast(past, clip.future)
        });
    };
    check_full_with::<A>(name, config, clip, device, tolerance, |network, past| {
        let states = drawn.iter().enumerate().map(|(index, shape)| {
            let values = derived(&format!("init_state.{index}"), shape.to_vec(), |value| 0.1 * value);
            Tensor::from_data(values, device)
        });
        continued(network, first_state(network, states.collect()), past, clip.future)
    });
}

/// [`check_recurrent`] of the case `<method>/<variant>` on every device under test. The software GPU compiles every new shape
/// for seconds: it gets the variant `base` only.
///
/// # Panics
/// Lists every tensor that differs, with both values.
#[track_caller]
pub fn check_recurrent_case<A: Architecture + Recurrent>(
    method: &str,
    variant: &str,
    config: impl Fn(&Case) -> A::Config,
) {
    let case = Case::load(method, variant);
    for (name, device) in devices() {
        if variant == "base" || name != "wgpu" {
            check_recurrent::<A>(&case, &config(&case), None, &device, &Tolerance::of(name));
        }
    }
}

/// [`check_full_recurrent`] of a preset of a network whose states begin at zero.
///
/// # Panics
/// Lists what differs, with both values.
#[track_caller]
pub fn check_full_preset<A: Architecture + Recurrent>(name: &str, preset: &str) {
    let presets = A::presets();
    let found = presets.iter().find(|found| found.name == preset);
    let Some(Preset { config, clip, .. }) = found else {
        panic!("{} has no preset `{preset}`", A::NAME);
    };
    check_full_recurrent::<A>(name, config, clip, &[], None, &Device::flex(), &Tolerance::cpu());
}

fn drawn(case: &Case, device: &Device) -> Vec<Tensor<4>> {
    let names = (0..).map(|index| format!("init_state.{index}"));
    names
        .map_while(|name| case.tensors.get(&name))
        .map(|data| Tensor::from_data(data.clone(), device))
        .collect()
}

/// Bits per sample and step: for the future frames, or with reverse scheduled sampling for all after the first. Cases without
/// them show the whole future or nothing of it.
fn true_frames(case: &Case) -> TrueFrames {
    let clip = case.clip_shape();
    let Some(bits) = case.tensors.get("train.mask_bits") else {
        let shows_future = case.case["teacher_forcing"] == true;
        let batch = case.tensor("input.x").shape()[0];
        return TrueFrames::new(batch, clip.past, clip.future, |time, _| {
            time < clip.past || shows_future
        });
    };
    let [batch, steps] = bits.shape().dims::<2>();
    let bits: Vec<bool> = bits.iter::<f64>().map(|bit| bit > 0.5).collect();
    let first = match steps == clip.frames() - 2 {
        true => 1,
        false => clip.past,
    };
    TrueFrames::new(batch, clip.past, clip.future, |time, sample| {
        time < first || bits[sample * steps + time - first]
    })
}

fn frame(frames: &Tensor<5>, time: usize) -> Tensor<4> {
    frames.clone().narrow(1, time, 1).squeeze_dim(1)
}

fn streamed<N: Recurrent>(network: &N, past: Tensor<5>, horizon: usize) -> Tensor<5> {
    let mut stream = Stream::new(network.clone());
    for time in 0..past.dims()[1] {
        stream.push(frame(&past, time)).expect("the case's frames fit");
    }
    stream.forecast(horizon).expect("frames were pushed")
}

/// The forecast from a given first state, which no part of the library needs.
fn continued<N: Recurrent>(network: &N, mut state: N::State, past: Tensor<5>, horizon: usize) -> Tensor<5> {
    let observed = past.dims()[1];
    let mut forecasts: Vec<Tensor<4>> = Vec::new();
    for time in 0..observed + horizon - 1 {
        let input = match time < observed {
            true => frame(&past, time),
            false => forecasts[time - 1].clone(),
        };
        let (forecast, after) = network.step(input, state);
        state = after;
        forecasts.push(forecast);
    }
    Tensor::stack(forecasts.split_off(observed - 1), 1)
}
