//! `train`, `eval`, `report`: what a run leaves behind.

use std::path::Path;

use crate::program::{TINY, TRAINED, json, refused, succeed, write_npy};

#[test]
fn a_run_leaves_everything_behind() {
    let run = TRAINED.run();
    for file in [
        "config.toml",
        "run.json",
        "steps.jsonl",
        "epochs.csv",
        "log.txt",
        "eval/test.json",
        "samples/test-0.gif",
        "samples/test-0.png",
        "report.html",
        "checkpoints/last",
        "checkpoints/best",
    ] {
        assert!(run.join(file).is_file(), "{file} is missing");
    }
    assert_eq!(
        std::fs::read_to_string(run.join("steps.jsonl"))
            .unwrap()
            .lines()
            .count(),
        2
    );
    for part in ["persistence", "ustep", "samples/test-0.gif", "report.html"] {
        assert!(TRAINED.stdout.contains(part), "{part} is missing: {}", TRAINED.stdout);
    }
    let information = std::fs::read_to_string(run.join("run.json")).unwrap();
    let information: serde_json::Value = serde_json::from_str(&information).unwrap();
    assert_eq!(
        (&information["status"], &information["device"]),
        (&"finished".into(), &"flex".into())
    );
    assert!(information["command"].as_str().unwrap().contains("--set data.size=16"));
}

#[test]
fn eval_repeats_what_training_reported() {
    let run = TRAINED.argument();
    let folder = tempfile::tempdir().unwrap();
    let evaluated = json(folder.path(), &["eval", &run, "--json"]);
    let reported = std::fs::read_to_string(TRAINED.run().join("eval/test.json")).unwrap();
    assert_eq!(evaluated, serde_json::from_str::<serde_json::Value>(&reported).unwrap());
    assert_eq!(evaluated["rows"][0]["model"], "ustep");
    assert_eq!(evaluated["rows"][1]["model"], "persistence");
    let metric = &evaluated["rows"][0]["summary"]["metrics"][0];
    assert!(!metric["definition"].as_str().unwrap().is_empty());
    assert_eq!(metric["per_lead_time"].as_array().unwrap().len(), 2);
    let validation = json(folder.path(), &["eval", &run, "--json", "--split", "validation"]);
    assert_eq!(validation["rows"][0]["summary"]["clips"], 2);
    let fewer = json(folder.path(), &["eval", &run, "--json", "--set", "data.test_clips=1"]);
    assert_eq!(fewer["rows"][0]["summary"]["clips"], 1);
}

