//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{Ahead, Architecture, ClipShape, ConfigError, Cost, Forecast, KeyMap, Preset, channels_into_time, roll_out, time_into_channels};
use foreframe_nn::{Conv2d, Conv2dConfig};
use foreframe_ops::gelu;

use crate::__Name__Config;

const KERNEL: usize = 3;

/// Two convolutions over the stacked frames of the past.
#[derive(Module, Debug)]
pub struct __Name__ {
    /// From `T * C` channels to the width.
    encode: Conv2d,
    /// From the width to `T' * C` channels.
    decode: Conv2d,
    /// T', the frames of one answer.
    future: usize,
}

impl __Name__ {
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - output: `[batch, T', channels, height, width]`
    fn answer(&self, past: Tensor<5>) -> Tensor<5> {
        let newest = past.dims()[1] - 1;
        let newest = past.clone().narrow(1, newest, 1);
        let hidden = gelu(self.encode.forward(time_into_channels(past)));
        channels_into_time(self.decode.forward(hidden), self.future) + newest
    }
}

impl Forecast for __Name__ {
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        roll_out(past, ahead, |window, _| self.answer(window))
    }
}

impl Architecture for __Name__ {
    type Config = __Name__Config;

    const NAME: &'static str = "__name__";
    const PAPER: &'static str = "unpublished";
    const ABOUT: &'static str = "two convolutions over stacked frames";

    fn presets() -> Vec<Preset<Self::Config>> {
        __Name__Config::presets()
    }

    fn new(config: &Self::Config, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let convolution = |channels| {
            Conv2dConfig::new(channels, KERNEL)
                .with_padding(KERNEL / 2)
                .init(device)
        };
        Ok(Self {
            encode: convolution([clip.past * clip.channels, config.width]),
            decode: convolution([config.width, clip.future * clip.channels]),
            future: clip.future,
        })
    }

    fn cost(config: &Self::Config, clip: &ClipShape) -> Cost {
        let pixels = clip.height * clip.width;
        Cost::convolution(config.width * pixels, clip.past * clip.channels, [KERNEL; 2])
            + Cost::convolution(clip.future * clip.channels * pixels, config.width, [KERNEL; 2])
    }

    fn pytorch_keys(_config: &Self::Config) -> KeyMap {
        KeyMap::new(Vec::<(String, String)>::new())
    }
}
