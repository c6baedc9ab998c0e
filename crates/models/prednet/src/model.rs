//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, unrolled,
};
use foreframe_nn::{FramePatches, zero_state};

use crate::layer::{Layer, LayerSizes, errors};
use crate::{ErrorWeights, PredNetConfig, config, pytorch};

/// Weight of the errors of an upper layer in [`ErrorWeights::AllLayers`].
const UPPER_WEIGHT: f64 = 0.1;

/// The network of "Deep Predictive Coding Networks for Video Prediction and Unsupervised Learning".
///
/// A frame that is not known is not replaced by its forecast, which would leave no error, but by the forecast of the frame
/// before, as in the published code.
#[derive(Module, Debug)]
pub struct PredNet {
    layers: Vec<Layer>,
    frames: FramePatches,
    /// Of every layer.
    channels: Vec<usize>,
    maximum: f64,
    all_layers: bool,
}

/// State of the network.
#[derive(Clone, Debug)]
pub struct PredNetState {
    /// Of every layer, `[batch, channels, rows, columns]`.
    states: Vec<Tensor<4>>,
    cells: Vec<Tensor<4>>,
    /// The forecast of the frame that is read next, `[batch, channels, height, width]`.
    forecast: Tensor<4>,
    /// That of the frame before it.
    older: Tensor<4>,
    /// Whether nothing was read yet, so that nothing is predicted either.
    fresh: bool,
}

impl State for PredNetState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            states: self.states.map_tensors(change),
            cells: self.cells.map_tensors(change),
            forecast: change(self.forecast),
            older: change(self.older),
            fresh: self.fresh,
        }
    }
}

impl PredNet {
    /// Updates the states from the top down, and forecasts the next frame from them.
    fn predict(&self, state: &mut PredNetState, errors: Vec<Tensor<4>>) {
        let mut above = None;
        let layers = self.layers.iter().enumerate().zip(errors).rev();
        for ((index, layer), error) in layers {
            let (old, cell) = (state.states[index].clone(), state.cells[index].clone());
            let [new, cell] = layer.update(old, cell, error, above);
            state.cells[index] = cell;
            state.states[index] = new.clone();
            above = Some(new);
        }
        state.forecast = self.layers[0].predict(state.states[0].clone()).clamp_max(self.maximum);
    }

    /// The errors of all layers when `frame` is read, from the bottom up.
    fn observe(&self, frame: Tensor<4>, state: &PredNetState) -> Vec<Tensor<4>> {
        let mut found = Vec::with_capacity(self.layers.len());
        let mut input = Some(frame);
        for (index, layer) in self.layers.iter().enumerate() {
            let Some(seen) = input else { break };
            let prediction = match index {
                0 => state.forecast.clone(),
                _ => layer.predict(state.states[index].clone()),
            };
            let error = errors(prediction, seen);
            input = layer.hand_on(error.clone());
            found.push(error);
        }
        found
    }

    fn read(&self, frame: Tensor<4>, mut state: PredNetState) -> (PredNetState, Option<Tensor<1>>) {
        let first = state.fresh;
        if first {
            let states = state.states.iter();
            let nothing = states
                .map(|state| Tensor::cat(vec![state.zeros_like(); 2], 1))
                .collect();
            self.predict(&mut state, nothing);
            state.fresh = false;
        }
        let errors = self.observe(frame, &state);
        let penalty = (self.all_layers && !first).then(|| {
            let upper = errors[1..].iter().map(|error| error.clone().mean());
            Tensor::cat(upper.collect(), 0).sum() * UPPER_WEIGHT
        });
        state.older = state.forecast.clone();
        self.predict(&mut state, errors);
        (state, penalty)
    }
}

impl Recurrent for PredNet {
    type State = PredNetState;

    fn start(&self, frame: &Tensor<4>) -> PredNetState {
        let image = self.frames.image_of(frame);
        let zeros: Vec<Tensor<4>> = self
            .channels
            .iter()
            .enumerate()
            .map(|(layer, &channels)| zero_state(frame, channels, image.map(|side| side >> layer)))
            .collect();
        PredNetState {
            forecast: zeros[0].clone(),
            older: zeros[0].clone(),
            states: zeros.clone(),
            cells: zeros,
            fresh: true,
        }
    }

