//! Frames that come one by one, and folders into which they are put.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, StepContext, unrolled,
};
use foreframe_data::npy::{read_array, write_array};
use foreframe_data::time::written;
use foreframe_data::{DataConfig, Missing, Normalization};
use foreframe_train::live::{Arrival, Live, LiveError, LiveOptions, Record, Watch, WatchOptions};
use foreframe_train::{Model, Network};
use serde::{Deserialize, Serialize};

/// What it has seen, the newer the more.
#[derive(Module, Debug)]
struct Fading {
    future: usize,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct FadingConfig {}

impl Recurrent for Fading {
    type State = Tensor<4>;

    fn start(&self, frame: &Tensor<4>) -> Tensor<4> {
        frame.zeros_like()
    }

    fn step(&self, frame: Tensor<4>, state: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let state = (frame + state).mul_scalar(0.5);
        (state.clone(), state)
    }

    fn check_frame(&self, _: [usize; 3]) -> Result<(), ConfigError> {
        Ok(())
    }
}

impl Architecture for Fading {
    type Config = FadingConfig;
    const NAME: &'static str = "fading";
    const PAPER: &'static str = "none";
    const ABOUT: &'static str = "what it has seen, the newer the more";

    fn presets() -> Vec<Preset<FadingConfig>> {
        Vec::new()
    }

    fn new(_: &FadingConfig, clip: &ClipShape, _: &Device) -> Result<Self, ConfigError> {
        Ok(Self { future: clip.future })
    }

    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(_: &FadingConfig, _: &ClipShape) -> Cost {
        Cost::default()
    }

