//! A network whose forecasts can be computed by hand, for frames that come one by one.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, StepContext, unrolled,
};
use foreframe_data::Normalization;
use foreframe_train::live::{Live, LiveOptions};
use foreframe_train::weights::WeightsHeader;
use foreframe_train::{Model, Network};
use serde::{Deserialize, Serialize};

/// Weighted mean of the frames seen, the newer the more.
#[derive(Module, Debug)]
pub(crate) struct Fading {
    future: usize,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FadingConfig {}

impl Recurrent for Fading {
    type State = Tensor<4>;

    fn start(&self, frame: &Tensor<4>) -> Tensor<4> {
        frame.zeros_like()
    }

    fn step(&self, frame: Tensor<4>, state: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let state = (frame + state).mul_scalar(0.5);
        (state.clone(), state)
    }

    fn check_frame(&self, _: [usize; 3]) -> Result<(), ConfigError> {
        Ok(())
    }
}

impl Architecture for Fading {
    type Config = FadingConfig;
    const NAME: &'static str = "fading";
    const PAPER: &'static str = "none";
    const ABOUT: &'static str = "what it has seen, the newer the more";

    fn presets() -> Vec<Preset<FadingConfig>> {
        Vec::new()
    }

    fn new(_: &FadingConfig, clip: &ClipShape, _: &Device) -> Result<Self, ConfigError> {
        Ok(Self { future: clip.future })
    }

    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(_: &FadingConfig, _: &ClipShape) -> Cost {
        Cost::default()
    }

    fn pytorch_keys(_: &FadingConfig) -> KeyMap {
        KeyMap::default()
    }
}

pub(crate) const CLIP: ClipShape = ClipShape::new([3, 2, 1, 1, 2]);
/// 2024-02-29 23:50 UTC.
pub(crate) const START: i64 = 1_709_250_600;
pub(crate) const STEP: i64 = 300;

pub(crate) fn network() -> Box<dyn Network> {
    (Model::recurrent::<Fading>().build)(&Default::default(), &CLIP, &Device::flex()).unwrap()
}

pub(crate) fn normalization() -> Normalization {
    Normalization {
        mean: vec![1.0],
        std: vec![2.0],
    }
}

pub(crate) fn header(network: &dyn Network) -> WeightsHeader {
    WeightsHeader::of(network, &normalization(), "a test")
}

pub(crate) fn live(options: LiveOptions) -> Live {
    let network = network();
    let header = header(network.as_ref());
    Live::new(network, &header, options).unwrap()
}

pub(crate) fn frame(number: usize) -> Vec<f32> {
    vec![number as f32, (number * number) as f32]
}

/// The network's own forecast of these frames in physical units.
pub(crate) fn expected(frames: &[usize], horizon: usize) -> Vec<f32> {
    let past: Vec<f32> = frames
        .iter()
        .flat_map(|number| frame(*number))
        .map(|value| (value - 1.0) / 2.0)
        .collect();
    let past = Tensor::from_data(TensorData::new(past, [1, frames.len(), 1, 1, 2]), &Device::flex());
    let forecast: Vec<f32> = network().forecast(past, horizon).into_data().iter().collect();
    forecast.into_iter().map(|value| value * 2.0 + 1.0).collect()
}

pub(crate) fn live_options(keep_state: bool) -> LiveOptions {
    LiveOptions {
        keep_state,
        ..LiveOptions::default()
    }
}
