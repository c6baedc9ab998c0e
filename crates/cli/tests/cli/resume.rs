//! Runs that are killed or interrupted.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::program::{TINY, command, json, refused, stderr, succeed};

/// Enough that a signal after the second finds the run under way.
const STEPS: &str = "12";
/// More than any of these tests waits for.
const ENDLESS: &str = "100000";

fn arguments<'a>(model: &'a str, out: &'a str, steps: &'a str) -> Vec<&'a str> {
    let length = [
        "--steps",
        steps,
        "--set",
        "train.checkpoint_every=1",
        "--set",
        "train.keep=8",
    ];
    [&["train", model, "--threads", "1", "--out", out], &TINY[..], &length].concat()
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("foreframe"))
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Steps that are logged.
fn steps(run: &Path) -> usize {
    let log = std::fs::read_to_string(run.join("steps.jsonl")).unwrap_or_default();
    log.matches('\n').count()
}

/// Waits until `count` steps are logged, or the run is over.
fn wait_for_steps(child: &mut Child, run: &Path, count: usize) {
    loop {
        if steps(run) >= count || child.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The log without the speed.
fn logged(run: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(run.join("steps.jsonl")).unwrap();
    let record = |line: &str| {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("clips_per_second");
        record
    };
    // A kill may tear the last line; only a whole one is a record.
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(record)
        .collect()
}

fn weights(folder: &Path, run: &str) -> Vec<u8> {
    let last = std::fs::read_to_string(folder.join(run).join("checkpoints/last")).unwrap();
    let network = format!("{run}/checkpoints/{}", last.trim());
    succeed(folder, &["export", &network, "-o", &format!("{run}.safetensors")]);
    std::fs::read(folder.join(format!("{run}.safetensors"))).unwrap()
}

#[test]
fn a_killed_run_resumes_bit_for_bit() {
    resumes_bit_for_bit("ustep");
}

/// Its true frames are drawn, and less likely from step to step.
#[test]
fn a_killed_run_with_scheduled_sampling_resumes_bit_for_bit() {
    resumes_bit_for_bit("predrnnv2");
}

fn resumes_bit_for_bit(model: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    succeed(path, &arguments(model, "straight", STEPS));
    let mut child = start(path, &arguments(model, "killed", STEPS));
    wait_for_steps(&mut child, &path.join("killed"), 2);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
    assert!(
        steps(&path.join("killed")) < STEPS.parse().unwrap(),
        "it was not under way"
    );
    succeed(path, &["train", "--resume", "killed", "--threads", "1"]);
    let (straight, killed) = (logged(&path.join("straight")), logged(&path.join("killed")));
    assert_eq!(straight.len(), STEPS.parse::<usize>().unwrap());
    assert_eq!(straight, killed);
    assert!(
        weights(path, "straight") == weights(path, "killed"),
        "the weights differ"
    );
}

#[test]
fn an_interrupted_run_is_saved_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut child = start(path, &arguments("ustep", "run", ENDLESS));
    wait_for_steps(&mut child, &path.join("run"), 1);
    let id = i32::try_from(child.id()).unwrap();
    // SAFETY: the child has not been waited for, so its id is still its own.
    assert_eq!(unsafe { libc::kill(id, libc::SIGINT) }, 0);
    let output = child.wait_with_output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("foreframe train --resume run"), "{message}");
    let information = std::fs::read_to_string(path.join("run/run.json")).unwrap();
    assert!(information.contains("\"interrupted\""), "{information}");
    assert!(path.join("run/checkpoints/last").is_file());
    let done = steps(&path.join("run"));
    let mut resumed = start(path, &["train", "--resume", "run"]);
    wait_for_steps(&mut resumed, &path.join("run"), done + 1);
    resumed.kill().unwrap();
    resumed.wait().unwrap();
    let numbers: Vec<u64> = logged(&path.join("run"))
        .iter()
        .map(|step| step["step"].as_u64().unwrap())
        .collect();
    assert!(numbers.len() > done, "it did not go on after step {done}");
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
}