    fn step(&self, frame: Tensor<4>, state: PredNetState) -> (Tensor<4>, PredNetState) {
        let (state, _) = self.read(frame, state);
        (state.forecast.clone(), state)
    }

    fn step_unseen(&self, forecast: Tensor<4>, state: PredNetState) -> (Tensor<4>, PredNetState) {
        let older = state.older.clone();
        let (mut state, _) = self.read(older, state);
        state.older = forecast;
        (state.forecast.clone(), state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.frames.check("frame", frame)
    }

    fn penalized_step(&self, frame: Tensor<4>, state: PredNetState) -> (Tensor<4>, PredNetState, Option<Tensor<1>>) {
        let (state, penalty) = self.read(frame, state);
        (state.forecast.clone(), state, penalty)
    }

    fn reads_last_frame(&self) -> bool {
        self.all_layers
    }

    /// The mean of both signs of the error: half the mean absolute error.
    fn frame_loss(&self, forecast: Tensor<4>, truth: Tensor<4>) -> Tensor<1> {
        (forecast - truth).abs().mean() / 2.0
    }
}

impl Architecture for PredNet {
    type Config = PredNetConfig;

    const NAME: &'static str = "prednet";
    const PAPER: &'static str = "Lotter et al., ICLR 2017, arXiv:1605.08104";
    const ABOUT: &'static str = "predictive coding: every layer predicts its input and hands on where it was wrong";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[("pixel_max", "maximum")];
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::TeacherForcing);

    fn presets() -> Vec<Preset<PredNetConfig>> {
        config::presets()
    }

    fn new(config: &PredNetConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let channels = config.layers(clip.channels);
        Ok(Self {
            layers: LayerSizes::of(&channels)
                .iter()
                .map(|sizes| sizes.init(device))
                .collect(),
            frames: config.frames(clip),
            channels,
            maximum: config.maximum,
            all_layers: config.error_weights == ErrorWeights::AllLayers,
        })
    }

    /// Half the mean absolute error of all frames but the first, and with [`ErrorWeights::AllLayers`] a tenth of the errors of
    /// every upper layer.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &PredNetConfig, clip: &ClipShape) -> Cost {
        let steps = clip.frames() - 1;
        let layers = LayerSizes::of(&config.layers(clip.channels));
        let cost = |(layer, sizes): (usize, &LayerSizes)| {
            let image = [clip.height >> layer, clip.width >> layer];
            sizes.downward_cost(image) * (steps + 1) + sizes.upward_cost(image) * steps
        };
        layers.iter().enumerate().map(cost).sum()
    }

    fn pytorch_keys(config: &PredNetConfig) -> KeyMap {
        pytorch::keys(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::Forecast;
    use foreframe_golden::published;

    #[test]
    fn published_sizes() {
        published::check_sizes::<PredNet>(&[
            ("moving-mnist", 12_510_842),
            ("moving-mnist-cifar", 12_515_244),
            ("taxibj", 12_512_926),
            ("kth", 12_510_842),
            ("human", 12_515_244),
            ("kinetics", 12_515_244),
            ("caltech", 12_515_244),
            ("bair", 12_515_244),
            ("weatherbench", 12_510_842),
            ("weatherbench-fine", 12_510_842),
            ("weatherbench-wind", 12_512_926),
            ("weatherbench-multi", 12_546_636),
        ]);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 24]);
        let field = |change: fn(&mut PredNetConfig)| {
            let mut config = PredNetConfig {
                widths: vec![4, 4],
                ..PredNetConfig::default()
            };
            change(&mut config);
            PredNet::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.widths = vec![]), "network.widths");
        assert_eq!(field(|config| config.widths = vec![4, 0]), "network.widths[1]");
        assert_eq!(field(|config| config.widths = vec![4; 4]), "clip.width");
        assert_eq!(field(|config| config.maximum = f64::NAN), "network.maximum");
    }

    #[test]
    fn no_forecast_is_above_the_maximum() {
        let (device, clip) = (Device::flex(), ClipShape::new([3, 2, 1, 8, 8]));
        let config = PredNetConfig {
            widths: vec![4],
            maximum: 1e-3,
            ..PredNetConfig::default()
        };
        let network = PredNet::new(&config, &clip, &device).unwrap();
        let forecast = network.forecast(Tensor::ones([1, 3, 1, 8, 8], &device), 2);
        assert!(forecast.max().into_scalar::<f32>() <= 1e-3);
    }
}
