//! `forecast --watch` as a service runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{TRAINED, command, field, refused, stderr, succeed, write_npy};

const FRAME: usize = 16 * 16;

/// Puts frame number `minute` of a film into the folder, as one that was taken at that minute.
fn put(folder: &Path, minute: usize) {
    let frame = &field((minute + 1) * FRAME)[4 * minute * FRAME..];
    write_npy(
        &folder.join(format!("rain_201008262{minute:03}.npy")),
        "<f4",
        &[1, 16, 16],
        frame,
    );
}

fn watch<'a>(run: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = [
        "forecast",
        run,
        "--watch",
        "in",
        "--output-folder",
        "out",
        "--settle",
        "0",
    ];
    [&fixed[..], more].concat()
}

fn names(stdout: &str) -> Vec<&str> {
    stdout.lines().map(|line| line.rsplit('/').next().unwrap()).collect()
}

#[test]
fn what_is_written_is_what_forecast_says_and_a_restart_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    fs::create_dir(path.join("in")).unwrap();
    (0..5).for_each(|minute| put(&path.join("in"), minute));
    fs::write(path.join("in/rain_2010082620025.npy"), b"\x93NUMPY").unwrap();
    let output = command(path, &watch(&run, &["--once", "--horizon", "3"]))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("left out: `in/rain_2010082620025.npy`"),
        "{}",
        stderr(&output)
    );
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(names(&stdout), ["rain_201008262003.npy", "rain_201008262004.npy"]);
    let clip = field(5 * FRAME)[4 * FRAME..].to_vec();
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &clip);
    succeed(
        path,
        &[
            "forecast",
            &run,
            "-i",
            "clip.npy",
            "-o",
            "of-clip.npy",
            "--horizon",
            "3",
        ],
    );
    let bytes = |name: &str| fs::read(path.join(name)).unwrap();
    assert_eq!(bytes("out/rain_201008262004.npy"), bytes("of-clip.npy"));
    let record: serde_json::Value = serde_json::from_slice(&bytes("out/rain_201008262004.json")).unwrap();
    assert_eq!(record["lead_times"][2]["valid"], "2010-08-26T20:07:00Z");
    assert_eq!(
        (&record["shape"][0], &record["lead_times"][0]["seconds"]),
        (&3.into(), &60.into())
    );
    // Nothing twice; after a gap a history of four frames is wanted again, unless it is filled.
    assert_eq!(succeed(path, &watch(&run, &["--once"])), "");
    put(&path.join("in"), 6);
    let output = command(path, &watch(&run, &["--once"])).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(
        stderr(&output).contains("rain_201008262006.npy`: a gap in time, 120 s"),
        "{}",
        stderr(&output)
    );
    fs::remove_file(path.join("out/rain_201008262006.json")).unwrap();
    let filled = succeed(path, &watch(&run, &["--once", "--fill", "1"]));
    assert_eq!(names(&filled), ["rain_201008262006.npy"]);
    let record: serde_json::Value = serde_json::from_slice(&bytes("out/rain_201008262006.json")).unwrap();
    assert_eq!(record["filled"], 1);
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    fs::create_dir(path.join("in")).unwrap();
    let message = refused(path, &watch(&run, &["--keep-state"]));
    assert!(message.contains("`ustep` does not read frame by frame"), "{message}");
    let message = refused(path, &watch(&run, &["--set", "train.batch=2"]));
    assert!(message.contains("only keys of `data`"), "{message}");
    let message = refused(path, &["forecast", &run, "--watch", "none", "--output-folder", "out"]);
    assert!(message.contains("`none` is no folder"), "{message}");
    let output = command(path, &["forecast", &run, "--watch", "in"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--output-folder"), "{}", stderr(&output));
}

#[test]
#[cfg(unix)]
fn it_waits_for_files_and_ends_at_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    fs::create_dir(path.join("in")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_foreframe"))
        .current_dir(path)
        .args(watch(&run, &[]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = |what: &dyn Fn() -> bool, child: &mut std::process::Child| {
        let began = Instant::now();
        while !what() {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            assert!(began.elapsed() < Duration::from_secs(300), "nothing happens");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until(&|| path.join("out").is_dir(), &mut child);
    for minute in 0..4 {
        // As a writer should: beside, and renamed when it is whole.
        put(path, minute);
        let name = format!("rain_201008262{minute:03}.npy");
        fs::rename(path.join(&name), path.join("in").join(&name)).unwrap();
    }
    until(&|| path.join("out/rain_201008262003.json").is_file(), &mut child);
    // SAFETY: a signal to a process that was started above and has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) }, 0);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        names(&String::from_utf8(output.stdout).unwrap()),
        ["rain_201008262003.npy"]
    );
    let left: Vec<_> = fs::read_dir(path.join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 5, "{left:?}");
}