#[test]
fn only_a_run_is_resumed_and_only_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path(), &["train", "--resume", "nowhere"]).contains("nowhere"));
    let run = crate::program::TRAINED.argument();
    let message = refused(folder.path(), &["train", "stlight", "--resume", &run]);
    assert!(message.contains("a run of `ustep`"), "{message}");
    let message = refused(folder.path(), &["train", "--resume", &run, "--set", "network.width=8"]);
    assert!(message.contains("network.width"), "{message}");
    let message = refused(folder.path(), &["train", "--resume", &run, "--weights", &run]);
    assert!(message.contains("--weights begins a new run"), "{message}");
    let message = refused(folder.path(), &["train", "--resume", &run, "--data-path", "rain.npy"]);
    assert!(message.contains("`moving-digits` has no use for it"), "{message}");
    let message = refused(folder.path(), &["train", "--resume", &run, "--steps", "1"]);
    assert!(
        message.contains("`train.steps` is 1") && message.contains("use 2 or more"),
        "{message}"
    );
    let message = refused(folder.path(), &["train", "--resume", &run, "--set", "train.seed=7"]);
    assert!(message.contains("`train.seed` is 7"), "{message}");
    let output = command(folder.path(), &["train", "--resume", &run, "--data", "moving-mnist"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// 4 -> 2 frames of 16 x 16 pixels.
fn rain(path: &Path, phase: usize) {
    crate::program::write_npy(
        path,
        "<f4",
        &[40, 1, 16, 16],
        &crate::program::field(40 * 256 + phase)[4 * phase..],
    );
}

#[test]
fn data_that_moved_are_the_same_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    rain(&path.join("rain.npy"), 0);
    let own = [
        "--data-path",
        "rain.npy",
        "--set",
        "data.past=4",
        "--set",
        "data.future=2",
        "--set",
        "train.batch=2",
    ];
    let train = ["train", "stlight", "--steps", "2", "--out", "run"];
    succeed(path, &[&train[..], &own].concat());
    let scores = json(path, &["eval", "run", "--json"]);
    std::fs::create_dir(path.join("elsewhere")).unwrap();
    std::fs::copy(path.join("rain.npy"), path.join("elsewhere/regen.npy")).unwrap();
    std::fs::remove_file(path.join("rain.npy")).unwrap();
    rain(&path.join("other.npy"), 9);
    assert!(refused(path, &["train", "--resume", "run", "--steps", "3"]).contains("rain.npy"));
    let message = refused(
        path,
        &["train", "--resume", "run", "--steps", "3", "--data-path", "other.npy"],
    );
    assert_eq!(message.matches("sha256:").count(), 2, "{message}");
    assert!(
        message.contains("--data-path") && message.contains("--weights"),
        "{message}"
    );
    let moved = ["--data-path", "elsewhere/regen.npy"];
    assert_eq!(json(path, &[&["eval", "run", "--json"][..], &moved].concat()), scores);
    succeed(
        path,
        &[&["train", "--resume", "run", "--steps", "3"][..], &moved].concat(),
    );
    assert_eq!(steps(&path.join("run")), 3);
    // From now on it is known where they lie.
    succeed(path, &["train", "--resume", "run", "--steps", "4"]);
}

#[test]
fn a_run_says_how_many_threads_it_had_and_is_linked_as_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let runs = path.join("runs/moving-digits/ustep");
    let threads = |run: &Path| -> u64 {
        let text = std::fs::read_to_string(run.join("run.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["threads"]
            .as_u64()
            .unwrap()
    };
    let train = [&["train", "ustep", "--steps", "1"], &TINY[..]].concat();
    succeed(path, &[&train[..], &["--threads", "1"]].concat());
    let first = std::fs::read_link(runs.join("LATEST")).unwrap();
    assert!(first.is_relative() && first.components().count() == 1, "{first:?}");
    assert_eq!(threads(&runs.join("LATEST")), 1);
    // Names have whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let output = command(path, &train).env("RAYON_NUM_THREADS", "3").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let second = std::fs::read_link(runs.join("LATEST")).unwrap();
    assert_ne!(first, second);
    assert_eq!(threads(&runs.join("LATEST")), 3);
    // A stale link, and something in its way.
    std::fs::remove_file(runs.join("LATEST")).unwrap();
    std::os::unix::fs::symlink(&first, runs.join("LATEST")).unwrap();
    let page = succeed(path, &["report", "runs/moving-digits/ustep/LATEST"]);
    assert!(page.contains(second.to_str().unwrap()), "{page}");
    std::fs::remove_file(runs.join("LATEST")).unwrap();
    std::fs::create_dir(runs.join("LATEST")).unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    let output = command(path, &train).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot make the link"), "{}", stderr(&output));
    let page = succeed(path, &["report", "runs/moving-digits/ustep/LATEST"]);
    assert!(!page.contains(second.to_str().unwrap()), "{page}");
}
