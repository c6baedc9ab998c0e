//! Data that are not split, or not in three.

use std::path::Path;

use crate::program::{TRAINED, command, field, json, refused, stderr, succeed, write_npy};

const FRAME: usize = 16 * 16;

/// Ten frames, `rain.npy`, which hold five clips of 4 -> 2 frames, and a short film of one clip.
fn write(folder: &Path) {
    write_npy(&folder.join("rain.npy"), "<f4", &[10, 1, 16, 16], &field(10 * FRAME));
    write_npy(&folder.join("short.npy"), "<f4", &[6, 16, 16], &field(6 * FRAME));
}

fn train(more: &[&'static str]) -> Vec<&'static str> {
    let tiny = [
        "train",
        "stlight",
        "--preset",
        "moving-digits",
        "--data-path",
        "rain.npy",
        "--steps",
        "2",
        "--out",
        "run",
        "--set",
        "data.past=4",
        "--set",
        "data.future=2",
        "--set",
        "train.batch=2",
    ];
    [&tiny[..], more].concat()
}

#[test]
fn every_clip_of_a_file_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    write(path);
    let eval = |file: &'static str| ["eval", &run, "--data-path", file, "--split", "all", "--json"].map(str::to_owned);
    let clips = |file: &'static str| {
        let arguments = eval(file);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        json(path, &arguments)["rows"][0]["summary"]["clips"].clone()
    };
    // A file that has no room for three splits is no obstacle.
    assert_eq!((clips("rain.npy"), clips("short.npy")), (5.into(), 1.into()));
    let message = refused(path, &["eval", &run, "--data-path", "short.npy"]);
    assert!(
        message.contains("training split") || message.contains("split"),
        "{message}"
    );
    let message = refused(path, &["eval", &run, "--split", "all"]);
    assert!(
        message.contains("--split all: `moving-digits` has splits of its own"),
        "{message}"
    );
    let by_name = ["eval", "climatology", "--data-path", "rain.npy", "--split", "all"];
    let sized = ["--set", "data.past=4", "--set", "data.future=2"];
    let message = refused(path, &[&by_name[..], &sized].concat());
    assert!(
        message.contains("`data.split` leaves no training clip, which `climatology` is fitted to"),
        "{message}"
    );
    let by_name = [
        "eval",
        "advection",
        "--data-path",
        "rain.npy",
        "--split",
        "all",
        "--json",
    ];
    let evaluated = json(path, &[&by_name[..], &sized].concat());
    assert_eq!(evaluated["rows"][0]["summary"]["clips"], 5);
    let shown = [
        &[
            "data",
            "show",
            "files",
            "--data-path",
            "rain.npy",
            "--split",
            "all",
            "--index",
            "4",
        ],
        &sized[..],
    ]
    .concat();
    assert!(succeed(path, &shown).contains("sample.png"));
    let message = refused(path, &train(&["--set", "data.split=none"]));
    assert!(message.contains("`data.split` leaves no clip to train on"), "{message}");
    assert!(!path.join("run").exists());
}

#[test]
fn a_network_may_learn_from_all_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path);
    let alone = train(&["--set", "data.validation_share=0", "--set", "data.test_share=0"]);
    let message = refused(path, &[&alone[..], &["--set", "train.patience=3"]].concat());
    assert!(
        message.contains("`train.patience` is 3, but data.validation_share is 0"),
        "{message}"
    );
    assert!(!path.join("run").exists());
    let output = command(path, &alone).output().unwrap();
    let warning = stderr(&output);
    assert!(output.status.success(), "{warning}");
    for line in [
        "nothing validates (data.validation_share is 0): the best checkpoint is the newest one",
        "nothing is evaluated: data.test_share is 0, so that there is no test split",
    ] {
        assert_eq!(warning.matches(line).count(), 1, "{warning}");
    }
    let run = path.join("run");
    assert!(run.join("report.html").is_file() && run.join("checkpoints/last").is_file());
    assert!(!run.join("checkpoints/best").exists() && !run.join("eval").exists());
    let message = refused(path, &["eval", "run"]);
    assert!(
        message.contains("the test split holds no clip (data.test_share is 0)"),
        "{message}"
    );
    let message = refused(path, &["eval", "run", "--split", "validation"]);
    assert!(message.contains("data.validation_share is 0"), "{message}");
    let evaluated = json(path, &["eval", "run", "--split", "all", "--json"]);
    assert_eq!(evaluated["rows"][0]["summary"]["clips"], 5);
    succeed(path, &["forecast", "run", "-i", "short.npy", "-o", "next.npy"]);
}
