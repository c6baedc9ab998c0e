//! `forecast --watch`: a forecast for every file that appears in a folder.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use foreframe_data::DataConfig;
use foreframe_train::RunConfig;
use foreframe_train::live::{Live, LiveOptions, Watch, WatchOptions};
use foreframe_train::run::Interrupt;
use foreframe_train::weights::WeightsHeader;

use crate::args::{DataArgs, ForecastArgs};
use crate::{output, settings, target};

/// Between two looks at the folder.
const EVERY: Duration = Duration::from_secs(1);
/// How long a signal may wait.
const BLINK: Duration = Duration::from_millis(50);

/// Forecasting as files come in.
#[derive(Args)]
#[command(next_help_heading = "As files come in")]
pub(crate) struct WatchArgs {
    /// Forecasts from every file that appears in this folder, read and scaled as in training; Ctrl-C ends it
    #[arg(long, value_name = "FOLDER", requires = "output_folder", conflicts_with_all = ["input", "output"])]
    pub(crate) watch: Option<PathBuf>,
    /// Where the forecasts go: NAME.npy, and NAME.json with its lead times
    #[arg(long, value_name = "FOLDER", requires = "watch")]
    pub(crate) output_folder: Option<PathBuf>,
    /// Ends when every file that is there has been taken
    #[arg(long, requires = "watch")]
    pub(crate) once: bool,
    /// Fills gaps of up to N missing frames by linear interpolation; at longer ones the history begins anew
    #[arg(long, value_name = "N", default_value_t = 0, requires = "watch")]
    pub(crate) fill: u16,
    /// Time from one frame to the next [default: the usual one]
    #[arg(long, value_name = "SECONDS", requires = "watch", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) time_step: Option<u32>,
    /// Keeps the state of a recurrent network from file to file, so that it remembers everything since the last gap
    /// [default: it looks at as many frames as in training]
    #[arg(long, requires = "watch")]
    pub(crate) keep_state: bool,
    /// Seconds without a change after which a file is complete
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, requires = "watch", value_parser = seconds)]
    pub(crate) settle: f64,
    /// Sets one key of how files are read, e.g. `--set data.variable=rain`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "watch")]
    pub(crate) set: Vec<String>,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("use seconds from 0 to 86400, e.g. 2".to_owned()),
    }
}

pub(crate) fn run(args: &ForecastArgs) -> Result<()> {
    let live = &args.live;
    let folders = live.watch.as_deref().zip(live.output_folder.as_deref());
    let (folder, output) = folders.context("name a folder with --watch and one with --output-folder")?;
    let device = args.backend.backend.device()?;
    let (network, header) = target::open(&args.target, &device)?;
    let data = data(args, &header)?;
    let options = LiveOptions {
        horizon: args.horizon.map(|frames| frames as usize),
        stride: data.step,
        seconds: live.time_step.map(i64::from),
        fill: live.fill.into(),
        keep_state: live.keep_state,
    };
    let options_of_watch = WatchOptions {
        folder,
        output,
        data: &data,
        settle: Duration::from_secs_f64(live.settle),
    };
    let live_network = Live::new(network, &header, options)?;
    let interrupt = Interrupt::listen();
    let mut watch = Watch::new(live_network, &options_of_watch)?;
    loop {
        let mut printed = Ok(());
        watch.look(&mut |forecast| {
            if let Some(forecast) = forecast {
                printed = output::line(forecast.display());
            }
            match printed.is_err() || interrupt.requested().is_some() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        printed?;
        if live.once && !watch.is_waiting() {
            return Ok(());
        }
        let until = Instant::now() + EVERY.min(options_of_watch.settle.max(BLINK));
        while Instant::now() < until {
            if interrupt.requested().is_some() {
                return Ok(());
            }
            std::thread::sleep(BLINK);
        }
    }
}

/// How files are read: as those of the run, or as a user's own where there are weights only.
fn data(args: &ForecastArgs, header: &WeightsHeader) -> Result<DataConfig> {
    let set = &args.live.set;
    for assignment in set {
        ensure!(
            assignment.starts_with("data."),
            "--set {assignment}: only keys of `data` say how files are read"
        );
    }
    let run = target::locate(&args.target)?.join("config.toml");
    let settings = match run.is_file() {
        true => settings::of_run(&RunConfig::read(&run)?, &DataArgs::default(), set)?,
        false => settings::of_weights(header, set)?,
    };
    let data = settings.config.data;
    match &header.channels {
        Some(channels) => channels.check(&data)?,
        None => check_plain(&data)?,
    }
    Ok(data)
}

/// A network that reads frames as they are forecasts all of each and reads nothing else.
fn check_plain(data: &DataConfig) -> Result<()> {
    let keys = [
        ("targets", data.targets.is_empty()),
        ("static", data.static_fields.is_empty()),
        ("time_encodings", data.time_encodings.is_empty()),
    ];
    for (key, is_unset) in keys {
        ensure!(
            is_unset,
            "--set data.{key}: the network was trained on frames alone and forecasts all of each: leave it out"
        );
    }
    Ok(())
}
