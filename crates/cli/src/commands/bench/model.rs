//! One model: forecasts and training steps per second.

use std::time::{Duration, Instant};

use anyhow::Result;
use burn::tensor::{Device, Distribution, Tensor};
use foreframe_bench::{machine, median};
use foreframe_core::{Clip, ClipShape, StepContext};
use foreframe_train::Network;
use foreframe_train::optimizer::{Adam, StepRates};
use serde_json::json;

use crate::args::BenchArgs;
use crate::output::{self, thousands};
use crate::settings::Settings;

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let wanted = &args.model;
    let (settings, clip) = Settings::with_clip(wanted.model.as_deref(), &wanted.settings, &wanted.data, wanted.clip)?;
    let (model, config) = (settings.model, &settings.config);
    let device = args.backend.backend.device()?;
    let (rounds, batch) = (args.rounds.unwrap_or(10), args.batch.unwrap_or(1));
    let cost = (model.cost)(&config.network, &clip)?;
    let network = model.build_seeded(&config.network, &clip, &device, config.train.seed)?;
    let trained = model.build_seeded(&config.network, &clip, &device.clone().autodiff(), config.train.seed)?;
    let parameters = network.parameters();
    let mut subject = Subject {
        network,
        trained,
        optimizer: Adam::new(&config.train.optimizer, config.train.clip_norm),
        device,
        clip,
        batch: batch as usize,
        steps: 0,
    };
    // The first run pays for compiling kernels and for fresh memory.
    subject.forecast()?;
    subject.step()?;
    let (mut forecasts, mut steps) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        // In turn, so that a machine that slows down slows both.
        forecasts.push(timed(|| subject.forecast())?);
        steps.push(timed(|| subject.step())?);
    }
    let [forecast, step] = [forecasts, steps].map(|seconds| Duration::from_secs_f64(median(&seconds)));
    let per_second = |time: Duration| 1.0 / time.as_secs_f64();
    let machine = conditions(args);
    if args.json {
        return output::json(&json!({
            "model": model.name,
            "preset": settings.preset.as_ref().map(|preset| preset.name),
            "clip": clip,
            "batch": batch,
            "rounds": rounds,
            "parameters": parameters,
            "multiply_accumulates": cost.total(),
            "forecast_seconds": forecast.as_secs_f64(),
            "forecasts_per_second": per_second(forecast),
            "step_seconds": step.as_secs_f64(),
            "steps_per_second": per_second(step),
            "machine": machine,
        }));
    }
    let mut table = output::table(["", "per second", "median", "GMAC/s"]);
    let operations = cost.total() as f64 * f64::from(batch) / 1e9;
    // A step's backward pass costs about two forward passes; its operations are not counted one by one.
    for (name, time, rate) in [
        (
            "forecast",
            forecast,
            format!("{:.2}", operations * per_second(forecast)),
        ),
        ("training step", step, String::new()),
    ] {
        table.add_row([name, &format!("{:.3}", per_second(time)), &format!("{time:.2?}"), &rate]);
    }
    output::line(format_args!(
        "{} {}, {clip}, batch {}, {} parameters, {} rounds\n{machine}\n",
        model.name,
        settings.preset.as_ref().map_or("", |preset| preset.name),
        batch,
        thousands(parameters as u64),
        rounds
    ))?;
    output::print(&table)
}

struct Subject {
    network: Box<dyn Network>,
    trained: Box<dyn Network>,
    optimizer: Adam,
    device: Device,
    clip: ClipShape,
    batch: usize,
    steps: u64,
}

impl Subject {
    fn frames(&self, time: usize, device: &Device) -> Tensor<5> {
        let shape = [self.batch, time, self.clip.channels, self.clip.height, self.clip.width];
        Tensor::random(shape, Distribution::Uniform(0.0, 1.0), device)
    }

    fn forecast(&mut self) -> Result<()> {
        let past = self.frames(self.clip.past, &self.device);
        // Reading one number back waits for all that led to it.
        self.network.forecast(past, self.clip.future).sum().into_data();
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        let device = self.device.clone().autodiff();
        let clip = Clip::new(
            self.frames(self.clip.past, &device),
            self.frames(self.clip.future, &device),
        );
        let context = StepContext::new(self.steps, 0, 0);
        let rates = StepRates {
            learning_rate: 1e-4,
            beta1: 0.9,
        };
        self.steps += 1;
        self.trained.step(vec![clip], &context, &mut self.optimizer, &rates)?;
        Ok(())
    }
}

fn timed(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The machine of the figures, in one line.
fn conditions(args: &BenchArgs) -> String {
    format!(
        "foreframe {}, backend {}, {} threads, {}",
        env!("CARGO_PKG_VERSION"),
        args.backend.backend.name(),
        rayon::current_num_threads(),
        machine()
    )
}
