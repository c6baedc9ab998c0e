//! The section `[train.sampling]`.

use foreframe_core::{ConfigError, SamplingRule};
use serde::{Deserialize, Serialize};

/// Which true frames networks that read frame by frame are shown in training: the section `[train.sampling]`. Other
/// networks have no use for it. A 0 stands for what the run's length or the other values suggest.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct SamplingConfig {
    /// `auto` (as the network's paper has it), `scheduled`, `reverse`, `teacher-forcing` or `free-running`.
    pub schedule: SamplingChoice,
    /// The step from which no future frame is shown; 0 for 40 % of the run, which is what OpenSTL's 50,000 are of its 200
    /// epochs of Moving MNIST.
    pub stop: u64,
    /// Scheduled: by how much the likelihood of a future frame falls in a step; 0 for so much that it reaches 0 at `stop`.
    pub rate: f64,
    /// Reverse: the step up to which every second frame is shown, past or future; 0 for half of `stop`.
    pub start: u64,
    /// Reverse: steps in which the likelihood of hiding a past frame falls to 37 %; 0 for a tenth of `stop`.
    pub decay: f64,
}

/// How the likelihood of true frames changes during training.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum SamplingChoice {
    /// As the network's paper has it.
    #[default]
    Auto,
    /// The future is shown less and less.
    Scheduled,
    /// The future is shown less and less, the past more and more.
    Reverse,
    /// Every true frame.
    TeacherForcing,
    /// No future frame.
    FreeRunning,
}

impl SamplingChoice {
    /// The rule for a network whose paper has `published`.
    pub const fn rule(self, published: Option<SamplingRule>) -> SamplingRule {
        match self {
            Self::Auto => match published {
                Some(rule) => rule,
                None => SamplingRule::FreeRunning,
            },
            Self::Scheduled => SamplingRule::Scheduled,
            Self::Reverse => SamplingRule::Reverse,
            Self::TeacherForcing => SamplingRule::TeacherForcing,
            Self::FreeRunning => SamplingRule::FreeRunning,
        }
    }
}

impl SamplingConfig {
    /// Rejects values that no run can have.
    ///
    /// # Errors
    /// Names the key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (key, value) in [("rate", self.rate), ("decay", self.decay)] {
            if !(value.is_finite() && value >= 0.0) {
                let problem = format!("is {value}");
                let remedy = "use a finite number of 0 or more";
                return Err(ConfigError::new(format!("train.sampling.{key}"), problem, remedy));
            }
        }
        if self.stop > 0 && self.start >= self.stop {
            let problem = format!("is {}, and `train.sampling.stop` is {}", self.start, self.stop);
            return Err(ConfigError::new("train.sampling.start", problem, "use an earlier step"));
        }
        Ok(())
    }
}
