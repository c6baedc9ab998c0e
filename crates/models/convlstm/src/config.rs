//! ConvLSTM's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{StackConfig, openstl_presets};

use crate::cell::ConvLstmCellConfig;

/// Hyper-parameters of [`ConvLstm`](crate::ConvLstm).
pub type ConvLstmConfig = StackConfig;

pub(crate) fn cells(config: &ConvLstmConfig, clip: &ClipShape) -> Vec<ConvLstmCellConfig> {
    let normalized = config.stack().normalized(clip);
    config
        .stack()
        .layers(clip)
        .map(|[input, width]| ConvLstmCellConfig {
            input,
            width,
            kernel: config.kernel,
            normalized,
        })
        .collect()
}

/// Checks the sizes, alone and for `clip`.
///
/// # Errors
/// Names the field at fault.
pub(crate) fn validate(config: &ConvLstmConfig, clip: &ClipShape) -> Result<(), ConfigError> {
    config.stack().validate(clip, || config.stack().patches(clip))
}

/// OpenSTL's configurations (`configs/<dataset>/ConvLSTM.py`, `ConvLSTM-L.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<ConvLstmConfig>> {
    let config = |patch| ConvLstmConfig {
        patch,
        ..ConvLstmConfig::default()
    };
    let mut presets = openstl_presets(&[("weatherbench-fine", 4)], config);
    let large: Vec<_> = presets
        .iter()
        .filter_map(|preset| {
            let name = match preset.name {
                "moving-mnist" => "moving-mnist-l",
                "moving-mnist-cifar" => "moving-mnist-cifar-l",
                _ => return None,
            };
            let config = ConvLstmConfig {
                widths: vec![192; 4],
                ..preset.config.clone()
            };
            Some(Preset {
                name,
                config,
                ..preset.clone()
            })
        })
        .collect();
    presets.extend(large);
    presets.push(Benchmark::MOVING_DIGITS.preset(ConvLstmConfig {
        widths: vec![32; 2],
        ..ConvLstmConfig::default()
    }));
    presets
}
