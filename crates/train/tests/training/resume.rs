//! A run that was cut short and resumed is the run that was not.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use foreframe_train::run::Status;
use serde_json::Value;
use tempfile::TempDir;

use crate::toy::{alone, checkpoint, config, run};

/// Every number of `steps.jsonl` that does not depend on the clock.
pub(crate) fn steps(folder: &Path) -> Vec<Vec<Value>> {
    let text = fs::read_to_string(folder.join("steps.jsonl")).unwrap();
    let numbers = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        ["step", "epoch", "loss", "learning_rate", "grad_norm"]
            .map(|key| record[key].clone())
            .to_vec()
    };
    text.lines().map(numbers).collect()
}

/// `epochs.csv` without its last column, the seconds.
pub(crate) fn epochs(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("epochs.csv")).unwrap();
    text.lines()
        .map(|line| line.rsplit_once(',').unwrap().0.to_owned())
        .collect()
}

fn assert_same(straight: &Path, resumed: &Path) {
    assert_eq!(epochs(straight).len(), 13);
    assert_same_after(60, straight, resumed);
}

/// Two runs of `count` steps have written the same.
pub(crate) fn assert_same_after(count: u64, straight: &Path, resumed: &Path) {
    assert_eq!(steps(straight).len() as u64, count);
    assert_eq!(steps(resumed), steps(straight));
    assert_eq!(epochs(resumed), epochs(straight));
    for file in ["network.bpk", "ema.bpk", "optimizer.bpk"] {
        let bytes = |folder: &Path| fs::read(checkpoint(folder, count).join(file)).unwrap();
        assert!(bytes(straight) == bytes(resumed), "{file} differs");
    }
    for pointer in ["last", "best"] {
        let name = |folder: &Path| fs::read_to_string(folder.join("checkpoints").join(pointer)).unwrap();
        assert_eq!(name(straight), name(resumed));
    }
}

/// The run that was not cut short.
fn straight() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let outcome = run(&config(&[]), folder.path(), false, None).unwrap();
        assert_eq!((outcome.step, outcome.status), (60, Status::Finished));
        folder
    });
    folder.path()
}

#[test]
fn sixty_steps_are_thirty_and_thirty() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let resumed = folder.path().join("resumed");
    let config = config(&[]);
    // 30 is the end of an epoch; 33 is in the middle of one.
    for (stop, resume) in [(30, false), (33, true)] {
        let outcome = run(&config, &resumed, resume, Some(stop)).unwrap();
        assert_eq!(
            (outcome.step, outcome.reason),
            (stop, format!("stopped after {stop} steps, as asked"))
        );
    }
    run(&config, &resumed, true, None).unwrap();
    assert_same(straight(), &resumed);
}

#[test]
fn lines_after_the_checkpoint_are_written_anew() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let resumed = folder.path().join("resumed");
    let config = config(&[]);
    run(&config, &resumed, false, Some(33)).unwrap();
    // As if killed in step 34, in the middle of a line, with nothing saved since step 30.
    fs::remove_dir_all(checkpoint(&resumed, 33)).unwrap();
    fs::create_dir(resumed.join("checkpoints/.000000035.1.part")).unwrap();
    let log = fs::OpenOptions::new()
        .append(true)
        .open(resumed.join("steps.jsonl"))
        .unwrap();
    std::io::Write::write_all(&mut &log, b"{\"step\":34,\"epo").unwrap();
    run(&config, &resumed, true, None).unwrap();
    assert_same(straight(), &resumed);
    assert!(!resumed.join("checkpoints/.000000035.1.part").exists());
}

#[test]
fn a_run_killed_before_its_first_checkpoint_begins_again() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let resumed = folder.path().join("resumed");
    let config = config(&[]);
    run(&config, &resumed, false, Some(3)).unwrap();
    fs::remove_dir_all(checkpoint(&resumed, 3)).unwrap();
    run(&config, &resumed, true, None).unwrap();
    assert_same(straight(), &resumed);
}

const CHILD: &str = "FOREFRAME_TEST_RUN_FOLDER";

/// Not a test by itself: the process that [`a_run_survives_kill_9`] kills.
#[test]
fn killed() {
    if let Some(folder) = std::env::var_os(CHILD) {
        let _alone = alone();
        run(
            &config(&["train.steps=100000", "train.keep=3"]),
            Path::new(&folder),
            false,
            None,
        )
        .unwrap();
    }
}

#[test]
fn a_run_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let [straight, killed] = ["straight", "killed"].map(|name| folder.path().join(name));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "resume::killed"])
        .env(CHILD, &killed)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let last = killed.join("checkpoints/last");
    while fs::read_to_string(&last).is_ok_and(|name| name.as_str() < "000000020") || !last.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let reached = steps(&killed).len() as u64;
    assert!(reached < 100_000);
    let _alone = alone();
    let config = config(&["train.steps=100000", "train.keep=3"]);
    run(&config, &straight, false, Some(reached + 10)).unwrap();
    run(&config, &killed, true, Some(reached + 10)).unwrap();
    assert_eq!(steps(&killed), steps(&straight));
    let bytes = |folder: &Path| fs::read(checkpoint(folder, reached + 10).join("network.bpk")).unwrap();
    assert!(bytes(&straight) == bytes(&killed));
}