#[test]
fn events_are_scored_beside_the_references_that_are_asked_for() {
    let run = TRAINED.argument();
    let folder = tempfile::tempdir().unwrap();
    let asked = [
        "eval",
        &run,
        "--against",
        "advection",
        "--against",
        "climatology",
        "--set",
        "eval.scores.thresholds=[0.25, 2]",
        "--set",
        "eval.scores.fss_scales=[1, 5]",
        "--set",
        "eval.scores.latitudes=[60, 50]",
    ];
    let text = succeed(folder.path(), &asked);
    for part in [
        "csi_0.25 ↑",
        "bias_2 →1",
        "fss_0.25_5px ↑",
        "against advection",
        "acc ↑ of",
        "csi_0.25 (and likewise csi_2): Critical success index",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    let evaluated = json(folder.path(), &[&asked[..], &["--json"]].concat());
    let models: Vec<&str> = evaluated["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["model"].as_str().unwrap())
        .collect();
    assert_eq!(models, ["ustep", "advection", "climatology", "persistence"]);
    assert_eq!(evaluated["skill"].as_array().unwrap().len(), 3);
    // Nothing reaches 2.
    let metrics = evaluated["rows"][3]["summary"]["metrics"].as_array().unwrap();
    let of = |name: &str| metrics.iter().find(|metric| metric["name"] == name).unwrap();
    assert_eq!(
        (&of("csi_2")["total"], &of("csi_2")["perfect"]),
        (&"nan".into(), &1.0.into())
    );
    assert!(of("csi_0.25")["definition"].as_str().unwrap().contains("0.25 or more"));
    assert!(!evaluated.to_string().contains("null"));
}

#[test]
fn models_without_weights_are_evaluated_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &'static str, more: &[&'static str]| {
        let arguments = ["eval", name, "--set", "data.size=16", "--set", "data.test_clips=2"];
        [&arguments[..], more].concat()
    };
    let evaluated = json(
        folder.path(),
        &of("advection", &["--set", "network.frames=3", "--json"]),
    );
    assert_eq!(
        (
            &evaluated["rows"][0]["model"],
            &evaluated["rows"][0]["summary"]["clips"]
        ),
        (&"advection".into(), &2.into())
    );
    let message = refused(folder.path(), &of("advection", &["--set", "network.frames=1"]));
    assert!(message.contains("`network.frames` is 1: use 2 to 64"), "{message}");
    let message = refused(folder.path(), &of("ustep", &[]));
    assert!(message.contains("`ustep` has to be trained first"), "{message}");
    let usual = json(
        folder.path(),
        &of("climatology", &["--set", "data.train_clips=8", "--json"]),
    );
    let metrics = usual["rows"][0]["summary"]["metrics"].as_array().unwrap();
    let of_metric = |name: &str| metrics.iter().find(|metric| metric["name"] == name).unwrap()["total"].as_f64();
    // The climatological mean is gray, not black, and no anomaly of itself.
    assert!(
        of_metric("mse").unwrap() > 0.0 && of_metric("mse").unwrap() < 0.2,
        "{usual}"
    );
    assert_eq!(of_metric("acc"), Some(0.0));
}

