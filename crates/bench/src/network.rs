//! Networks that can be repeated: training steps as training does them, and forecasts.

use burn::tensor::{Device, Distribution, Tensor};
use foreframe_core::{Clip, ClipShape, Preset, Sampling, StepContext};
use foreframe_train::optimizer::{Adam, OptimizerConfig, StepRates};
use foreframe_train::{Model, Network as Built, TrainConfig};
use foreframe_zoo::{find_model, find_preset};
use toml::Table;

use crate::case::{Network, Pass, Roofline};
use crate::operation::wait;
use crate::precision::Precision;
use crate::subject::Subject;

/// Lower bound of a pass; unknown for a network that is not in the registry.
pub(crate) fn roofline(network: &Network, pass: Pass) -> Option<Roofline> {
    let (model, preset) = find(network).ok()?;
    let cost = (model.cost)(&preset.config, &preset.clip).ok()?;
    let built = (model.build)(&preset.config, &preset.clip, &Device::flex()).ok()?;
    let batch = network.batch as u64;
    let parameters = built.parameters() as u64;
    let clip = &preset.clip;
    let frames = batch * ((clip.past + clip.future) * clip.channels * clip.height * clip.width) as u64;
    let operations = 2 * cost.multiplications * batch;
    Some(match pass {
        Pass::Step => Roofline {
            operations: if network.recompute { 4 } else { 3 } * operations,
            // Parameters are read forward and backward, their gradient is written; Adam reads four values and writes three.
            bytes: 4 * (10 * parameters + frames),
        },
        _ => Roofline {
            operations,
            bytes: 4 * (parameters + frames),
        },
    })
}

/// A network with its inputs, made once.
pub(crate) fn prepare(
    network: &Network,
    pass: Pass,
    device: &Device,
    precision: Precision,
) -> Result<Box<dyn Subject>, String> {
    let (model, preset) = find(network)?;
    let place = match pass {
        Pass::Step => TrainConfig::default().autodiff(device, model.sampling.is_some()),
        _ => device.clone(),
    };
    let mut built = model
        .build_seeded(&preset.config, &preset.clip, &place, 0)
        .map_err(|error| error.to_string())?;
    if precision == Precision::Bf16 {
        built.set_precision(foreframe_train::config::Precision::Bf16);
    }
    let frames = |time| frames(&preset.clip, network.batch, time, &place);
    let (past, future) = (frames(preset.clip.past), frames(preset.clip.future));
    Ok(match pass {
        Pass::Step => Box::new(Step {
            network: built,
            clip: Clip::new(past, future),
            optimizer: Adam::new(&OptimizerConfig::default(), 0.0),
            steps: 0,
            recompute: network.recompute,
            device: device.clone(),
        }),
        _ => Box::new(Forecast {
            network: built,
            past,
            horizon: preset.clip.future,
            device: device.clone(),
        }),
    })
}

fn find(network: &Network) -> Result<(&'static Model, Preset<Table>), String> {
    let model = find_model(network.model).map_err(|error| error.to_string())?;
    let preset = find_preset(model, network.preset).map_err(|error| error.to_string())?;
    Ok((model, preset))
}

fn frames(clip: &ClipShape, batch: usize, time: usize, device: &Device) -> Tensor<5> {
    let shape = [batch, time, clip.channels, clip.height, clip.width];
    Tensor::random(shape, Distribution::Uniform(0.0, 1.0), device)
}

struct Forecast {
    network: Box<dyn Built>,
    past: Tensor<5>,
    horizon: usize,
    device: Device,
}

impl Subject for Forecast {
    fn repeat(&mut self) -> Result<(), String> {
        let forecast = self.network.forecast(self.past.clone(), self.horizon);
        wait(&self.device)?;
        drop(forecast);
        Ok(())
    }
}

struct Step {
    network: Box<dyn Built>,
    clip: Clip,
    optimizer: Adam,
    steps: u64,
    recompute: bool,
    device: Device,
}

impl Subject for Step {
    fn repeat(&mut self) -> Result<(), String> {
        let rates = StepRates {
            learning_rate: 1e-3,
            beta1: 0.9,
        };
        let context = StepContext {
            // Half of the future frames, as PyTorch's mask of the same step has it.
            sampling: Sampling {
                observed: 1.0,
                future: 0.5,
            },
            recompute_steps: self.recompute,
            ..StepContext::new(self.steps, 0, 0)
        };
        self.steps += 1;
        self.network
            .step(vec![self.clip.clone()], &context, &mut self.optimizer, &rates)
            .map_err(|error| error.to_string())?;
        wait(&self.device)
    }
}
