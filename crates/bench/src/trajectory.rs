//! The same training here and in PyTorch: from the same weights on the same batches at the same rates, step by step.

use std::collections::HashMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{Clip, ClipShape, Sampling, StepContext, is_buffer, one_for_all_steps};
use foreframe_data::DataConfig;
use foreframe_train::config::{ScheduleConfig, TrainConfig};
use foreframe_train::optimizer::{Adam, StepRates};
use foreframe_train::{Network, RunLength, Schedule};
use foreframe_zoo::{find_model, find_preset, matching};
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;
use serde_json::json;
use toml::{Table, Value};

use crate::error::BenchError;
use crate::machine::machine;
use crate::precision::Precision;
use crate::pytorch::{PyTorch, Setup};

/// The networks that PyTorch's half has, in their small configuration, and what is changed of it: what PyTorch's half does not
/// have, and stochastic depth, for which the two sides draw other numbers.
const NETWORKS: [(&str, &[(&str, Change)]); 6] = [
    ("stlight", &[("reassembly", Change::Word("shuffle-first"))]),
    ("tau", &NO_STOCHASTIC_DEPTH),
    ("simvp", &NO_STOCHASTIC_DEPTH),
    ("ustep", &[("micro_segment", Change::Number(5))]),
    ("convlstm", &[]),
    ("predrnn", &[]),
];

const NO_STOCHASTIC_DEPTH: [(&str, Change); 2] = [("first_drop_path", Change::Zero), ("drop_path", Change::Zero)];
const PRESET: &str = "moving-digits";

/// The key's new name.
#[derive(Clone, Copy)]
enum Change {
    Number(i64),
    Zero,
    Word(&'static str),
}

/// Settings of the training.
pub struct Options<'a> {
    /// Where ours computes.
    pub device: Device,
    /// Its name on the command line.
    pub backend: String,
    /// Optimizer steps.
    pub steps: usize,
    /// Clips of a step.
    pub batch: usize,
    /// Of the weights, and of the clips.
    pub seed: u64,
    /// Patterns of the networks' names; none means all.
    pub only: Vec<String>,
    /// PyTorch.
    pub pytorch: PyTorch,
    /// Told what happens.
    pub say: &'a dyn Fn(&str),
}

/// All trainings, and what they had in common.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Trajectories {
    /// Foreframe's version.
    pub version: &'static str,
    /// The backend of ours.
    pub backend: String,
    /// PyTorch's version.
    pub pytorch: String,
    /// Processor, operating system and architecture.
    pub machine: String,
    /// Clips of a step.
    pub batch: usize,
    /// Of the weights, and of the clips.
    pub seed: u64,
    /// The networks.
    pub networks: Vec<Trajectory>,
}

/// The losses of one network.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// The network.
    pub network: &'static str,
    /// Trainable values.
    pub parameters: usize,
    /// The loss of every step here.
    pub ours: Vec<f64>,
    /// The loss of every step in PyTorch.
    pub theirs: Vec<f64>,
}

impl Trajectory {
    /// The largest distance between the losses of one step, relative to PyTorch's, among the first `steps` steps; and the step,
    /// counted from 1. A loss that is not finite is infinitely far away.
    pub fn largest_distance(&self, steps: usize) -> (f64, usize) {
        let distance = |(ours, theirs): (&f64, &f64)| match ((ours - theirs) / theirs).abs() {
            distance if distance.is_nan() => f64::INFINITY,
            distance => distance,
        };
        let distances = self.ours.iter().zip(&self.theirs).map(distance).take(steps);
        let largest = distances.zip(1..).max_by(|a, b| a.0.total_cmp(&b.0));
        largest.unwrap_or((0.0, 0))
    }
}

