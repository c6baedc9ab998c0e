//! A network with everything that makes a step hard to repeat, and data to train it on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Ahead, Architecture, Clip, ClipShape, ConfigError, Cost, Forecast, KeyMap, Objective, Preset, StepContext,
    channels_into_time, mean_squared_error, roll_out, time_into_channels,
};
use foreframe_data::{ClipSource, DataConfig, DataError, Dataset, Normalization, Splits};
use foreframe_nn::{BatchNorm2d, BatchNorm2dConfig};
use foreframe_train::config::{ConfigFile, Layers, resolve};
use foreframe_train::progress::Silent;
use foreframe_train::run::{Hooks, Outcome, Start, TrainOptions, train};
use foreframe_train::{Model, RunConfig, TrainError};
use serde::{Deserialize, Serialize};

pub(crate) const CLIP: ClipShape = ClipShape::new([3, 2, 1, 2, 2]);
pub(crate) static TOY: Model = Model::of::<Toy>();
pub(crate) static DATASET: Dataset = Dataset {
    name: "waves",
    about: "Standing waves",
    source: "made on the fly",
    defaults: data_defaults,
    keys: &["path"],
    frame: |_| Some([1, 2, 2]),
    open: |_| Ok(splits(40)),
};

fn data_defaults() -> DataConfig {
    DataConfig {
        name: "waves".into(),
        past: CLIP.past,
        future: CLIP.future,
        ..DataConfig::default()
    }
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ToyConfig {
    pub width: usize,
    pub dropout: f64,
    /// Divides the batch by its own statistics.
    pub norm: bool,
    /// Sets of running statistics.
    pub steps: usize,
    /// Optimizer steps after which the loss is NaN; 0 for never.
    pub breaks_after: u64,
    /// Whether every forecast is NaN, while the loss is not.
    pub overflows: bool,
    pub label: Option<String>,
}

impl Default for ToyConfig {
    fn default() -> Self {
        Self {
            width: 8,
            dropout: 0.2,
            norm: true,
            steps: 1,
            breaks_after: 0,
            overflows: false,
            label: None,
        }
    }
}

#[derive(Module, Debug)]
pub(crate) struct Toy {
    norm: Option<BatchNorm2d>,
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
    future: usize,
    breaks_after: u64,
    overflows: bool,
}

impl Toy {
    fn answer(&self, past: Tensor<5>) -> Tensor<5> {
        let mut stacked = time_into_channels(past);
        if let Some(norm) = &self.norm {
            stacked = norm.forward(stacked, 0);
        }
        let hidden = relu(self.hidden.forward(stacked.permute([0, 2, 3, 1])));
        let output = self.output.forward(self.dropout.forward(hidden)).permute([0, 3, 1, 2]);
        channels_into_time(output, self.future)
    }
}

impl Forecast for Toy {
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let scale = if self.overflows { f32::NAN } else { 1.0 };
        roll_out(past, ahead, |window, _| self.answer(window) * scale)
    }
}

impl Architecture for Toy {
    type Config = ToyConfig;
    const NAME: &'static str = "toy";
    const PAPER: &'static str = "none";
    const ABOUT: &'static str = "Two layers over time";

    fn presets() -> Vec<Preset<ToyConfig>> {
        let wide = ToyConfig {
            width: 16,
            ..ToyConfig::default()
        };
        vec![Preset {
            name: "wide",
            about: "16 hidden values",
            clip: CLIP,
            config: wide,
        }]
    }

