//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, StepContext,
    unrolled,
};
use foreframe_motionrnn::{MotionStack, MotionStackConfig, MotionStackState};

use crate::cell::GmgCell;
use crate::{GmgConfig, Loss, presets, pytorch};

/// The network of "GMG: A Video Prediction Method Based on Global Focus and Motion Guided".
#[derive(Module, Debug)]
pub struct Gmg {
    layers: MotionStack<GmgCell>,
    #[module(skip)]
    loss: Loss,
}

impl GmgConfig {
    pub(crate) fn around(&self) -> MotionStackConfig<'_> {
        MotionStackConfig {
            stack: self.stack(),
            growing: self.growing,
            decay: self.decay.into(),
            random_start: self.random_start,
        }
    }
}

impl Recurrent for Gmg {
    type State = MotionStackState;

    fn start(&self, frame: &Tensor<4>) -> MotionStackState {
        self.layers.start(frame)
    }

    fn step(&self, frame: Tensor<4>, state: MotionStackState) -> (Tensor<4>, MotionStackState) {
        self.layers.step(frame, state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.layers.patches().check("frame", frame)
    }

    fn frame_loss(&self, forecast: Tensor<4>, truth: Tensor<4>) -> Tensor<1> {
        let error = forecast - truth;
        let squared = error.clone().square().mean();
        match self.loss {
            Loss::L1L2 => squared + error.abs().mean(),
            Loss::Mse => squared,
        }
    }
}

impl Architecture for Gmg {
    type Config = GmgConfig;

    const NAME: &'static str = "gmg";
    const PAPER: &'static str = "GMG, arXiv:2503.11297";
    const ABOUT: &'static str = "recurrent cells with global focus and attention, and motion that grows and decays";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("patch_size", "patch"),
        ("num_hidden", "widths"),
        ("filter_size", "kernel"),
        ("layer_norm", "layer_norm"),
        ("att_hidden", "attention"),
    ];
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<GmgConfig>> {
        presets::presets()
    }

    fn new(config: &GmgConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let cells = config.cells(clip).iter().map(|cell| cell.init(device)).collect();
        Ok(Self {
            layers: config.around().init(cells, clip, device),
            loss: config.loss,
        })
    }

    /// The configured loss of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &GmgConfig, clip: &ClipShape) -> Cost {
        let image = config.stack().image(clip);
        let cells: Cost = config.cells(clip).iter().map(|cell| cell.cost(image)).sum();
        (cells + config.around().cost(clip)) * (clip.frames() - 1)
    }

    fn pytorch_keys(config: &GmgConfig) -> KeyMap {
        pytorch::keys(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decay, Focus};
    use burn::tensor::Distribution;
    use foreframe_core::{Forecast, count_parameters};
    use foreframe_golden::published;

    #[test]
    fn published_sizes() {
        published::check_sizes::<Gmg>(&[
            ("moving-mnist", 31_449_069),
            ("moving-mnist-m", 30_412_909),
            ("moving-mnist-s", 29_228_013),
            ("taxibj", 30_186_605),
            ("taxibj-l", 31_222_765),
            ("weatherbench", 28_967_277),
            ("weatherbench-l", 31_159_149),
            ("cikm", 31_449_069),
            ("cikm-motion", 26_911_853),
            ("cikm-attention", 27_947_713),
            ("cikm-focus", 30_412_609),
            ("cikm-focus-attention", 31_448_769),
            ("cikm-m", 30_412_909),
            ("cikm-s", 29_228_013),
            ("shanghai", 31_449_069),
        ]);
        let wide = GmgConfig {
            attention: 64,
            patch: 2,
            ..GmgConfig::default()
        };
        let network = Gmg::new(&wide, &ClipShape::new([4, 4, 2, 32, 32]), &Device::flex()).unwrap();
        assert_eq!(count_parameters(&network), 31_272_301);
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [
            ("moving-mnist", 151.97),
            ("taxibj-l", 55.58),
            ("weatherbench-l", 369.92),
        ];
        published::check_costs::<Gmg>(&published, 1e-3);
    }

    fn small(config: GmgConfig) -> Gmg {
        let config = GmgConfig {
            widths: vec![8, 8],
            attention: 4,
            ..config
        };
        Gmg::new(&config, &ClipShape::new([3, 3, 1, 16, 16]), &Device::flex()).unwrap()
    }

    /// Weights that make motion matter, which begins at 0.
    fn stirred(network: Gmg) -> Gmg {
        struct Stir;
        impl burn::module::ModuleMapper for Stir {
            fn map_float<const D: usize>(
                &mut self,
                param: burn::module::Param<Tensor<D>>,
            ) -> burn::module::Param<Tensor<D>> {
                param.map(|tensor| tensor.clone() + tensor.random_like(Distribution::Normal(0.0, 0.3)))
            }
        }
        network.map(&mut Stir)
    }

    #[test]
    fn only_the_published_decay_depends_on_the_place_in_the_batch() {
        let past = Tensor::<5>::random([3, 3, 1, 16, 16], Distribution::Default, &Device::flex());
        let apart = |decay| {
            let network = stirred(small(GmgConfig {
                decay,
                ..GmgConfig::default()
            }));
            let forward = network.forecast(past.clone(), 4);
            let backward = network.forecast(past.clone().flip([0]), 4).flip([0]);
            (forward - backward).abs().max().into_scalar::<f32>()
        };
        assert!(apart(Decay::RecurrenceStep) < 1e-6);
        assert!(apart(Decay::Constant) < 1e-6);
        assert!(apart(Decay::BatchIndex) > 1e-4);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let field = |clip: [usize; 5], change: fn(&mut GmgConfig)| {
            let mut config = GmgConfig::default();
            change(&mut config);
            Gmg::new(&config, &ClipShape::new(clip), &Device::flex())
                .unwrap_err()
                .field
        };
        assert_eq!(field([5, 10, 1, 20, 16], |_| {}), "clip.height");
        let frame = [5, 10, 1, 16, 16];
        assert_eq!(field(frame, |config| config.attention = 1 << 20), "network.attention");
        assert_eq!(field(frame, |config| config.widths = vec![8, 12]), "network.widths[1]");
        assert_eq!(field(frame, |config| config.kernel = 2), "network.kernel");
    }

    #[test]
    fn every_row_of_the_ablation_forecasts() {
        for focus in [Focus::Full, Focus::Convolution, Focus::None] {
            for growing in [true, false] {
                let network = small(GmgConfig {
                    focus,
                    growing,
                    ..GmgConfig::default()
                });
                let past = Tensor::zeros([1, 3, 1, 16, 16], &Device::flex());
                assert_eq!(network.forecast(past, 5).dims(), [1, 5, 1, 16, 16]);
            }
        }
    }
}
