use foreframe_core::{ClipShape, Preset};
use serde::{Deserialize, Serialize};

/// Of which frames a mean is taken.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The finest of the others that the training part has enough of: two days for hours, two years for months.
    #[default]
    Auto,
    /// All frames.
    All,
    /// Those of the same hour of the day, UTC.
    Hour,
    /// Those of the same month and hour of the day, UTC.
    MonthAndHour,
}

/// The kind of climatology.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ClimatologyConfig {
    /// Of which frames a mean is taken.
    pub by: By,
}

pub(crate) fn presets() -> Vec<Preset<ClimatologyConfig>> {
    vec![Preset {
        name: "moving-digits",
        about: "the defaults",
        clip: ClipShape::new([10, 10, 1, 32, 32]),
        config: ClimatologyConfig::default(),
    }]
}
