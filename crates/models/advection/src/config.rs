use foreframe_core::{ClipShape, ConfigError, Preset};
use serde::{Deserialize, Serialize};

/// How motion is estimated.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct AdvectionConfig {
    /// The newest observed frames that the motion is taken from; clips with fewer frames give all they have.
    pub frames: usize,
    /// How much smoother fields of motion are preferred, the alpha of Bruhn et al.; frames have variance 1.
    pub smoothness: f64,
    /// Standard deviation in pixels of the Gaussian neighborhood that is taken to move alike, their rho.
    pub neighborhood: f64,
    /// Linearisations on every scale of the pyramid.
    pub warps: usize,
    /// Steps of successive over-relaxation of every linearisation.
    pub iterations: usize,
}

impl Default for AdvectionConfig {
    fn default() -> Self {
        Self {
            frames: 4,
            smoothness: 0.05,
            neighborhood: 2.0,
            warps: 3,
            iterations: 40,
        }
    }
}

impl AdvectionConfig {
    /// Rejects what no motion can be estimated with.
    ///
    /// # Errors
    /// Names the key and what is wanted.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::within("network.frames", self.frames, 2..=64)?;
        if !(self.smoothness.is_finite() && self.smoothness > 0.0) {
            let problem = format!("is {}", self.smoothness);
            return Err(ConfigError::new(
                "network.smoothness",
                problem,
                "use a positive number, e.g. 0.05",
            ));
        }
        if !(0.0..=64.0).contains(&self.neighborhood) {
            let problem = format!("is {}", self.neighborhood);
            return Err(ConfigError::new(
                "network.neighborhood",
                problem,
                "use 0 to 64 pixels, e.g. 2",
            ));
        }
        ConfigError::within("network.warps", self.warps, 1..=64)?;
        ConfigError::within("network.iterations", self.iterations, 1..=10_000)
    }
}

pub(crate) fn presets() -> Vec<Preset<AdvectionConfig>> {
    vec![Preset {
        name: "moving-digits",
        about: "the defaults",
        clip: ClipShape::new([10, 10, 1, 32, 32]),
        config: AdvectionConfig::default(),
    }]
}
