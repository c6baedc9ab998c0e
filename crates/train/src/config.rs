//! Configuration: the sections, and how defaults, preset, file and command line become one of them.

mod keys;
mod resolve;
mod sampling;
mod train;

use std::path::Path;

use foreframe_core::ConfigError;
use foreframe_data::DataConfig;
use foreframe_metrics::{ScoreError, ScoreOptions};
use foreframe_ops::Implementation;
use serde::{Deserialize, Serialize};
use toml::Table;

pub use keys::{KeyError, from_table, nearest};
pub use resolve::{ConfigFile, Layers, ResolveError, resolve};
pub use sampling::{SamplingChoice, SamplingConfig};
pub use train::{Per, Precision, ScheduleConfig, ScheduleKind, TrainConfig};

/// Everything that decides a run, complete. As TOML it is `config.toml` of the run folder and a valid `--config`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The network's name.
    pub model: String,
    /// The preset that `network` started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// How operations are computed on the CPU.
    #[serde(default)]
    pub ops: Ops,
    /// Which data.
    pub data: DataConfig,
    /// The network's hyper-parameters; the model knows the keys.
    pub network: Table,
    /// How to train.
    pub train: TrainConfig,
    /// How to evaluate.
    pub eval: EvalConfig,
}

/// How operations are computed on the CPU backend `flex`; other backends know one way only.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Ops {
    /// By vectorized loops on all cores.
    #[default]
    Kernels,
    /// By Burn's own operations, which the loops are tested against.
    Reference,
}

impl Ops {
    /// Makes the whole process compute like this. The default changes nothing, so that `FOREFRAME_OPS=reference` in the
    /// environment holds.
    pub fn install(self) {
        if self == Self::Reference {
            Implementation::Reference.install();
        }
    }
}

/// The section `[eval]`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct EvalConfig {
    /// Clips forecast at a time, also for validation during training.
    pub batch: usize,
    /// At most so many clips of the split, the first ones; 0 for all.
    pub clips: usize,
    /// Baselines besides persistence: models without weights, by name. With `climatology` among them there are
    /// anomaly correlations.
    pub against: Vec<String>,
    /// Whose scale the data are normalized with where the network is trained already: that in its `weights`, or that of the
    /// training part of the `data`.
    pub normalization: NormalizationOf,
    /// How scores are defined where the field has more than one convention.
    pub scores: ScoreOptions,
}

/// Whose mean and standard deviation count.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum NormalizationOf {
    /// Those that the network was trained with.
    #[default]
    Weights,
    /// Those of the training part of the data that it is evaluated on.
    Data,
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self {
            batch: 16,
            clips: 0,
            against: Vec::new(),
            normalization: NormalizationOf::Weights,
            scores: ScoreOptions::default(),
        }
    }
}

impl RunConfig {
    /// Reads a complete configuration, such as `config.toml` of a run.
    ///
    /// # Errors
    /// Names the file, and the key that is missing, unknown or mistyped.
    pub fn read(path: &Path) -> Result<Self, ResolveError> {
        let file = ConfigFile::read(path)?;
        let config: Self = file.parsed()?;
        config.validate().map_err(ResolveError::Invalid)?;
        Ok(config)
    }

    /// The file that [`RunConfig::read`] reads.
    pub fn to_toml(&self) -> String {
        toml::to_string(&crate::model::to_table(self)).expect("a table of plain values is TOML")
    }

    /// Rejects values that no run can have.
    ///
    /// # Errors
    /// Names the key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.eval.batch == 0 {
            return Err(ConfigError::new("eval.batch", "is 0", "use 1 or more"));
        }
        let against = &self.eval.against;
        if let Some((_, twice)) = (against.iter().enumerate()).find(|(index, name)| against[..*index].contains(name)) {
            let problem = format!("names `{twice}` twice");
            return Err(ConfigError::new("eval.against", problem, "name every reference once"));
        }
        if let Err(ScoreError::Option { key, problem, remedy }) = self.eval.scores.validate() {
            return Err(ConfigError::new(format!("eval.scores.{key}"), problem, remedy));
        }
        self.train.validate()
    }
}
