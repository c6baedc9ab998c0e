//! Weights that come with the program.

use std::path::Path;

use serde_json::Value;

use crate::program::{command, json, read_npy, refused, succeed};

/// `name` of every metric of a row of `eval --json`, over all lead times.
fn total(evaluated: &Value, row: usize, name: &str) -> f64 {
    let metrics = evaluated["rows"][row]["summary"]["metrics"].as_array().unwrap();
    let metric = metrics.iter().find(|metric| metric["name"] == name).unwrap();
    metric["total"].as_f64().unwrap()
}

#[test]
fn shipped_weights_forecast_are_evaluated_and_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let listed = json(path, &["list", "--weights", "--json"]);
    assert!(!listed.as_array().unwrap().is_empty());
    for about in listed.as_array().unwrap() {
        let name = about["name"].as_str().unwrap();
        let size = format!("data.size={}", if name.ends_with("-64") { 64 } else { 32 });
        let evaluate = [
            "eval",
            name,
            "--data",
            "moving-digits",
            "--json",
            "--set",
            &size,
            "--set",
            "data.test_clips=8",
        ];
        let evaluated = json(path, &evaluate);
        let share = total(&evaluated, 0, "openstl_mse") / total(&evaluated, 1, "openstl_mse");
        // Of 8 clips, where the list is of 200.
        let stated = about["openstl_mse"].as_f64().unwrap() / about["persistence_openstl_mse"].as_f64().unwrap();
        assert!(
            (share - stated).abs() < 0.15,
            "{name}: {share} of persistence's error, listed {stated}"
        );
    }
    assert!(succeed(path, &["list", "--weights"]).contains("ustep@moving-digits"));
    assert!(refused(path, &["list", "--weights", "zzz"]).contains("zzz"));
}

#[test]
fn a_name_stands_for_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let tiny = [
        "--set",
        "data.train_clips=4",
        "--set",
        "data.validation_clips=2",
        "--set",
        "data.test_clips=2",
    ];
    let train = ["train", "ustep", "--steps", "1", "--set", "train.batch=4"];
    let first_loss = |more: &[&str], out: &str| {
        succeed(path, &[&train[..], &tiny, more, &["--out", out]].concat());
        let steps = std::fs::read_to_string(path.join(out).join("steps.jsonl")).unwrap();
        let first: Value = serde_json::from_str(steps.lines().next().unwrap()).unwrap();
        first["loss"].as_f64().unwrap()
    };
    let (fresh, tuned) = (
        first_loss(&[], "fresh"),
        first_loss(&["--weights", "ustep@moving-digits"], "tuned"),
    );
    assert!(
        tuned < 0.5 * fresh,
        "{tuned} with trained weights, {fresh} with drawn ones"
    );
    let past = "fresh/samples/test-0-past.npy";
    let cache = path.join("cache");
    let mut forecast = command(
        path,
        &["forecast", "ustep@moving-digits", "-i", past, "-o", "future.npy"],
    );
    assert!(
        forecast
            .env("XDG_CACHE_HOME", &cache)
            .output()
            .unwrap()
            .status
            .success()
    );
    let (shape, values) = read_npy(&path.join("future.npy"));
    assert_eq!(shape.replace(' ', "").trim_end_matches(','), "10,1,32,32");
    assert!(values.iter().any(|value| *value > 0.5));
    assert_eq!(std::fs::read_dir(cache.join("foreframe/weights")).unwrap().count(), 1);

    let message = refused(path, &["forecast", "ustep@moving-digit", "-i", past, "-o", "x.npy"]);
    assert!(message.contains("did you mean `ustep@moving-digits`?"), "{message}");
    let message = refused(
        path,
        &["train", "convlstm", "--weights", "ustep@moving-digits", "--steps", "1"],
    );
    assert!(message.contains("convlstm") && message.contains("ustep"), "{message}");
}

#[test]
fn weights_are_exported_whole_and_by_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (more, name) in [(&[][..], "whole.bpk"), (&["--half"], "half.bpk")] {
        succeed(path, &[&["export", "ustep@moving-digits", "-o", name], more].concat());
    }
    let size = |name: &str| std::fs::metadata(Path::new(path).join(name)).unwrap().len();
    assert!(size("half.bpk") * 10 < size("whole.bpk") * 7, "{}", size("half.bpk"));
    let message = refused(path, &["export", "half.bpk", "-o", "x.safetensors", "--half"]);
    assert!(message.contains("--half"), "{message}");
    let message = refused(path, &["export", "half.bpk", "-o", "x.bpk", "--names", "published"]);
    assert!(message.contains("--names"), "{message}");
    assert!(refused(path, &["export", "half.bpk", "-o", "x.pt"]).contains(".bpk"));
}
