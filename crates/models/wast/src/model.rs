//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Ahead, Architecture, Clip, ClipShape, ConfigError, Cost, Forecast, KeyMap, Objective, Preset, StepContext,
    fold_time, mean_squared_error, roll_out, unfold_time,
};
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig, Conv2d, Conv2dConfig};
use foreframe_ops::gelu;

use crate::block::Translator;
use crate::conv3d::{Conv3d, Conv3dConfig, NormalizedConv3d};
use crate::wavelet::{WaveletEmbedding, WaveletReconstruction};
use crate::{WastConfig, config, focal_frequency_loss, pytorch};

/// The network of "Wavelet-Driven Spatiotemporal Predictive Learning: Bridging Frequency and Time Variations".
#[derive(Module, Debug)]
pub struct Wast {
    stem: NormalizedConv3d,
    first: Translator,
    embedding: WaveletEmbedding,
    bottleneck: Translator,
    reconstruction: WaveletReconstruction,
    merge: Conv2d,
    last: Translator,
    readout_norm: BatchNorm2d,
    readout: Conv3d,
    drop_path_start: u64,
    frequency_weight: f64,
    frequency_levels: usize,
}

/// Stacks the frames of a clip on the channel axis, channel by channel (`c * time + t`).
fn stacked(frames: Tensor<5>) -> Tensor<4> {
    let [batch, time, channels, height, width] = frames.dims();
    frames
        .permute([0, 2, 1, 3, 4])
        .reshape([batch, channels * time, height, width])
}

/// Undoes [`stacked`].
fn unstacked(stacked: Tensor<4>, time: usize) -> Tensor<5> {
    let [batch, channels, height, width] = stacked.dims();
    stacked
        .reshape([batch, channels / time, time, height, width])
        .permute([0, 2, 1, 3, 4])
}

impl Wast {
    /// The T frames after the T frames of `past`, `[batch, T, channels, height, width]` both, where `step` answers were fed
    /// back before; with `dropping`, branches are left out in training.
    fn next_frames(&self, past: Tensor<5>, dropping: bool, step: usize) -> Tensor<5> {
        let time = past.dims()[1];
        let features = self
            .first
            .forward(stacked(self.stem.forward(past.clone(), step)), dropping, step);
        let (latents, details) = self.embedding.forward(unstacked(features.clone(), time), past, step);
        let latents = unstacked(self.bottleneck.forward(stacked(latents), dropping, step), time);
        let rebuilt = stacked(self.reconstruction.forward(latents, details, step));
        let merged = self.merge.forward(Tensor::cat(vec![rebuilt, features], 1));
        let frames = fold_time(unstacked(self.last.forward(merged, dropping, step), time));
        let frames = gelu(self.readout_norm.forward(frames, step));
        self.readout.forward(unfold_time(frames, time))
    }
}

impl Forecast for Wast {
    /// The network answers with as many frames as it observes. Fewer are cut off; for more it observes its own answer,
    /// as in OpenSTL.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        roll_out(past, ahead, |window, step| self.next_frames(window, false, step))
    }
}

impl Architecture for Wast {
    type Config = WastConfig;

    const NAME: &'static str = "wast";
    const PAPER: &'static str = "Nie et al., AAAI 2024";
    const ABOUT: &'static str = "large-kernel translators around a wavelet transform of time and space";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("encoder_dim", "encoder_channels"),
        ("block_list", "depths"),
        ("mlp_ratio", "mlp_ratio"),
    ];

    fn presets() -> Vec<Preset<WastConfig>> {
        config::presets()
    }

    fn new(config: &WastConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let [first, bottleneck, last] = config.blocks(clip).map(|blocks| Translator::new(&blocks, device));
        Ok(Self {
            stem: stem(config, clip).init_normalized(config.steps(clip), device),
            first,
            embedding: config.embedding(clip).init(device),
            bottleneck,
            reconstruction: config.reconstruction(clip).init(device),
            merge: merge(config, clip).init(device),
            last,
            readout_norm: BatchNorm2dConfig::new(config.encoder_channels)
                .with_steps(config.steps(clip))
                .init(device),
            readout: readout(config, clip).init(device),
            drop_path_start: config.drop_path_start,
            frequency_weight: config.frequency_weight,
            frequency_levels: config.frequency_levels,
        })
    }

    /// Mean squared error plus the weighted [`focal_frequency_loss`].
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        let (ahead, dropping) = (step.targets.ahead(&clip.future), step.epoch >= self.drop_path_start);
        let forecast = roll_out(clip.past.clone(), &ahead, |window, step| {
            self.next_frames(window, dropping, step)
        });
        clip.objective(forecast, step.targets, |forecast, truth| {
            let error = mean_squared_error(forecast.clone(), truth.clone());
            error + focal_frequency_loss(forecast, truth, self.frequency_levels) * self.frequency_weight
        })
    }

    /// The wavelet transforms are sums and differences and count nothing.
    fn cost(config: &WastConfig, clip: &ClipShape) -> Cost {
        let (time, frame) = (clip.past, [clip.height, clip.width]);
        let latent = frame.map(|side| side / 2);
        let stacked = config.channels(clip);
        let [first, bottleneck, last] = config.blocks(clip);
        let blocks: Cost = first.iter().chain(&last).map(|block| block.cost(frame)).sum();
        let once = stem(config, clip).normalized_cost(time, frame)
            + blocks
            + config.embedding(clip).cost(time, frame)
            + bottleneck.iter().map(|block| block.cost(latent)).sum()
            + config.reconstruction(clip).cost(time, latent)
            + Cost::convolution(stacked * frame[0] * frame[1], 2 * stacked, [3, 3])
            + Cost::batch_norm(stacked * frame[0] * frame[1])
            + readout(config, clip).cost(time, frame);
        once * clip.future.div_ceil(time)
    }

    fn pytorch_keys(_config: &WastConfig) -> KeyMap {
        pytorch::keys()
    }
}

