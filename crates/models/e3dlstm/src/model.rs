//! The network.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, mean_squared_error, unrolled,
};
use foreframe_nn::{FramePatches, fan_in_uniform, zero_state};
use foreframe_ops::{conv2d, same};

use crate::cell::E3dCell;
use crate::volume::SLICES;
use crate::{E3dLstmConfig, config, pytorch};

/// The network of "Eidetic 3D LSTM: A Model for Video Prediction and Beyond".
#[derive(Module, Debug)]
pub struct E3dLstm {
    cells: Vec<E3dCell>,
    /// `[patch channels, width, 2, 1, 1]`
    head: Param<Tensor<5>>,
    patches: FramePatches,
    widths: Vec<usize>,
    recalled: usize,
}

/// State of the network.
#[derive(Clone, Debug)]
pub struct E3dLstmState {
    /// The patches of the frame before, `[batch, patch channels, rows, columns]`.
    previous: Tensor<4>,
    /// Of every layer, `[batch, 2 width, rows, columns]`.
    hidden: Vec<Tensor<4>>,
    /// The cells of every layer, oldest first, `[batch, 2 width, rows, columns]` each.
    history: Vec<Vec<Tensor<4>>>,
}

impl State for E3dLstmState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            previous: change(self.previous),
            hidden: self.hidden.map_tensors(change),
            history: self.history.map_tensors(change),
        }
    }
}

impl Recurrent for E3dLstm {
    type State = E3dLstmState;

    fn start(&self, frame: &Tensor<4>) -> E3dLstmState {
        let image = self.patches.image_of(frame);
        let zeros = |width: &usize| zero_state(frame, SLICES * width, image);
        let hidden: Vec<Tensor<4>> = self.widths.iter().map(zeros).collect();
        E3dLstmState {
            previous: zero_state(frame, self.head.dims()[0], image),
            history: hidden.iter().map(|zero| vec![zero.clone()]).collect(),
            hidden,
        }
    }

    fn step(&self, frame: Tensor<4>, mut state: E3dLstmState) -> (Tensor<4>, E3dLstmState) {
        let patches = self.patches.cut(frame);
        let mut input = Tensor::stack::<5>(vec![state.previous, patches.clone()], 2).flatten(1, 2);
        for (layer, cell) in self.cells.iter().enumerate() {
            let history = &mut state.history[layer];
            let [hidden, new_cell] = cell.forward(input, state.hidden[layer].clone(), history);
            history.push(new_cell);
            if self.recalled > 0 && history.len() > self.recalled {
                history.remove(0);
            }
            state.hidden[layer] = hidden.clone();
            input = hidden;
        }
        state.previous = patches;
        let [outputs, width, ..] = self.head.dims();
        let head = self.head.val().reshape([outputs, SLICES * width, 1, 1]);
        let forecast = conv2d(input, head, None, same([1, 1], 1, 1));
        (self.patches.join(forecast), state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.patches.check("frame", frame)
    }

    /// Mean squared plus mean absolute error.
    fn frame_loss(&self, forecast: Tensor<4>, truth: Tensor<4>) -> Tensor<1> {
        let absolute = (forecast.clone() - truth.clone()).abs().mean();
        mean_squared_error(forecast, truth) + absolute
    }
}

impl Architecture for E3dLstm {
    type Config = E3dLstmConfig;

    const NAME: &'static str = "e3dlstm";
    const PAPER: &'static str = "Wang et al., ICLR 2019";
    const ABOUT: &'static str = "LSTM cells on volumes of two frames that recall all of their earlier states";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("patch_size", "patch"),
        ("num_hidden", "widths"),
        ("layer_norm", "layer_norm"),
    ];
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<E3dLstmConfig>> {
        config::presets()
    }

    fn new(config: &E3dLstmConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let last = config.widths.last().copied().unwrap_or_default();
        let head = [config.stack().patch_channels(clip), last, SLICES, 1, 1];
        Ok(Self {
            cells: config.cells(clip).iter().map(|cell| cell.init(device)).collect(),
            head: fan_in_uniform().init_with(head, Some(last * SLICES), None, device),
            patches: config.stack().patches(clip),
            widths: config.widths.clone(),
            recalled: config.recalled,
        })
    }

