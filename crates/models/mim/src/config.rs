//! MIM's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{FramePatches, StackConfig, openstl_presets};

/// Hyper-parameters of [`Mim`](crate::Mim): two or more layers, all of one width.
pub type MimConfig = StackConfig;

/// The memories look at themselves through weights for every pixel, so the size of frames is fixed.
pub(crate) fn patches(config: &MimConfig, clip: &ClipShape) -> FramePatches {
    config.stack().patches(clip).of_size([clip.height, clip.width])
}

/// Checks the sizes, alone and for `clip`.
///
/// # Errors
/// Names the field at fault.
pub(crate) fn validate(config: &MimConfig, clip: &ClipShape) -> Result<(), ConfigError> {
    config.stack().validate(clip, || patches(config, clip))?;
    if config.widths.len() < 2 {
        let remedy = "differences are taken between the first two: give two or more";
        return Err(ConfigError::new("network.widths", "has 1 layer", remedy));
    }
    config.stack().equal_widths()
}

/// OpenSTL's configurations (`configs/<dataset>/MIM.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<MimConfig>> {
    let patches = [
        ("kth", 4),
        ("weatherbench", 4),
        ("weatherbench-fine", 4),
        ("weatherbench-wind", 4),
        ("weatherbench-multi", 4),
    ];
    let mut presets = openstl_presets(&patches, |patch| MimConfig {
        patch,
        ..MimConfig::default()
    });
    presets.push(Benchmark::MOVING_DIGITS.preset(MimConfig {
        widths: vec![24; 2],
        ..MimConfig::default()
    }));
    presets
}