    fn new(config: &ToyConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        ConfigError::divides("network.width", config.width, 4, "groups of 4")?;
        let (inputs, outputs) = (clip.past * clip.channels, clip.future * clip.channels);
        Ok(Self {
            norm: config
                .norm
                .then(|| BatchNorm2dConfig::new(inputs).with_steps(config.steps).init(device)),
            hidden: LinearConfig::new(inputs, config.width).init(device),
            dropout: DropoutConfig::new(config.dropout).init(),
            output: LinearConfig::new(config.width, outputs).init(device),
            future: clip.future,
            breaks_after: config.breaks_after,
            overflows: config.overflows,
        })
    }

    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        let forecast = self.answer(clip.past.clone());
        let mut objective = clip.objective(forecast, step.targets, mean_squared_error);
        if self.breaks_after > 0 && step.iteration >= self.breaks_after {
            objective.loss = objective.loss * f32::NAN;
        }
        objective
    }

    fn cost(config: &ToyConfig, clip: &ClipShape) -> Cost {
        let pixels = clip.height * clip.width;
        Cost::linear(pixels * config.width, clip.past) + Cost::linear(pixels * clip.future, config.width)
    }

    fn pytorch_keys(_: &ToyConfig) -> KeyMap {
        KeyMap::new([("hidden", "fc1"), ("output", "fc2"), ("norm", "bn")])
    }
}

/// Standing waves; no two clips alike.
pub(crate) struct Waves {
    pub clips: usize,
    pub first: usize,
}

impl ClipSource for Waves {
    fn shape(&self) -> ClipShape {
        CLIP
    }

    fn len(&self) -> usize {
        self.clips
    }

    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        for (time, frame) in frames.chunks_mut(CLIP.frame_len()).enumerate() {
            for (pixel, value) in frame.iter_mut().enumerate() {
                let phase = (self.first + index) as f32 * 0.37 + pixel as f32;
                *value = (phase + time as f32 * 0.9).sin();
            }
        }
        Ok(())
    }
}

pub(crate) fn splits(clips: usize) -> Splits {
    let part = |first, clips| Arc::new(Waves { clips, first }) as Arc<dyn ClipSource>;
    Splits {
        train: part(0, clips),
        validation: part(1000, 10),
        test: part(2000, 7),
        normalization: Normalization::identity(),
        input: None,
        clip: CLIP,
        fingerprint: "content:waves".into(),
        description: "standing waves".into(),
    }
}

/// A configuration of 40 training clips in batches of 4: 5 steps of 2 batches in an epoch.
pub(crate) fn config(set: &[&str]) -> RunConfig {
    let text = "[train]\nsteps = 60\nbatch = 4\naccumulate = 2\nseed = 3\nclip_norm = 1.0\nema = 0.9\n\
                checkpoint_every = 7\noptimizer = { kind = 'adamw' }\nschedule = { learning_rate = 0.01 }";
    let file = ConfigFile::parse("toy.toml", text).unwrap();
    let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
    let layers = Layers {
        model: &TOY,
        dataset: &DATASET,
        preset: None,
        file: Some(&file),
        data_path: None,
        set: &set,
    };
    resolve(&layers).unwrap()
}

/// Tests that draw random numbers: the CPU backend has one generator for the whole process.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static DRAWING: Mutex<()> = Mutex::new(());
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn run(
    config: &RunConfig,
    folder: &Path,
    resume: bool,
    max_steps: Option<u64>,
) -> Result<Outcome, TrainError> {
    run_with(config, &splits(40), folder, resume, max_steps, &mut ())
}

pub(crate) fn run_with(
    config: &RunConfig,
    splits: &Splits,
    folder: &Path,
    resume: bool,
    max_steps: Option<u64>,
    hooks: &mut dyn Hooks,
) -> Result<Outcome, TrainError> {
    let start = if resume { Start::Resume } else { Start::New };
    run_from(start, config, splits, folder, max_steps, hooks)
}

pub(crate) fn run_from(
    start: Start<'_>,
    config: &RunConfig,
    splits: &Splits,
    folder: &Path,
    max_steps: Option<u64>,
    hooks: &mut dyn Hooks,
) -> Result<Outcome, TrainError> {
    let options = TrainOptions {
        folder,
        start,
        max_steps,
        command: "test".into(),
        commit: None,
        device_name: "flex".into(),
        progress: &mut Silent,
        hooks,
    };
    train(&TOY, config, splits, &Device::flex(), options)
}

pub(crate) fn checkpoint(folder: &Path, step: u64) -> PathBuf {
    folder.join("checkpoints").join(format!("{step:09}"))
}