    /// Mean squared plus mean absolute error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &E3dLstmConfig, clip: &ClipShape) -> Cost {
        let steps = clip.frames() - 1;
        let most = if config.recalled == 0 { steps } else { config.recalled };
        let [rows, columns] = config.stack().image(clip);
        let last = config.widths.last().copied().unwrap_or_default();
        let head = Cost::linear(config.stack().patch_channels(clip) * rows * columns, SLICES * last);
        let cells = config.cells(clip);
        let cells = |step: usize| -> Cost { cells.iter().map(|cell| cell.cost(step.min(most))).sum() };
        (1..=steps).map(cells).sum::<Cost>() + head * steps
    }

    fn pytorch_keys(_config: &E3dLstmConfig) -> KeyMap {
        pytorch::keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::Forecast;
    use foreframe_golden::published;

    /// OpenSTL's count, without the convolution of a memory that is always zero: 3,276,800 parameters of each layer.
    #[test]
    fn published_sizes() {
        const UNUSED: usize = 4 * 3_276_800;
        published::check_sizes::<E3dLstm>(&[
            ("moving-mnist", 51_347_456 - UNUSED),
            ("moving-mnist-cifar", 52_789_248 - UNUSED),
            ("taxibj", 50_987_008 - UNUSED),
            ("kth", 53_510_144 - UNUSED),
            ("human", 60_850_176 - UNUSED),
            ("kinetics", 60_850_176 - UNUSED),
            ("caltech", 54_886_400 - UNUSED),
            ("bair", 52_740_096 - UNUSED),
            ("weatherbench", 51_085_312 - UNUSED),
        ]);
    }

    /// OpenSTL's counts, less what the reference multiplies by zero or twice.
    #[test]
    fn published_multiply_accumulates() {
        let preset = E3dLstm::presets().remove(0);
        let counted = E3dLstm::cost(&preset.config, &preset.clip).total();
        let (pixels, taps, width) = (16 * 16, 50, 128_u64);
        // The gates of the memory, the input's part of its forget gate, and the second slice of equal ones.
        let of_memory = 4 * 4 * width * width * taps;
        let of_forget = width * (16 + 3 * width) * taps;
        let twice = 4 * width * width * taps / 2 + 4 * width * width;
        let left_out = 19 * pixels * (of_memory + of_forget + twice);
        let giga = (counted + left_out) as f64 / 1e9;
        assert!((giga / 298.87 - 1.0).abs() < 1e-3, "{giga}, published 298.87");
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |change: fn(&mut E3dLstmConfig)| {
            let mut config = E3dLstmConfig::default();
            change(&mut config);
            E3dLstm::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.patch = 5), "clip.height");
        assert_eq!(field(|config| config.widths = vec![]), "network.widths");
        assert_eq!(field(|config| config.widths = vec![8, 0]), "network.widths[1]");
    }

    #[test]
    fn a_bounded_recall_is_the_same_until_the_bound_is_reached() {
        let (clip, device) = (ClipShape::new([3, 3, 1, 8, 8]), Device::flex());
        let config = |recalled| E3dLstmConfig {
            patch: 2,
            widths: vec![4, 6],
            recalled,
            ..E3dLstmConfig::default()
        };
        let all = E3dLstm::new(&config(0), &clip, &device).unwrap();
        let past = Tensor::random([1, 3, 1, 8, 8], burn::tensor::Distribution::Default, &device);
        let forecast = |recalled| {
            let network = E3dLstm {
                recalled,
                ..all.clone()
            };
            let values: Vec<f32> = network.forecast(past.clone(), 4).into_data().try_to_vec().unwrap();
            values
        };
        assert_eq!(forecast(6), forecast(0));
        let bounded = forecast(4);
        // The fifth of the six steps is the first that would look at five states.
        assert_eq!(bounded[..2 * 64], forecast(0)[..2 * 64]);
        assert_ne!(bounded[2 * 64..], forecast(0)[2 * 64..]);
    }
}
