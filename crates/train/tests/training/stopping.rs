//! Why runs end, and the average of the weights.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use foreframe_core::is_buffer;
use foreframe_data::Splits;
use foreframe_train::run::{EpochRecord, Hooks, Status, read_run_info, weights_of};
use foreframe_train::weights::load_weights;
use foreframe_train::{Network, TrainError};

use crate::toy::{CLIP, TOY, Waves, alone, checkpoint, config, run, run_with, splits};

#[test]
fn patience_ends_a_run_that_gets_no_better() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // Nothing can get better at a learning rate that float32 does not see.
    let config = config(&[
        "train.patience=2",
        "train.ema=0",
        "train.schedule.learning_rate=1e-30",
        "network.norm=false",
    ]);
    let outcome = run(&config, folder.path(), false, None).unwrap();
    assert_eq!((outcome.status, outcome.step), (Status::Finished, 15));
    assert!(outcome.reason.contains("early stopping"), "{}", outcome.reason);
    assert_eq!(outcome.best.unwrap().epoch, 1);
    assert_eq!(
        fs::read_to_string(folder.path().join("checkpoints/best")).unwrap(),
        "000000005"
    );
    let again = run(&config, folder.path(), true, None).unwrap();
    assert_eq!((again.step, again.status), (15, Status::Finished));
}

#[test]
fn the_best_checkpoint_outlives_newer_ones() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[
        "train.steps=20",
        "train.ema=0",
        "train.schedule.learning_rate=1e-30",
        "network.norm=false",
    ]);
    run(&config, folder.path(), false, None).unwrap();
    let entries = fs::read_dir(folder.path().join("checkpoints")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["000000005", "000000015", "000000020", "best", "last"]);
    let info = read_run_info(folder.path()).unwrap();
    assert_eq!(
        (info.status, info.best.unwrap().checkpoint),
        (Status::Finished, "000000005".into())
    );
}

#[test]
fn a_loss_that_is_no_number_stops_before_it_does_harm() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let error = run(&config(&["network.breaks_after=11"]), folder.path(), false, None).unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { step: 12, .. }));
    let message = error.to_string();
    for part in [
        "step 12",
        "the loss is NaN",
        "checkpoint 000000010",
        "train.schedule.learning_rate",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let info = read_run_info(folder.path()).unwrap();
    assert_eq!((info.status, info.reason), (Status::Stopped, message));
    assert_eq!(
        fs::read_to_string(folder.path().join("steps.jsonl"))
            .unwrap()
            .lines()
            .count(),
        11
    );
    let path = checkpoint(folder.path(), 10).join("network.bpk");
    let (network, _) = load_weights(&path, &[TOY], &Device::flex()).unwrap();
    assert!(
        network
            .tensors()
            .iter()
            .all(|tensor| tensor.data.iter::<f32>().all(f32::is_finite))
    );
}

#[test]
fn a_validation_that_is_no_number_is_warned_of() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&["network.overflows=true", "train.steps=5"]);
    let outcome = run(&config, folder.path(), false, None).unwrap();
    assert_eq!((outcome.status, outcome.best), (Status::Finished, None));
    let log = fs::read_to_string(folder.path().join("log.txt")).unwrap();
    let warning = log.lines().find(|line| line.contains("warning: ")).unwrap();
    for part in [
        "validation",
        "not finite",
        "train.schedule.learning_rate",
        "train.clip_norm",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
}

/// Sends a signal to this very process at the end of the second epoch.
struct Signal(i32);

impl Hooks for Signal {
    fn epoch_ended(&mut self, _: &dyn Network, record: &EpochRecord, _: &Path) {
        if record.epoch == 2 {
            signal_hook::low_level::raise(self.0).unwrap();
        }
    }
}

#[test]
fn signals_save_and_stop() {
    let _alone = alone();
    for (signal, name) in [
        (signal_hook::consts::SIGINT, "SIGINT"),
        (signal_hook::consts::SIGTERM, "SIGTERM"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&[]);
        let outcome = run_with(&config, &splits(40), folder.path(), false, None, &mut Signal(signal)).unwrap();
        assert_eq!((outcome.status, outcome.step), (Status::Interrupted, 10));
        assert_eq!(outcome.reason, format!("interrupted by {name}"));
        assert_eq!(read_run_info(folder.path()).unwrap().status, Status::Interrupted);
        assert_eq!(run(&config, folder.path(), true, Some(12)).unwrap().step, 12);
    }
}