/// Trains every network on both sides.
///
/// # Errors
/// Nothing matches, PyTorch cannot be started, or one of the two cannot train.
pub fn run(options: &Options<'_>) -> Result<Trajectories, BenchError> {
    let mut networks = NETWORKS.to_vec();
    networks.retain(|(name, _)| options.only.is_empty() || options.only.iter().any(|pattern| matching(pattern, name)));
    if networks.is_empty() {
        return Err(BenchError::NoNetwork {
            patterns: options.only.clone(),
            names: NETWORKS.map(|(name, _)| name).to_vec(),
        });
    }
    let threads = rayon::current_num_threads();
    let setup = Setup::find(&options.pytorch, threads, false, Precision::F32, options.say)?;
    let description = setup.describe()?;
    let folder = tempfile::tempdir().map_err(|cause| BenchError::File {
        path: std::env::temp_dir(),
        cause,
    })?;
    let clips = Clips::draw(options)?;
    let batches = folder.path().join("batches.safetensors");
    write(&batches, clips.tensors(options))?;
    let mut trajectories = Vec::new();
    for (name, changes) in networks {
        (options.say)(&format!("{name}: {} steps here", options.steps));
        let training = Training::new(name, changes, clips.shape, options)?;
        let weights = folder.path().join(format!("{name}.safetensors"));
        write(&weights, training.published())?;
        let (config, parameters) = (training.network.config(), training.network.parameters());
        let ours = training.run(&clips, options)?;
        (options.say)(&format!("{name}: {} steps in PyTorch", options.steps));
        let steps: Vec<_> = (0..options.steps)
            .map(|step| {
                let rates = rates(step, options);
                json!([rates.learning_rate, rates.beta1, shows_future(step, options)])
            })
            .collect();
        let request = json!({
            "do": "train", "network": name, "config": config, "weights": weights, "batches": batches, "steps": steps,
        });
        let answer = setup.start()?.ask(&request).map_err(|failure| BenchError::Worker {
            python: setup.python.clone(),
            said: failure.to_string(),
        })?;
        let theirs = serde_json::from_value(answer["losses"].clone()).map_err(|_| BenchError::Worker {
            python: setup.python.clone(),
            said: format!("the worker answers {answer}"),
        })?;
        trajectories.push(Trajectory {
            network: name,
            parameters,
            ours,
            theirs,
        });
    }
    Ok(Trajectories {
        version: env!("CARGO_PKG_VERSION"),
        backend: options.backend.clone(),
        pytorch: description.version,
        machine: machine(),
        batch: options.batch,
        seed: options.seed,
        networks: trajectories,
    })
}

/// Learning rate and momentum of a step: the default schedule over the whole run.
fn rates(step: usize, options: &Options<'_>) -> StepRates {
    let steps = options.steps as u64;
    let length = RunLength {
        steps,
        epochs: 1,
        steps_per_epoch: steps,
    };
    Schedule::new(&ScheduleConfig::default(), 0.9, length).rates(step as u64, 0)
}

/// Networks that read frame by frame see the true future in the first half of the run, and their own forecasts in the second.
const fn shows_future(step: usize, options: &Options<'_>) -> bool {
    step < options.steps / 2
}

/// Moving digits, drawn once for all networks.
struct Clips {
    shape: ClipShape,
    /// `[clips, T + T', channels, height, width]`
    frames: Vec<f32>,
}

impl Clips {
    fn draw(options: &Options<'_>) -> Result<Self, BenchError> {
        let dataset = foreframe_datasets::moving_digits();
        let config = DataConfig {
            train_clips: options.steps * options.batch,
            seed: options.seed,
            ..(dataset.defaults)()
        };
        let source = (dataset.open)(&config)?.train;
        let shape = source.shape();
        let mut frames = vec![0.0; source.len() * shape.clip_len()];
        for (index, clip) in frames.chunks_exact_mut(shape.clip_len()).enumerate() {
            source.read(0, index, clip)?;
        }
        Ok(Self { shape, frames })
    }

    /// Past and future of all clips, one after the other.
    fn halves(&self, clips: std::ops::Range<usize>) -> [Vec<f32>; 2] {
        let (clip, past) = (self.shape.clip_len(), self.shape.past * self.shape.frame_len());
        let all = self.frames[clips.start * clip..clips.end * clip].chunks_exact(clip);
        let of = |range: std::ops::Range<usize>| all.clone().flat_map(|clip| clip[range.clone()].to_vec()).collect();
        [of(0..past), of(past..clip)]
    }

    /// `past` and `future`, `[steps, batch, time, channels, height, width]`.
    fn tensors(&self, options: &Options<'_>) -> Vec<(String, TensorData)> {
        let ClipShape {
            past,
            future,
            channels,
            height,
            width,
        } = self.shape;
        let halves = self.halves(0..options.steps * options.batch);
        let named = [("past", past), ("future", future)].into_iter().zip(halves);
        named
            .map(|((name, time), values)| {
                let shape = [options.steps, options.batch, time, channels, height, width];
                (name.to_owned(), TensorData::new(values, shape))
            })
            .collect()
    }

    fn batch(&self, step: usize, options: &Options<'_>) -> Clip {
        let shape = self.shape;
        let [past, future] = self.halves(step * options.batch..(step + 1) * options.batch);
        let tensor = |values: Vec<f32>, time: usize| {
            let shape = [options.batch, time, shape.channels, shape.height, shape.width];
            Tensor::from_data(TensorData::new(values, shape), &options.device)
        };
        Clip::new(tensor(past, shape.past), tensor(future, shape.future))
    }
}

/// Ours, about to be trained.
struct Training {
    network: Box<dyn Network>,
}

