//! `forecast --watch`: a forecast for every file that appears in a folder.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use foreframe_train::live::{Live, LiveOptions, Watch, WatchOptions};
use foreframe_train::run::Interrupt;

use crate::args::ForecastArgs;
use crate::{output, target};

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
    let input = target::input(&args.target, &header, &args.set, args.other_grid)?;
    let options = LiveOptions {
        horizon: args.horizon.map(|frames| frames as usize),
        stride: input.data.step,
        seconds: live.time_step.map(i64::from),
        fill: live.fill.into(),
        keep_state: live.keep_state,
    };
    let options_of_watch = WatchOptions {
        folder,
        output,
        input: &input,
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