/// Recomputed from the weights of every step: one step per epoch, every checkpoint kept.
#[test]
fn the_average_follows_its_formula() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    run(
        &config(&["train.steps=4", "train.accumulate=10", "train.keep=9", "train.ema=0.2"]),
        folder.path(),
        false,
        None,
    )
    .unwrap();
    let device = Device::flex();
    let values = |network: Box<dyn Network>| -> Vec<(String, Vec<f32>)> {
        let tensors = network.tensors().into_iter();
        tensors
            .map(|tensor| (tensor.name, tensor.data.iter::<f32>().collect()))
            .collect()
    };
    let mut average = values(TOY.build_seeded(&Default::default(), &CLIP, &device, 3).unwrap());
    for step in 1..=4u32 {
        let open = |file| {
            load_weights(&checkpoint(folder.path(), step.into()).join(file), &[TOY], &device)
                .unwrap()
                .0
        };
        let decay = 0.2f32.min((1 + step) as f32 / (10 + step) as f32);
        for ((name, average), (_, newest)) in average.iter_mut().zip(values(open("network.bpk"))) {
            for (average, newest) in average.iter_mut().zip(newest) {
                *average = if is_buffer(name) {
                    newest
                } else {
                    *average * decay + newest * (1.0 - decay)
                };
            }
        }
        for ((name, expected), (_, found)) in average.iter().zip(values(open("ema.bpk"))) {
            for (expected, found) in expected.iter().zip(found) {
                assert!(
                    (expected - found).abs() < 1e-6,
                    "{name} after {step}: {found}, expected {expected}"
                );
            }
        }
    }
}

/// Splits of which nothing validates.
fn unvalidated() -> Splits {
    Splits {
        validation: Arc::new(Waves { clips: 0, first: 0 }),
        ..splits(40)
    }
}

#[test]
fn without_validation_the_newest_checkpoint_is_the_best() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let patient = config(&["train.patience=2", "train.steps=10"]);
    let error = run_with(&patient, &unvalidated(), folder.path(), false, None, &mut ()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("`train.patience` is 2, but data.validation_share is 0"),
        "{message}"
    );
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    let config = config(&["train.steps=10"]);
    let outcome = run_with(&config, &unvalidated(), folder.path(), false, Some(7), &mut ()).unwrap();
    assert_eq!((outcome.status, outcome.best), (Status::Interrupted, None));
    let outcome = run_with(&config, &unvalidated(), folder.path(), true, None, &mut ()).unwrap();
    assert_eq!((outcome.status, outcome.step), (Status::Finished, 10));
    assert!(!folder.path().join("checkpoints/best").exists());
    assert_eq!(
        weights_of(folder.path()).unwrap(),
        checkpoint(folder.path(), 10).join("ema.bpk")
    );
    let log = fs::read_to_string(folder.path().join("log.txt")).unwrap();
    assert!(log.contains("the best checkpoint is the newest one"), "{log}");
    let epochs = fs::read_to_string(folder.path().join("epochs.csv")).unwrap();
    assert!(
        epochs.lines().skip(1).all(|line| line.split(',').nth(3) == Some("")),
        "{epochs}"
    );
}

/// The average, too, is that of a network with one set of running statistics.
#[test]
fn a_run_with_one_set_of_statistics_goes_on_with_several() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let of = |steps: &str| config(&["train.steps=12", "train.ema=0.9", steps]);
    run(&of("network.steps=1"), folder.path(), false, Some(7)).unwrap();
    let outcome = run(&of("network.steps=3"), folder.path(), true, None).unwrap();
    assert_eq!((outcome.step, outcome.status), (12, Status::Finished));
    let device = Device::flex();
    for file in ["network.bpk", "ema.bpk"] {
        let (network, _) = load_weights(&checkpoint(folder.path(), 12).join(file), &[TOY], &device).unwrap();
        let mean = network
            .tensors()
            .into_iter()
            .find(|tensor| tensor.name == "norm.running_mean")
            .unwrap();
        let values: Vec<f32> = mean.data.iter().collect();
        assert_eq!(mean.data.shape().to_vec(), [3, 3], "{file}");
        // Only the first step is ever normalized; the others are as they were resumed.
        assert!(
            values[..3] != values[3..6] && values[3..6] == values[6..],
            "{file}: {values:?}"
        );
    }
}
