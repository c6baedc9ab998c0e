//! Damaged checkpoints, full disks and folders that cannot be written.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use foreframe_train::Network;
use foreframe_train::run::{EpochRecord, Hooks, Status, read_run_info, weights_of};
use foreframe_train::weights::open_weights;

use crate::toy::{TOY, alone, checkpoint, config, run, run_with, splits};

fn flip_a_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_newest_intact_checkpoint_is_found() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&["train.keep=4"]);
    for (damage, file) in [
        (flip_a_byte as fn(&Path), "network.bpk"),
        (flip_a_byte, "optimizer.bpk"),
        (flip_a_byte, "state.json"),
        (|path: &Path| fs::write(path, b"").unwrap(), "state.json"),
        (|path: &Path| fs::remove_file(path).unwrap(), "ema.bpk"),
    ] {
        let run_folder = folder.path().join("run");
        run(&config, &run_folder, false, Some(8)).unwrap();
        damage(&checkpoint(&run_folder, 8).join(file));
        damage(&checkpoint(&run_folder, 7).join(file));
        let outcome = run(&config, &run_folder, true, Some(5)).unwrap();
        assert_eq!(outcome.step, 5, "{file}");
        assert!(checkpoint(&run_folder, 8).with_extension("damaged").exists());
        assert!(
            fs::read_to_string(run_folder.join("log.txt"))
                .unwrap()
                .contains("resumed after step 5")
        );
        assert_eq!(run(&config, &run_folder, true, Some(8)).unwrap().step, 8);
        fs::remove_dir_all(run_folder).unwrap();
    }
}

#[test]
fn nothing_intact_is_said() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[]);
    run(&config, folder.path(), false, Some(3)).unwrap();
    flip_a_byte(&checkpoint(folder.path(), 3).join("network.bpk"));
    let error = weights_of(folder.path()).unwrap_err().to_string();
    assert!(error.contains("holds no intact checkpoint: train first"), "{error}");
    let error = run(&config, folder.path(), true, None).unwrap_err().to_string();
    assert!(error.contains("holds no intact checkpoint"), "{error}");
}

#[test]
fn a_run_folder_stands_for_its_best_average() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    run(&config(&["train.steps=20"]), folder.path(), false, None).unwrap();
    let best = read_run_info(folder.path()).unwrap().best.unwrap();
    let weights = weights_of(folder.path()).unwrap();
    assert_eq!(
        weights,
        folder.path().join("checkpoints").join(&best.checkpoint).join("ema.bpk")
    );
    let (network, header) = open_weights(folder.path(), &[TOY], &Device::flex()).unwrap();
    assert_eq!((network.name(), header.network), ("toy", network.config()));
    flip_a_byte(&weights);
    assert_ne!(weights_of(folder.path()).unwrap(), weights);
}

#[test]
fn other_data_and_old_runs_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[]);
    run(&config, folder.path(), false, Some(2)).unwrap();
    let error = run(&config, folder.path(), false, Some(2)).unwrap_err().to_string();
    assert!(
        error.contains("config.toml") && error.contains("there is a run in this folder already"),
        "{error}"
    );
    let mut other = splits(40);
    other.fingerprint = "content:other".into();
    let error = run_with(&config, &other, folder.path(), true, None, &mut ())
        .unwrap_err()
        .to_string();
    for part in [
        "was trained on other data",
        "content:waves",
        "content:other",
        "--data-path",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

/// Sizes and times of large files, which an earlier version took, change when files are copied.
#[test]
fn data_that_cannot_be_compared_are_taken_with_a_warning() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    run(&config(&[]), folder.path(), false, Some(2)).unwrap();
    let info = folder.path().join("run.json");
    let text = fs::read_to_string(&info).unwrap();
    fs::write(&info, text.replace("content:waves", "size-and-time:77")).unwrap();
    assert_eq!(run(&config(&[]), folder.path(), true, Some(4)).unwrap().step, 4);
    let log = fs::read_to_string(folder.path().join("log.txt")).unwrap();
    assert!(
        log.contains("size-and-time:77") && log.contains("cannot be compared with content:waves"),
        "{log}"
    );
    assert_eq!(read_run_info(folder.path()).unwrap().data_fingerprint, "content:waves");
}

/// A file in place of the folder stops every user, also one whom permissions do not bind.
#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = run(&config(&[]), &file.join("run"), false, None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cannot make") && error.contains("file/run/checkpoints"),
        "{error}"
    );
    assert!(error.contains("a file is in the way"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_last_checkpoint() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[]);
    run(&config, folder.path(), false, Some(10)).unwrap();
    let log = folder.path().join("epochs.csv");
    fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let error = run(&config, folder.path(), true, None).unwrap_err().to_string();
    assert!(
        error.contains("epochs.csv") && error.contains("free some space"),
        "{error}"
    );
    fs::remove_file(&log).unwrap();
    assert_eq!(run(&config, folder.path(), true, Some(10)).unwrap().step, 10);
}

/// Puts a file where the checkpoint of step 14 is to be.
struct Obstacle;

impl Hooks for Obstacle {
    fn epoch_ended(&mut self, _: &dyn Network, _: &EpochRecord, folder: &Path) {
        fs::write(checkpoint(folder, 14), "").unwrap();
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_last_one() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[]);
    let error = run_with(&config, &splits(40), folder.path(), false, None, &mut Obstacle)
        .unwrap_err()
        .to_string();
    assert!(error.contains("checkpoints/000000014"), "{error}");
    let info = read_run_info(folder.path()).unwrap();
    assert_eq!((info.status, info.reason), (Status::Stopped, error));
    let parts = fs::read_dir(folder.path().join("checkpoints")).unwrap();
    assert!(
        parts
            .map(|entry| entry.unwrap().path())
            .all(|path| path.extension().is_none())
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("checkpoints/last")).unwrap(),
        "000000010"
    );
    assert_eq!(run(&config, folder.path(), true, Some(12)).unwrap().step, 12);
}
