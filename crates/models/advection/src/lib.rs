//! Advection: the newest frame, carried on along the motion of the last frames.
//!
//! This is what weather services forecast rain with for the next hour or two, and what a network has to beat there. A dense
//! field of motion is estimated by combined local-global optical flow (Bruhn, Weickert, Schnörr, "Lucas/Kanade Meets
//! Horn/Schunck", IJCV 61, 2005), coarse to fine with warping; the newest frame is carried along it by backward
//! semi-Lagrangian extrapolation with a motion that does not change (Germann, Zawadzki, "Scale-Dependence of the
//! Predictability of Precipitation from Continental Radar Images", Monthly Weather Review 130, 2002). Nothing grows or
//! decays; what flows in over the border has the border's value. It has no parameters and learns nothing.
//!
//! ```text
//! past  1  2  3  4 --> newest frame ------------+
//!       |  |  |  |                              |
//!       +--+--+--+---> motion, pixels per frame +--> forecast at lead time k:
//!                                                    the newest frame k steps upstream
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_advection::{Advection, AdvectionConfig};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//!
//! let device = Device::flex();
//! let baseline = Advection::new(&AdvectionConfig::default(), &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(baseline.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod image;
mod motion;
mod transport;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{Ahead, Architecture, ClipShape, ConfigError, Cost, Forecast, KeyMap, Preset};
use rayon::prelude::*;

pub use config::AdvectionConfig;

use image::Image;
use motion::Motion;
use transport::Origins;

/// Carries the newest frame along.
#[derive(Module, Debug)]
pub struct Advection {
    #[module(skip)]
    config: AdvectionConfig,
}

impl Forecast for Advection {
    /// Computed on the host, whatever device `past` is on, and the same to the last bit on all of them. Gradients do not
    /// flow through it.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let horizon = ahead.horizon;
        let [batch, time, channels, height, width] = past.dims();
        let (device, numbers) = (past.device(), past.dtype());
        let values: Vec<f32> = past.into_data().iter().collect();
        let clip = |frames: &[f32]| self.carry(frames, [time, channels, height, width], horizon);
        let forecasts: Vec<f32> = values
            .par_chunks_exact(time * channels * height * width)
            .flat_map_iter(clip)
            .collect();
        let forecasts = TensorData::new(forecasts, [batch, horizon, channels, height, width]);
        let forecasts = Tensor::from_data(forecasts, &device);
        match forecasts.dtype() == numbers {
            true => forecasts,
            false => forecasts.cast(numbers),
        }
    }
}

impl Advection {
    /// The `horizon` frames after `frames`, `[time, channel, height, width]` both.
    fn carry(&self, frames: &[f32], [time, channels, height, width]: [usize; 4], horizon: usize) -> Vec<f32> {
        let newest_first = time.saturating_sub(self.config.frames);
        let frames: Vec<Vec<Image>> = frames
            .chunks_exact(channels * height * width)
            .skip(newest_first)
            .map(|frame| {
                let image = |values: &[f32]| Image {
                    height,
                    width,
                    values: values.to_vec(),
                };
                frame.chunks_exact(height * width).map(image).collect()
            })
            .collect();
        let motion = match frames.len() {
            // Of one frame alone no motion is known.
            1 => Motion::none(height, width),
            _ => Motion::estimate(&frames, &self.config),
        };
        let mut origins = Origins::new(&motion);
        let mut forecast = Vec::with_capacity(horizon * channels * height * width);
        for _ in 0..horizon {
            origins.step_back(&motion);
            for channel in &frames[frames.len() - 1] {
                origins.read(channel, &mut forecast);
            }
        }
        forecast
    }
}

impl Architecture for Advection {
    type Config = AdvectionConfig;

    const NAME: &'static str = "advection";
    const PAPER: &'static str = "motion: Bruhn et al., IJCV 2005; extrapolation: Germann and Zawadzki, MWR 2002";
    const ABOUT: &'static str = "the newest frame, carried along its motion: what a network must beat for rain";

    fn presets() -> Vec<Preset<AdvectionConfig>> {
        config::presets()
    }

    fn new(config: &AdvectionConfig, clip: &ClipShape, _: &Device) -> Result<Self, ConfigError> {
        clip.validate()?;
        config.validate()?;
        Ok(Self { config: config.clone() })
    }

    /// It has no layers whose products could be counted.
    fn cost(_: &AdvectionConfig, _: &ClipShape) -> Cost {
        Cost::default()
    }

    fn pytorch_keys(_: &AdvectionConfig) -> KeyMap {
        KeyMap::default()
    }
}
