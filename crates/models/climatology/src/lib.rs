//! Climatology: what is usual at the place, the hour and the season.
//!
//! The mean of the training part at every pixel, of the hour of the day and the month of the year where the data know their
//! times. It takes no training steps: one pass over the training part ([`Fitted`]) is all. A weather forecast is evaluated by
//! how long it is better than this.
//!
//! ```text
//! training part --> means of each month and hour --+
//!                                                  |
//! times of the frames to forecast -----------------+--> forecast
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_climatology::{Climatology, ClimatologyConfig};
//! use foreframe_core::{Architecture, ClipShape, Fitted, Forecast};
//!
//! let device = Device::flex();
//! let clip = ClipShape::new([4, 4, 1, 1, 2]);
//! let mut sums = Default::default();
//! Climatology::see(&mut sums, &[0.5, 2.0], None);
//! Climatology::see(&mut sums, &[1.5, 4.0], None);
//! let baseline = Climatology::new(&ClimatologyConfig::default(), &clip, &device)?.fitted(sums);
//! let forecast = baseline.forecast(Tensor::zeros([1, 4, 1, 1, 2], &device), 2);
//! assert_eq!(forecast.into_data().try_to_vec::<f32>().unwrap(), [1.0, 3.0, 1.0, 3.0]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

mod config;
mod normals;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{Ahead, Architecture, ClipShape, ConfigError, Cost, Fitted, Forecast, KeyMap, Preset};

pub use config::{By, ClimatologyConfig};
pub use normals::Sums;

use normals::Normals;

/// Forecasts what is usual.
#[derive(Module, Debug)]
pub struct Climatology {
    #[module(skip)]
    config: ClimatologyConfig,
    #[module(skip)]
    normals: Normals,
}

impl Forecast for Climatology {
    /// Climatology at the times of the forecasts, the mean over all times where those are not known. Gradients do not flow
    /// through it.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let ([batch, _, channels, height, width], horizon) = (past.dims(), ahead.horizon);
        let frame = channels * height * width;
        let mut values = Vec::with_capacity(batch * horizon * frame);
        for clip in 0..batch {
            for step in 0..horizon {
                match self.normals.at(ahead.time(clip, step)) {
                    Some(normal) => values.extend_from_slice(normal),
                    None => values.resize(values.len() + frame, 0.0),
                }
            }
        }
        let forecast = TensorData::new(values, [batch, horizon, channels, height, width]);
        let forecast = Tensor::from_data(forecast, &past.device());
        match forecast.dtype() == past.dtype() {
            true => forecast,
            false => forecast.cast(past.dtype()),
        }
    }
}

impl Fitted for Climatology {
    type Sums = Sums;

    fn see(sums: &mut Sums, frame: &[f32], time: Option<i64>) {
        sums.add(frame, time);
    }

    fn fitted(self, sums: Sums) -> Self {
        Self {
            normals: sums.normals(self.config.by),
            ..self
        }
    }
}

impl Architecture for Climatology {
    type Config = ClimatologyConfig;

    const NAME: &'static str = "climatology";
    const PAPER: &'static str = "the mean of the training part";
    const ABOUT: &'static str = "what is usual at the hour and in the season: what a network must beat for weather";

    fn presets() -> Vec<Preset<ClimatologyConfig>> {
        config::presets()
    }

    fn new(config: &ClimatologyConfig, clip: &ClipShape, _: &Device) -> Result<Self, ConfigError> {
        clip.validate()?;
        Ok(Self {
            config: config.clone(),
            normals: Normals::default(),
        })
    }

    fn cost(_: &ClimatologyConfig, _: &ClipShape) -> Cost {
        Cost::default()
    }

    fn pytorch_keys(_: &ClimatologyConfig) -> KeyMap {
        KeyMap::default()
    }
}