    fn pytorch_keys(_: &FadingConfig) -> KeyMap {
        KeyMap::default()
    }
}

const CLIP: ClipShape = ClipShape::new([3, 2, 1, 1, 2]);
/// 2024-02-29 23:50 UTC.
const START: i64 = 1_709_250_600;
const STEP: i64 = 300;

fn network() -> Box<dyn Network> {
    (Model::recurrent::<Fading>().build)(&Default::default(), &CLIP, &Device::flex()).unwrap()
}

fn normalization() -> Normalization {
    Normalization {
        mean: vec![1.0],
        std: vec![2.0],
    }
}

fn live(options: LiveOptions) -> Live {
    Live::new(network(), normalization(), options).unwrap()
}

fn frame(number: usize) -> Vec<f32> {
    vec![number as f32, (number * number) as f32]
}

/// What the network itself makes of these frames in physical units.
fn expected(frames: &[usize], horizon: usize) -> Vec<f32> {
    let past: Vec<f32> = frames
        .iter()
        .flat_map(|number| frame(*number))
        .map(|value| (value - 1.0) / 2.0)
        .collect();
    let past = Tensor::from_data(TensorData::new(past, [1, frames.len(), 1, 1, 2]), &Device::flex());
    let forecast: Vec<f32> = network().forecast(past, horizon).into_data().iter().collect();
    forecast.into_iter().map(|value| value * 2.0 + 1.0).collect()
}

fn values(live: &Live) -> Option<Vec<f32>> {
    live.forecast().unwrap().map(|forecast| forecast.values)
}

#[test]
fn a_forecast_is_that_of_the_newest_frames_or_of_all() {
    let mut window = live(LiveOptions {
        horizon: Some(4),
        ..LiveOptions::default()
    });
    let mut stateful = live(LiveOptions {
        keep_state: true,
        ..LiveOptions::default()
    });
    let mut every_other = live(LiveOptions {
        stride: 2,
        ..LiveOptions::default()
    });
    for number in 0..9 {
        let time = Some(START + number as i64 * STEP);
        for live in [&mut window, &mut stateful, &mut every_other] {
            assert_eq!(live.push(time, frame(number)), Ok(Arrival::Next));
        }
        let seen: Vec<usize> = (0..=number).collect();
        assert_eq!(
            values(&window),
            (number >= 2).then(|| expected(&seen[seen.len().max(3) - 3..], 4))
        );
        assert_eq!(values(&stateful), (number >= 2).then(|| expected(&seen, 2)));
        let strided = (number >= 4).then(|| expected(&[number.max(4) - 4, number.max(2) - 2, number], 2));
        assert_eq!(values(&every_other), strided);
    }
    let forecast = every_other.forecast().unwrap().unwrap();
    assert_eq!(
        (forecast.time, forecast.seconds),
        (Some(START + 8 * STEP), Some(2 * STEP))
    );
}

#[test]
fn gaps_begin_anew_or_are_filled_and_late_frames_are_refused() {
    let at = |step: i64| Some(START + step * STEP);
    for keep_state in [false, true] {
        let options = LiveOptions {
            fill: 1,
            keep_state,
            ..LiveOptions::default()
        };
        let mut live = live(options);
        // The usual step is not known yet: what seems to be one of 600 s turns out to be a gap.
        for (step, number) in [(-2, 9), (0, 0), (1, 1)] {
            assert_eq!(live.push(at(step), frame(number)), Ok(Arrival::Next));
        }
        assert_eq!(live.lacking(), 1);
        assert_eq!(live.push(at(3), vec![3.0, 9.0]), Ok(Arrival::Filled(1)));
        let forecast = live.forecast().unwrap().unwrap();
        assert_eq!(forecast.filled, 1);
        // Halfway between 1, 1 and 3, 9 lies 2, 5.
        let mut whole = Live::new(network(), normalization(), live_options(keep_state)).unwrap();
        for (step, values) in [
            (0, vec![0.0, 0.0]),
            (1, vec![1.0, 1.0]),
            (2, vec![2.0, 5.0]),
            (3, vec![3.0, 9.0]),
        ] {
            whole.push(at(step), values).unwrap();
        }
        assert_eq!(Some(forecast.values), values(&whole));
        let late = live.push(at(2), frame(2)).unwrap_err().to_string();
        assert_eq!(
            late,
            "its frame of 2024-03-01T00:00:00Z comes after one of 2024-03-01T00:05:00Z"
        );
        assert!(matches!(live.push(at(3), frame(3)), Err(LiveError::Late { .. })));
        assert_eq!(live.push(at(4), vec![f32::INFINITY, 0.0]), Err(LiveError::NotFinite));
        let gap = Arrival::Gap {
            seconds: 3 * STEP,
            usual: STEP,
        };
        assert_eq!(live.push(at(6), frame(0)), Ok(gap));
        assert_eq!((live.lacking(), values(&live)), (2, None));
        live.push(at(7), frame(1)).unwrap();
        live.push(at(8), frame(2)).unwrap();
        assert_eq!(values(&live), Some(expected(&[0, 1, 2], 2)));
    }
}

fn live_options(keep_state: bool) -> LiveOptions {
    LiveOptions {
        keep_state,
        ..LiveOptions::default()
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let refused = |options| {
        Live::new(network(), normalization(), options)
            .err()
            .unwrap()
            .to_string()
    };
    let zero = LiveOptions {
        horizon: Some(0),
        ..LiveOptions::default()
    };
    assert!(refused(zero).contains("`horizon` is 0"));
    let strided = LiveOptions {
        stride: 2,
        ..live_options(true)
    };
    assert!(refused(strided).contains("`data.step` is 2"));
    let plain = (Model::of::<Fading>().build)(&Default::default(), &CLIP, &Device::flex()).unwrap();
    let error = Live::new(plain, normalization(), live_options(true)).err().unwrap();
    assert!(
        error.to_string().contains("`fading` does not read frame by frame"),
        "{error}"
    );
}

struct Folders {
    folder: tempfile::TempDir,
    data: DataConfig,
}

impl Folders {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let data = DataConfig {
            missing: Some(Missing::Mask),
            ..DataConfig::default()
        };
        Self { folder, data }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the frame number `step` is put.
    fn input(&self, step: i64) -> PathBuf {
        let time = written(START + step * STEP).replace([':', '-', 'Z'], "");
        self.path("in").join(format!("rain_{time}.npy"))
    }

    fn put(&self, steps: std::ops::Range<i64>) {
        for step in steps {
            write_array(&self.input(step), &[1, 1, 2], &frame(step as usize)).unwrap();
        }
    }

    fn watch(&self, options: LiveOptions) -> Watch {
        let (folder, output) = (self.path("in"), self.path("out"));
        let options_of_watch = WatchOptions {
            folder: &folder,
            output: &output,
            data: &self.data,
            settle: Duration::ZERO,
        };
        Watch::new(live(options), &options_of_watch).unwrap()
    }
}

/// The forecasts that one look writes, by the numbers of their frames.
fn look(watch: &mut Watch, folders: &Folders) -> Vec<i64> {
    let mut found = Vec::new();
    watch
        .look(&mut |path| {
            let step = |path: &Path| {
                (0..40)
                    .find(|step| folders.input(*step).file_name() == path.file_name())
                    .unwrap()
            };
            found.extend(path.map(step));
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn forecast(folders: &Folders, step: i64) -> Vec<f32> {
    let path = folders.path("out").join(folders.input(step).file_name().unwrap());
    read_array(&path).unwrap().values
}

fn record(folders: &Folders, step: i64) -> Record {
    let name = folders.input(step).with_extension("json");
    let path = folders.path("out").join(name.file_name().unwrap());
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_file_gets_its_forecast_and_none_twice() {
    let folders = Folders::new();
    let mut watch = folders.watch(LiveOptions::default());
    folders.put(0..4);
    assert_eq!(look(&mut watch, &folders), [2, 3]);
    assert_eq!(look(&mut watch, &folders), [0; 0]);
    folders.put(4..5);
    assert_eq!(look(&mut watch, &folders), [4]);
    assert_eq!(forecast(&folders, 4), expected(&[2, 3, 4], 2));
    let first = record(&folders, 0);
    assert_eq!(
        (first.forecast, first.no_forecast.as_deref()),
        (None, Some("2 more frames are needed first"))
    );
    let last = record(&folders, 4);
    assert_eq!((last.shape, last.observed), (Some([2, 1, 1, 2]), 3));
    let lead: Vec<_> = last
        .lead_times
        .iter()
        .map(|lead| (lead.seconds, lead.valid.as_deref()))
        .collect();
    let valid = ["2024-03-01T00:15:00Z", "2024-03-01T00:20:00Z"];
    assert_eq!(lead, [(Some(300), Some(valid[0])), (Some(600), Some(valid[1]))]);
    drop(watch);
    // A restart does what is new, and knows what was before it.
    folders.put(5..6);
    let before = fs::metadata(folders.path("out").join(folders.input(4).file_name().unwrap())).unwrap();
    let mut watch = folders.watch(LiveOptions::default());
    assert_eq!(look(&mut watch, &folders), [5]);
    assert_eq!(forecast(&folders, 5), expected(&[3, 4, 5], 2));
    let after = fs::metadata(folders.path("out").join(folders.input(4).file_name().unwrap())).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    // So does one with a state, which goes back to the beginning.
    folders.put(6..7);
    let mut watch = folders.watch(live_options(true));
    assert_eq!(look(&mut watch, &folders), [6]);
    assert_eq!(forecast(&folders, 6), expected(&[0, 1, 2, 3, 4, 5, 6], 2));
    assert_eq!(record(&folders, 6).observed, 7);
    let left: Vec<_> = fs::read_dir(folders.path("out")).unwrap().collect();
    assert_eq!(
        left.len(),
        7 + 5,
        "a record of every file, and nothing beside the forecasts"
    );
}

#[test]
fn broken_files_gaps_and_late_files_do_not_stop_it() {
    let folders = Folders::new();
    let mut watch = folders.watch(LiveOptions::default());
    folders.put(0..3);
    let whole = fs::read(folders.input(2)).unwrap();
    fs::write(folders.input(3), &whole[..whole.len() - 3]).unwrap();
    write_array(&folders.input(4), &[1, 2, 2], &[0.0; 4]).unwrap();
    fs::write(folders.path("in").join("readme.txt"), "not a frame").unwrap();
    assert_eq!(look(&mut watch, &folders), [2]);
    // Two frames are missing now: three more are needed.
    folders.put(5..8);
    assert_eq!(look(&mut watch, &folders), [7]);
    assert_eq!(forecast(&folders, 7), expected(&[5, 6, 7], 2));
    // Repaired, but too late for this process.
    fs::write(folders.input(3), &whole).unwrap();
    assert_eq!(look(&mut watch, &folders), [0; 0]);
    assert!(record(&folders, 3).no_forecast.unwrap().contains("comes after one of"));
    // Missing values are what the mean is to the network.
    let masked = folders.input(8);
    write_array(&masked, &[1, 1, 2], &[8.0, f32::NAN]).unwrap();
    assert_eq!(look(&mut watch, &folders), [8]);
    let mean = forecast(&folders, 8);
    assert_eq!(mean[0], expected(&[6, 7, 8], 2)[0]);
    assert!(mean.iter().all(|value| value.is_finite()));
}

#[test]
fn impossible_folders_are_refused() {
    let folders = Folders::new();
    let refused = |input: &str, output: &str| {
        let (folder, output) = (folders.path(input), folders.path(output));
        let options = WatchOptions {
            folder: &folder,
            output: &output,
            data: &folders.data,
            settle: Duration::ZERO,
        };
        Watch::new(live(LiveOptions::default()), &options)
            .err()
            .unwrap()
            .to_string()
    };
    assert!(refused("none", "out").contains("none` is no folder"));
    assert!(refused("in", "in").contains("forecasts would be taken for observations"));
    assert!(refused("in", "no/such").contains("no/such"));
}
