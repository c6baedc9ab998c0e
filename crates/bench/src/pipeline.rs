//! Timings of the loader and of the scores of events.

mod loader;
mod scores;

use burn::tensor::Device;
use serde::Serialize;

use crate::case::{Pass, What, cases};
use crate::error::BenchError;
use crate::machine::{load, machine};
use crate::precision::Precision;
use crate::statistics::median;
use crate::subject::{prepare, time};

/// How many times faster than the fastest network the loader should be.
pub const GOAL: f64 = 10.0;

/// Settings of the measurement.
pub struct Options<'a> {
    /// Where networks compute.
    pub device: Device,
    /// Its name on the command line.
    pub backend: String,
    /// Turns of everything; the median counts.
    pub rounds: usize,
    /// Clips at a time.
    pub batch: usize,
    /// Told what happens.
    pub say: &'a dyn Fn(&str),
}

/// The measurements, and their machine.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Foreframe's version.
    pub version: &'static str,
    /// The backend of the networks.
    pub backend: String,
    /// Processor threads.
    pub threads: usize,
    /// Processor, operating system and architecture.
    pub machine: String,
    /// Whether this program was built for release.
    pub optimized: bool,
    /// Programs that were running or waiting in the minute before, where the system tells.
    pub load: Option<f64>,
    /// Turns of everything.
    pub rounds: usize,
    /// Clips at a time.
    pub batch: usize,
    /// Throughput of the loader for every kind of data.
    pub feeding: Vec<Feeding>,
    /// Throughput of the networks' training steps.
    pub steps: Vec<Consumer>,
    /// Time of the scores per frame.
    pub scoring: Vec<Scoring>,
}

/// How fast the loader makes batches that nobody waits for.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Feeding {
    /// The kind of data.
    pub source: &'static str,
    /// Clips per second, the median of all rounds.
    pub clips_per_second: f64,
    /// Frames per second.
    pub frames_per_second: f64,
}

/// Clips per second that a network consumes in training.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Consumer {
    /// The network.
    pub network: &'static str,
    /// Clips per second, or why there are none.
    pub clips_per_second: Result<f64, String>,
}

/// The time that scores of one frame take.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Scoring {
    /// Rows and columns of the frame.
    pub side: usize,
    /// Seconds for all scores without thresholds: errors, PSNR, both SSIM.
    pub errors: f64,
    /// Seconds that CSI, POD, FAR, HSS and bias of all thresholds take besides.
    pub events: f64,
    /// Sides of the neighborhoods of the fractions skill score, and the seconds that it takes besides for all thresholds.
    pub fractions: Vec<(usize, f64)>,
}

impl Pipeline {
    /// The network that takes most clips per second.
    pub fn fastest(&self) -> Option<(&'static str, f64)> {
        let rates = self
            .steps
            .iter()
            .filter_map(|step| Some((step.network, *step.clips_per_second.as_ref().ok()?)));
        rates.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Thresholds that frames are evaluated at.
    pub fn thresholds(&self) -> usize {
        scores::THRESHOLDS.len()
    }
}

/// Measures everything.
///
/// # Errors
/// The data of the loader cannot be written or read; what fails in a single network is reported in its row.
pub fn run(options: &Options<'_>) -> Result<Pipeline, BenchError> {
    let load = load();
    (options.say)("the loader");
    let feeding = loader::measure(options.batch, options.rounds)?;
    for Feeding {
        source,
        clips_per_second,
        ..
    } in &feeding
    {
        (options.say)(&format!("{source}: {clips_per_second:.0} clips/s"));
    }
    let mut steps = Vec::new();
    for case in cases(options.batch) {
        let What::Network(network) = &case.what else { continue };
        if case.pass != Pass::Step || network.recompute {
            continue;
        }
        (options.say)(&case.name());
        let seconds = prepare(&case, &options.device, Precision::F32).and_then(|mut subject| {
            // The first repetition pays for fresh memory and compiled kernels.
            let all = time(&mut *subject, options.rounds + 1)?;
            Ok(median(&all[1..]))
        });
        options.device.memory_cleanup();
        steps.push(Consumer {
            network: network.name,
            clips_per_second: seconds.map(|seconds| options.batch as f64 / seconds),
        });
    }
    (options.say)("the scores of events");
    let scoring = scores::measure(options.rounds);
    Ok(Pipeline {
        version: env!("CARGO_PKG_VERSION"),
        backend: options.backend.clone(),
        threads: rayon::current_num_threads(),
        machine: machine(),
        optimized: !cfg!(debug_assertions),
        load,
        rounds: options.rounds,
        batch: options.batch,
        feeding,
        steps,
        scoring,
    })
}