impl Training {
    fn new(name: &str, changes: &[(&str, Change)], clip: ClipShape, options: &Options<'_>) -> Result<Self, BenchError> {
        let ours = |error: &dyn std::fmt::Display| BenchError::Machine(format!("{name}: {error}"));
        let model = find_model(name).map_err(|error| ours(&error))?;
        let mut config: Table = find_preset(model, PRESET).map_err(|error| ours(&error))?.config;
        for (key, change) in changes {
            let value = match change {
                Change::Number(number) => Value::Integer(*number),
                Change::Zero => Value::Float(0.0),
                Change::Word(word) => Value::String((*word).to_owned()),
            };
            config.insert((*key).to_owned(), value);
        }
        let device = TrainConfig::default().autodiff(&options.device, model.sampling.is_some());
        let network = model.build_seeded(&config, &clip, &device, options.seed);
        Ok(Self {
            network: network.map_err(|error| ours(&error))?,
        })
    }

    /// The weights by the names of the published implementation.
    fn published(&self) -> Vec<(String, TensorData)> {
        let named = |tensor: foreframe_core::NamedTensor| {
            let name = self.network.reference_key(&tensor.name);
            let data = match is_buffer(&tensor.name) {
                true => {
                    one_for_all_steps(tensor.data).expect("fresh statistics are the same for all steps of a recurrence")
                }
                false => tensor.data,
            };
            (name, data)
        };
        self.network.tensors().into_iter().map(named).collect()
    }

    fn run(mut self, clips: &Clips, options: &Options<'_>) -> Result<Vec<f64>, BenchError> {
        let mut optimizer = Adam::new(&TrainConfig::default().optimizer, 0.0);
        let mut losses = Vec::with_capacity(options.steps);
        for step in 0..options.steps {
            let context = StepContext {
                sampling: match shows_future(step, options) {
                    true => Sampling::TEACHER_FORCING,
                    false => Sampling::FREE_RUNNING,
                },
                ..StepContext::new(step as u64, 0, options.seed)
            };
            let batch = vec![clips.batch(step, options)];
            let outcome = self
                .network
                .step(batch, &context, &mut optimizer, &rates(step, options));
            let outcome = outcome
                .map_err(|error| BenchError::Machine(format!("{} step {}: {error}", self.network.name(), step + 1)))?;
            losses.push(outcome.loss);
        }
        Ok(losses)
    }
}

/// Writes tensors of f32 for PyTorch's half to read.
fn write(path: &Path, tensors: Vec<(String, TensorData)>) -> Result<(), BenchError> {
    let failed = |cause: std::io::Error| BenchError::File {
        path: path.to_owned(),
        cause,
    };
    let tensors: Vec<(String, TensorData)> = tensors
        .into_iter()
        .map(|(name, data)| (name, data.convert::<f32>()))
        .collect();
    let views: Result<HashMap<&str, TensorView<'_>>, _> = tensors
        .iter()
        .map(|(name, data)| {
            let view = TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes());
            view.map(|view| (name.as_str(), view))
        })
        .collect();
    let bytes = views
        .and_then(|views| safetensors::serialize(views, None))
        .map_err(|error| failed(std::io::Error::other(error)))?;
    std::fs::write(path, bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_distance_is_relative_and_has_its_step() {
        let trajectory = |ours: &[f64], theirs: &[f64]| Trajectory {
            network: "ustep",
            parameters: 0,
            ours: ours.to_vec(),
            theirs: theirs.to_vec(),
        };
        let found = trajectory(&[1.0, 2.2, 1.9], &[1.0, 2.0, 2.0]);
        let (distance, step) = found.largest_distance(3);
        assert!((distance - 0.1).abs() < 1e-12 && step == 2, "{distance} {step}");
        assert_eq!(found.largest_distance(1), (0.0, 1));
        assert_eq!(trajectory(&[f64::NAN], &[1.0]).largest_distance(1).0, f64::INFINITY);
    }

    #[test]
    fn every_network_is_in_the_registry_and_a_batch_is_what_pytorch_reads() {
        let options = Options {
            device: Device::flex(),
            backend: "flex".to_owned(),
            steps: 3,
            batch: 2,
            seed: 7,
            only: Vec::new(),
            pytorch: PyTorch {
                python: None,
                compile: false,
                repository: "".into(),
            },
            say: &|_| {},
        };
        let clips = Clips::draw(&options).unwrap();
        let [past, future] = <[_; 2]>::try_from(clips.tensors(&options)).unwrap();
        assert_eq!(past.1.shape().as_slice(), &[3, 2, 10, 1, 32, 32]);
        let half = past.1.iter::<f32>().collect::<Vec<_>>();
        let batch = clips.batch(2, &options);
        assert_eq!(
            batch.past.into_data().iter::<f32>().collect::<Vec<_>>(),
            half[2 * half.len() / 3..]
        );
        assert_eq!(future.1.shape().as_slice(), &[3, 2, 10, 1, 32, 32]);
        for (name, changes) in NETWORKS {
            let training = Training::new(name, changes, clips.shape, &options).unwrap();
            assert!(!training.published().is_empty(), "{name}");
        }
    }
}
