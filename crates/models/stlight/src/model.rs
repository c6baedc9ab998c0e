//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Ahead, Architecture, ClipShape, ConfigError, Cost, Forecast, KeyMap, Preset, channels_into_time, roll_out,
    time_into_channels,
};

use crate::decoder::Decoder;
use crate::encoder::PatchEncoder;
use crate::mixer::Mixer;
use crate::{StLightConfig, cost, presets, pytorch};

/// A purely convolutional forecaster of all future frames at once.
///
/// It is built for a number of observed and of future frames; longer horizons are reached by feeding the answer back.
#[derive(Module, Debug)]
pub struct StLight {
    encoder: PatchEncoder,
    blocks: Vec<Mixer>,
    decoder: Decoder,
    future: usize,
}

impl StLight {
    /// Forecasts as many frames as the network was built for.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - output: `[batch, T', channels, height, width]`
    pub fn forward(&self, past: Tensor<5>) -> Tensor<5> {
        let (store, add) = shortcut(self.blocks.len());
        let mut hidden = self.encoder.forward(time_into_channels(past));
        let mut stored = None;
        for (index, block) in self.blocks.iter().enumerate() {
            if index == store {
                stored = Some(hidden.clone());
            }
            if index == add
                && let Some(earlier) = stored.take()
            {
                hidden = hidden + earlier;
            }
            hidden = block.forward(hidden);
        }
        channels_into_time(self.decoder.forward(hidden), self.future)
    }
}

/// The blocks before whose input the shortcut begins and to whose input it is added. They are the same block at depth 1,
/// whose input is then doubled.
fn shortcut(depth: usize) -> (usize, usize) {
    (depth / 3, 2 * depth / 3)
}

impl Forecast for StLight {
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        roll_out(past, ahead, |past, _| self.forward(past))
    }
}

impl Architecture for StLight {
    type Config = StLightConfig;

    const NAME: &'static str = "stlight";
    const PAPER: &'static str = "Alfarano et al., WACV 2025, arXiv:2411.10198";
    const ABOUT: &'static str = "convolutions only: space and time mixed jointly, all future frames at once";

    fn presets() -> Vec<Preset<StLightConfig>> {
        presets::presets()
    }

    fn new(config: &StLightConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        Ok(Self {
            encoder: PatchEncoder::new(config, clip, device),
            blocks: (0..config.depth).map(|_| Mixer::new(config, device)).collect(),
            decoder: Decoder::new(config, clip, device),
            future: clip.future,
        })
    }

    fn cost(config: &StLightConfig, clip: &ClipShape) -> Cost {
        cost::cost(config, clip)
    }

    fn pytorch_keys(_: &StLightConfig) -> KeyMap {
        pytorch::keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use rstest::rstest;

    #[rstest]
    #[case(1, (0, 0))]
    #[case(2, (0, 1))]
    #[case(5, (1, 3))]
    #[case(8, (2, 5))]
    #[case(10, (3, 6))]
    #[case(12, (4, 8))]
    #[case(14, (4, 9))]
    #[case(16, (5, 10))]
    #[case(20, (6, 13))]
    fn the_shortcut_spans_the_middle_third(#[case] depth: usize, #[case] blocks: (usize, usize)) {
        assert_eq!(shortcut(depth), blocks);
    }

    #[test]
    fn depth_1_doubles_and_depth_2_adds_what_the_encoder_gives() {
        let device = Device::flex();
        let past = || Tensor::<5>::random([1, 2, 1, 8, 8], Distribution::Default, &device);
        for depth in [1, 2] {
            let config = StLightConfig {
                width: 8,
                depth,
                ..StLightConfig::default()
            };
            let network = StLight::new(&config, &ClipShape::new([2, 3, 1, 8, 8]), &device).unwrap();
            let past = past();
            let encoded = network.encoder.forward(time_into_channels(past.clone()));
            let last = match depth {
                1 => encoded.clone(),
                _ => network.blocks[0].forward(encoded.clone()),
            };
            let frames = network
                .decoder
                .forward(network.blocks[depth - 1].forward(last + encoded));
            assert_eq!(
                network.forward(past).into_data(),
                channels_into_time(frames, 3).into_data()
            );
        }
    }

    #[rstest]
    #[case::no_overlap(2, 0)]
    #[case::itself(2, 1)]
    #[case::two(2, 2)]
    #[case::three(2, 3)]
    #[case::pixels(1, 3)]
    fn every_overlap_and_horizon_keeps_the_frame_size(#[case] patch_size: usize, #[case] overlap: usize) {
        let device = Device::flex();
        let config = StLightConfig {
            width: 8,
            depth: 1,
            patch_size,
            overlap,
            ..StLightConfig::default()
        };
        let network = StLight::new(&config, &ClipShape::new([4, 3, 2, 8, 12]), &device).unwrap();
        for horizon in [1, 3, 8] {
            let past = Tensor::zeros([2, 4, 2, 8, 12], &device);
            assert_eq!(network.forecast(past, horizon).dims(), [2, horizon, 2, 8, 12]);
        }
    }

    /// Beyond T' the newest T frames, observed or forecast, are the past.
    #[test]
    fn a_longer_horizon_continues_the_answer() {
        let device = Device::flex();
        let config = StLightConfig {
            width: 8,
            depth: 1,
            ..StLightConfig::default()
        };
        let network = StLight::new(&config, &ClipShape::new([4, 3, 1, 8, 8]), &device).unwrap();
        let past = Tensor::<5>::random([1, 4, 1, 8, 8], Distribution::Default, &device);
        let answer = network.forward(past.clone());
        let second = network.forward(Tensor::cat(vec![past.clone().narrow(1, 3, 1), answer.clone()], 1));
        let expected = Tensor::cat(vec![answer, second.narrow(1, 0, 2)], 1);
        assert_eq!(network.forecast(past, 5).into_data(), expected.into_data());
    }
}