const fn stem(config: &WastConfig, clip: &ClipShape) -> Conv3dConfig {
    Conv3dConfig::new(clip.channels, config.encoder_channels)
}

const fn merge(config: &WastConfig, clip: &ClipShape) -> Conv2dConfig {
    let stacked = config.channels(clip);
    Conv2dConfig::new([2 * stacked, stacked], 3).with_padding(1)
}

const fn readout(config: &WastConfig, clip: &ClipShape) -> Conv3dConfig {
    Conv3dConfig::new(config.encoder_channels, clip.channels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Int;
    use foreframe_core::count_parameters;

    fn preset(name: &str) -> Preset<WastConfig> {
        Wast::presets().into_iter().find(|preset| preset.name == name).unwrap()
    }

    /// OpenSTL has one more scale per block and channel, which nothing reads.
    #[test]
    fn published_sizes() {
        for (name, published) in [
            ("taxibj", 5_132_822),
            ("cikm", 28_183_141),
            ("moving-mnist", 28_183_141),
        ] {
            let Preset { clip, config, .. } = preset(name);
            let unread: usize = config.blocks(&clip).iter().flatten().map(|block| block.channels).sum();
            let network = Wast::new(&config, &clip, &Device::flex()).unwrap();
            assert_eq!(count_parameters(&network) + unread, published, "{name}");
        }
    }

    /// OpenSTL's counter does not know convolutions padded to "same" size: it leaves out all large and small kernels of
    /// the blocks.
    #[test]
    fn published_multiply_accumulates() {
        let Preset { clip, config, .. } = preset("taxibj");
        let outer = 4 * 80 * (32 * 32) * (2 * 51 * 5 + 5 * 5);
        let bottleneck = 8 * 160 * (16 * 16) * (2 * 21 * 5 + 5 * 5);
        let counted = Wast::cost(&config, &clip).total() - outer - bottleneck;
        assert!((counted as f64 / 1.05e9 - 1.0).abs() < 0.006, "{counted}");
    }

    #[test]
    fn nothing_is_dropped_before_its_epoch() {
        let device = Device::flex().autodiff();
        let clip = ClipShape::new([2, 2, 1, 4, 4]);
        let config = WastConfig {
            drop_path: 0.9,
            drop_path_start: 3,
            ..preset("moving-digits").config
        };
        let network = Wast::new(&config, &clip, &device).unwrap();
        let frames = || {
            Tensor::<1, Int>::arange(0..64, &device)
                .float()
                .reshape([2, 2, 1, 4, 4])
        };
        let loss = |epoch| {
            let clip = Clip::new(frames(), frames() * 0.5);
            let step = StepContext::new(0, epoch, 0);
            network.loss(clip, &step).loss.into_scalar::<f32>()
        };
        assert_eq!(loss(0), loss(2));
        let dropped: Vec<f32> = (0..8).map(|_| loss(3)).collect();
        assert!(dropped.iter().any(|found| *found != loss(0)), "{dropped:?}");
    }

    #[test]
    fn impossible_sizes_are_named_with_what_would_fit() {
        let clip = [4, 4, 1, 24, 16];
        let error = |clip: [usize; 5], change: fn(&mut WastConfig)| {
            let mut config = WastConfig::default();
            change(&mut config);
            Wast::new(&config, &ClipShape::new(clip), &Device::flex())
                .unwrap_err()
                .to_string()
        };
        let odd_frames = error([5, 4, 1, 24, 16], |_| {});
        assert!(
            odd_frames.starts_with("`clip.past` is 5,") && odd_frames.ends_with("e.g. 6"),
            "{odd_frames}"
        );
        assert!(error([4, 4, 1, 23, 16], |_| {}).ends_with("e.g. 24"));
        assert!(error([4, 4, 1, 24, 17], |_| {}).starts_with("`clip.width` is 17,"));
        assert_eq!(
            error(clip, |config| config.frequency_levels = 4),
            "`network.frequency_levels` is 4: frames of 24x16 can be halved 3 times: use 1 to 3"
        );
        let starts = |change, start: &str| {
            let error = error(clip, change);
            assert!(error.starts_with(start), "{error}");
        };
        starts(|config| config.frequency_levels = 0, "`network.frequency_levels` is 0");
        starts(|config| config.encoder_channels = 0, "`network.encoder_channels` is 0");
        starts(|config| config.depths[1] = 0, "`network.depths` is 0");
        starts(|config| config.kernel = 50, "`network.kernel` is 50");
        starts(
            |config| config.bottleneck_kernel = 0,
            "`network.bottleneck_kernel` is 0",
        );
        starts(|config| config.mlp_ratio = f64::NAN, "`network.mlp_ratio` is NaN");
        starts(|config| config.drop_path = 1.0, "`network.drop_path` is 1");
        starts(
            |config| config.frequency_weight = -1.0,
            "`network.frequency_weight` is -1",
        );
        assert!(error([usize::MAX - 1, 4, 1, 24, 16], |_| {}).starts_with("`clip.past`"));
    }
}