#[test]
fn scores_that_cannot_be_computed_are_refused_by_their_key() {
    let run = TRAINED.argument();
    let folder = tempfile::tempdir().unwrap();
    for (assignment, words) in [
        (
            "eval.scores.thresholds=[2, 1]",
            "`eval.scores.thresholds` has 2 before 1",
        ),
        ("eval.scores.thresholds=[nan]", "`eval.scores.thresholds` holds NaN"),
        ("eval.scores.thresholds=high", "eval.scores.thresholds"),
        ("eval.scores.threshold=[1.0]", "did you mean"),
        ("eval.scores.fss_scales=[4]", "use odd sides"),
        ("eval.scores.fss_scales=[3]", "set thresholds, too"),
        ("eval.scores.latitudes=[0, 100]", "`eval.scores.latitudes` holds 100"),
        ("eval.scores.latitudes=[0, 1, 2]", "frames have 16 rows"),
        ("eval.against=[\"advektion\"]", "did you mean `advection`?"),
        ("eval.against=[\"ustep\"]", "`ustep` has weights that must be trained"),
        ("eval.against=[\"persistence\"]", "leave it out"),
        (
            "eval.against=[\"advection\", \"advection\"]",
            "`eval.against` names `advection` twice",
        ),
    ] {
        let message = refused(folder.path(), &["eval", &run, "--set", assignment]);
        assert!(message.contains(words), "{assignment}: {message}");
    }
    // Before anything is trained for it.
    let tiny = [&["train", "ustep"], &TINY[..]].concat();
    for (assignment, words) in [
        ("eval.scores.latitudes=[0, 1, 2]", "frames have 16 rows"),
        ("eval.against=[\"tau\"]", "has weights"),
    ] {
        let message = refused(folder.path(), &[&tiny[..], &["--set", assignment]].concat());
        assert!(message.contains(words), "{assignment}: {message}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn weights_alone_are_evaluated_on_data_of_their_size() {
    let folder = tempfile::tempdir().unwrap();
    let best = std::fs::read_to_string(TRAINED.run().join("checkpoints/best")).unwrap();
    let weights = TRAINED
        .run()
        .join("checkpoints")
        .join(best.trim())
        .join("network.bpk")
        .display()
        .to_string();
    let arguments = [
        "eval",
        &weights,
        "--data",
        "moving-digits",
        "--json",
        "--set",
        "data.test_clips=2",
    ];
    let evaluated = json(folder.path(), &arguments);
    assert_eq!(evaluated["rows"][0]["summary"]["clips"], 2);
    assert!(refused(folder.path(), &["eval", &weights]).contains("--data"));
    // Larger frames are no obstacle to this network, another number of observed ones is.
    let larger = [&arguments[..], &["--set", "data.size=32"]].concat();
    let output = crate::program::command(folder.path(), &larger).output().unwrap();
    assert!(output.status.success() && crate::program::stderr(&output).contains("32x32"));
    let message = refused(folder.path(), &[&arguments[..], &["--set", "data.past=5"]].concat());
    assert!(
        message.contains("ustep") && message.contains("network.bpk"),
        "{message}"
    );
    let message = refused(
        folder.path(),
        &["eval", &weights, "--data", "moving-digits", "--set", "network.width=3"],
    );
    assert!(message.contains("network.width"), "{message}");
}

/// Physical values far from 0..1: they are normalized for training, and for a forecast where that is asked for.
#[test]
fn own_data_keep_their_units() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let kelvin: Vec<u8> = (0..40 * 2 * 16 * 16)
        .flat_map(|index| (280.0 + 5.0 * (index as f32 / 50.0).sin()).to_le_bytes())
        .collect();
    write_npy(&path.join("t2m.npy"), "<f4", &[40, 2, 16, 16], &kelvin);
    let sizes = [
        "--set",
        "data.past=4",
        "--set",
        "data.future=2",
        "--set",
        "train.batch=2",
    ];
    let train = [
        "train",
        "stlight",
        "--preset",
        "moving-digits",
        "--data-path",
        "t2m.npy",
        "--steps",
        "2",
        "--out",
        "run",
    ];
    assert!(succeed(path, &[&train[..], &sizes].concat()).contains("stlight"));
    succeed(path, &["forecast", "run", "-i", "t2m.npy", "-o", "out.npy"]);
    let bytes = std::fs::read(path.join("out.npy")).unwrap();
    let values = bytes[bytes.len() - 2 * 2 * 16 * 16 * 4..].chunks_exact(4);
    for value in values.map(|value| f32::from_le_bytes(value.try_into().unwrap())) {
        assert!((200.0..360.0).contains(&value), "{value} K");
    }
    assert_eq!(json(path, &["eval", "run", "--json"])["data"], "files");
}

#[test]
fn the_report_is_written_again() {
    let page = succeed(Path::new("."), &["report", &TRAINED.argument()]);
    assert!(page.trim_end().ends_with("report.html"));
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path(), &["report", "nowhere"]).contains("nowhere"));
}

#[test]
fn the_written_configuration_is_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = TRAINED.run().join("config.toml");
    let shown = json(folder.path(), &["show", "--config", config.to_str().unwrap(), "--json"]);
    assert_eq!((&shown["model"], &shown["clip"]["past"]), (&"ustep".into(), &4.into()));
}

#[test]
fn a_mistake_leaves_no_run_behind() {
    let folder = tempfile::tempdir().unwrap();
    let tiny = |more: &[&'static str]| [&["train", "ustep"], &TINY[..], more].concat();
    let message = refused(folder.path(), &tiny(&["--set", "network.gate_kernel=2"]));
    assert!(message.contains("network.gate_kernel"), "{message}");
    let message = refused(folder.path(), &tiny(&["--set", "data.size=3"]));
    assert!(message.contains("data.size"), "{message}");
    let message = refused(folder.path(), &["train", "ustep", "--data-path", "nothing.npy"]);
    assert!(message.contains("nothing.npy"), "{message}");
    let message = refused(folder.path(), &tiny(&["--data-path", "nothing.npy"]));
    assert!(
        message.contains("`data.size` is 16, but `files` has no use for it"),
        "{message}"
    );
    assert!(refused(folder.path(), &["train", "persistence"]).contains("nothing to train"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let message = refused(folder.path(), &tiny(&["--out", &*TRAINED.argument().leak()]));
    assert!(message.contains("there is a run in this folder already"), "{message}");
}
