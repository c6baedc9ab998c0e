//! Hyper-parameters of __title__.

use foreframe_core::{ClipShape, ConfigError, Preset};
use serde::{Deserialize, Serialize};

/// Hyper-parameters of __title__.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct __Name__Config {
    /// Channels between the two convolutions.
    pub width: usize,
}

impl Default for __Name__Config {
    fn default() -> Self {
        Self { width: 32 }
    }
}

impl __Name__Config {
    /// Rejects sizes that no network can be built from.
    ///
    /// # Errors
    /// Names the field.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        match self.width {
            0 => Err(ConfigError::new("network.width", "is 0", "use 1 or more")),
            _ => Ok(()),
        }
    }

    /// The named configurations.
    pub fn presets() -> Vec<Preset<Self>> {
        vec![Preset {
            name: "moving-digits",
            about: "small enough for a CPU",
            clip: ClipShape::new([10, 10, 1, 64, 64]),
            config: Self::default(),
        }]
    }
}
