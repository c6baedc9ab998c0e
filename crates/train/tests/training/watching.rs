//! Folders into which files are put.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use foreframe_data::{DataConfig, InputSpec, Missing};
use foreframe_formats::npy::{read_array, write_array};
use foreframe_formats::time::written;
use foreframe_train::live::{LiveOptions, Record, Watch, WatchOptions};

use crate::fading::{START, STEP, expected, frame, live, live_options};

struct Folders {
    folder: tempfile::TempDir,
    input: InputSpec,
}

impl Folders {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let input = InputSpec::of(&DataConfig {
            missing: Some(Missing::Mask),
            ..DataConfig::default()
        });
        Self { folder, input }
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
            input: &self.input,
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
            input: &folders.input,
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
