//! Persistence: the newest observed frame is the forecast, at every lead time.
//!
//! It is what a network must beat before it deserves the name, and at short lead times in slow fields it is hard to beat.
//! It has no parameters and learns nothing. Every table of scores has it as a row.
//!
//! ```text
//! past  1  2  3  4  -->  forecast  4  4  4  ...
//! ```
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_core::{Architecture, ClipShape, Forecast};
//! use foreframe_persistence::{Persistence, PersistenceConfig};
//!
//! let device = Device::flex();
//! let baseline = Persistence::new(&PersistenceConfig {}, &ClipShape::new([4, 4, 1, 16, 16]), &device)?;
//! let past = Tensor::zeros([1, 4, 1, 16, 16], &device);
//! assert_eq!(baseline.forecast(past, 6).dims(), [1, 6, 1, 16, 16]);
//! # Ok::<(), foreframe_core::ConfigError>(())
//! ```

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{Ahead, Architecture, ClipShape, ConfigError, Cost, Forecast, KeyMap, Preset};
use serde::{Deserialize, Serialize};

/// Persistence has nothing to set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersistenceConfig {}

/// Repeats the newest frame.
#[derive(Module, Debug)]
pub struct Persistence {}

impl Forecast for Persistence {
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let newest = past.dims()[1] - 1;
        past.narrow(1, newest, 1).repeat_dim(1, ahead.horizon)
    }
}

impl Architecture for Persistence {
    type Config = PersistenceConfig;

    const NAME: &'static str = "persistence";
    const PAPER: &'static str = "the oldest forecast there is";
    const ABOUT: &'static str = "the newest frame again, at every lead time: what a network must beat";

    fn presets() -> Vec<Preset<PersistenceConfig>> {
        vec![Preset {
            name: "moving-digits",
            about: "nothing to set",
            clip: ClipShape::new([10, 10, 1, 32, 32]),
            config: PersistenceConfig {},
        }]
    }

    fn new(_: &PersistenceConfig, clip: &ClipShape, _: &Device) -> Result<Self, ConfigError> {
        clip.validate()?;
        Ok(Self {})
    }

    fn cost(_: &PersistenceConfig, _: &ClipShape) -> Cost {
        Cost::default()
    }

    fn pytorch_keys(_: &PersistenceConfig) -> KeyMap {
        KeyMap::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;
    use foreframe_core::count_parameters;
    use foreframe_core::{Clip, StepContext};

    #[test]
    fn the_newest_frame_is_repeated() {
        let device = Device::flex();
        let baseline = Persistence::new(&PersistenceConfig {}, &ClipShape::new([2, 3, 1, 1, 2]), &device).unwrap();
        let past = TensorData::new(vec![1.0f32, 2.0, 3.0, 4.0], [1, 2, 1, 1, 2]);
        let past = Tensor::<5>::from_data(past, &device);
        let values = |forecast: Tensor<5>| forecast.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(values(baseline.forecast(past.clone(), 1)), [3.0, 4.0]);
        assert_eq!(
            values(baseline.forecast(past.clone(), 3)),
            [3.0, 4.0, 3.0, 4.0, 3.0, 4.0]
        );
        let future = Tensor::full([1, 3, 1, 1, 2], 3.0, &device);
        let objective = baseline.loss(Clip::new(past, future), &StepContext::new(0, 0, 0));
        assert_eq!(objective.loss.into_scalar::<f32>(), 0.5);
        assert_eq!(count_parameters(&baseline), 0);
    }
}
