//! Networks that can be configured, trained and imported.

use burn::module::Module;
use burn::tensor::Device;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Clip, ClipShape, ConfigError, Cost, Forecast, KeyMap, Objective, Sampling, SamplingRule, Targets,
    mean_squared_error,
};

/// A trainable network with a name and a configuration.
pub trait Architecture: Forecast + Module + 'static {
    /// Hyper-parameters; every field has a default, and `#[serde(default, deny_unknown_fields)]` holds for it.
    type Config: Serialize + DeserializeOwned + Default + Clone + std::fmt::Debug + PartialEq;

    /// The name on the command line, e.g. `ustep`.
    const NAME: &'static str;

    /// Where the network was published, e.g. `Tan et al., TPAMI 2025, arXiv:2310.05829`.
    const PAPER: &'static str;

    /// Description in one line.
    const ABOUT: &'static str;

    /// The scheduled sampling of its paper, for networks that read frame by frame
    /// ([`Recurrent`](crate::Recurrent)).
    const SAMPLING: Option<SamplingRule> = None;

    /// Names in the reference's configuration of our keys: its names and ours, as far as they say of what size a
    /// checkpoint is.
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[];

    /// Named configurations, those of the paper first, each with the clip it is meant for.
    fn presets() -> Vec<Preset<Self::Config>>;

    /// Builds the network with fresh weights.
    ///
    /// # Errors
    /// Names the field of a size that is impossible, alone or for this clip.
    fn new(config: &Self::Config, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError>;

    /// The paper's own objective on one batch, in training mode, over the channels that
    /// [`targets`](StepContext::targets) are and where the truth is not [`missing`](Clip::missing); by default the mean
    /// squared error of the forecast.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        let ahead = step.targets.ahead(&clip.future);
        let forecast = self.forecast_ahead(clip.past.clone(), &ahead);
        clip.objective(forecast, step.targets, mean_squared_error)
    }

    /// Multiply-accumulates of one forecast of `clip.future` frames, every operation counted.
    fn cost(config: &Self::Config, clip: &ClipShape) -> Cost;

    /// How the parameters are called in the published PyTorch state dict.
    fn pytorch_keys(config: &Self::Config) -> KeyMap;
}

/// A model that takes what it needs from the training data in one pass, without training steps.
pub trait Fitted: Architecture {
    /// State after the frames seen so far.
    type Sums: Default;

    /// Looks at one frame of the training data.
    ///
    /// # Shapes
    /// - `frame`: `[channels, height, width]`, normalized, NaN where a value is missing; taken at `time`, in seconds since
    ///   1970, where that is known
    fn see(sums: &mut Self::Sums, frame: &[f32], time: Option<i64>);

    /// The model that has seen all frames.
    #[must_use]
    fn fitted(self, sums: Self::Sums) -> Self;
}

/// A named configuration and the clip it is meant for.
#[derive(Clone, Debug)]
pub struct Preset<C> {
    /// The name on the command line, e.g. `moving-mnist-l`.
    pub name: &'static str,
    /// Description in one line.
    pub about: &'static str,
    /// The clip it was published for.
    pub clip: ClipShape,
    /// The hyper-parameters.
    pub config: C,
}

/// Where training stands, for objectives that change as it goes on.
///
/// Everything random or scheduled in an objective is a function of this, never of a global, so that a resumed run
/// repeats what the uninterrupted run did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepContext {
    /// Optimizer steps done before this one.
    pub iteration: u64,
    /// Epochs done before this one.
    pub epoch: u64,
    /// A number that is new in every step and the same when the step is repeated.
    pub seed: u64,
    /// Which true frames a recurrent network is shown.
    pub sampling: Sampling,
    /// Whether a recurrent network recomputes the activations of its steps in the backward pass rather than keep them.
    pub recompute_steps: bool,
    /// Which channels are to be forecast.
    pub targets: Targets,
}

impl StepContext {
    /// The context of one step of the run with seed `run_seed`, free running, without recomputing, with all channels to
    /// be forecast.
    pub fn new(iteration: u64, epoch: u64, run_seed: u64) -> Self {
        // SplitMix64's finaliser: neighboring iterations must not get neighboring seeds.
        let mut seed = run_seed.wrapping_add(iteration.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        seed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        seed = (seed ^ (seed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self {
            iteration,
            epoch,
            seed: seed ^ (seed >> 31),
            sampling: Sampling::FREE_RUNNING,
            recompute_steps: false,
            targets: Targets::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_its_own_repeatable_seed() {
        let seeds: std::collections::HashSet<u64> = (0..1000).map(|i| StepContext::new(i, 0, 7).seed).collect();
        assert_eq!(seeds.len(), 1000);
        assert_eq!(StepContext::new(3, 0, 7), StepContext::new(3, 0, 7));
        assert_ne!(StepContext::new(3, 0, 7).seed, StepContext::new(3, 0, 8).seed);
    }
}
