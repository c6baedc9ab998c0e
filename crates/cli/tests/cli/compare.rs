//! `compare`: several models trained alike.

use std::path::Path;

use serde_json::Value;

use crate::program::{TINY, json, refused, succeed};

/// Two models, two steps and two seeds each.
fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [
        &["compare", "ustep", "light=stlight", "--steps", "2", "--out", "all"],
        &TINY[..],
        more,
    ]
    .concat()
}

fn config(run: &Path) -> toml::Table {
    std::fs::read_to_string(run.join("config.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

/// When the runs began, and what they came to without what depends on the machine.
fn outcome(folder: &Path) -> (Vec<Value>, Value) {
    let mut comparison: Value =
        serde_json::from_slice(&std::fs::read(folder.join("comparison.json")).unwrap()).unwrap();
    for row in comparison["rows"].as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("seconds");
    }
    let begun = ["ustep/seed-42", "ustep/seed-43", "light/seed-42", "light/seed-43"].map(|run| {
        let info = std::fs::read(folder.join(run).join("run.json")).unwrap();
        serde_json::from_slice::<Value>(&info).unwrap()["finished"].clone()
    });
    (begun.to_vec(), comparison)
}

#[test]
fn models_are_trained_alike_and_what_is_finished_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, all) = (folder.path(), folder.path().join("all"));
    let own = [
        "--set",
        "light:train.schedule.learning_rate=2e-3",
        "--set",
        "light:network.width=16",
        "--set",
        "train.schedule.learning_rate=4e-3",
        "--preset",
        "light:kth-xs",
        "--preset",
        "moving-digits",
    ];
    let comparison = json(path, &arguments(&[&own[..], &["--json"]].concat()));
    let names: Vec<&str> = comparison["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ustep", "light", "persistence"]);
    assert_eq!(
        (&comparison["seeds"], &comparison["steps"]),
        (&[42, 43].to_vec().into(), &2.into())
    );
    let value = |row: usize, what: &str| comparison["rows"][row][what].clone();
    for row in 0..2 {
        let loss = value(row, "validation_loss");
        let number = |value: &Value| value.as_f64().unwrap();
        let seeds: Vec<f64> = loss["values"].as_array().unwrap().iter().map(number).collect();
        assert!(seeds.len() == 2 && seeds[0] != seeds[1], "{seeds:?}");
        for (found, expected) in [
            ("mean", (seeds[0] + seeds[1]) / 2.0),
            ("half_range", (seeds[0] - seeds[1]).abs() / 2.0),
        ] {
            assert!((number(&loss[found]) - expected).abs() < 1e-12, "{found}: {loss}");
        }
        assert_eq!(value(row, "scores")[0]["values"].as_array().unwrap().len(), 2);
    }
    // `eval`'s scores of persistence on the same clips; in these units the error is that of validation.
    let eval = ["eval", "persistence", "--json", "--split", "validation"];
    let evaluated = json(path, &[&eval[..], &TINY[..]].concat());
    let mse = evaluated["rows"][0]["summary"]["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|metric| metric["name"] == "mse");
    let (expected, found) = (
        mse.unwrap()["total"].as_f64().unwrap(),
        value(2, "validation_loss")["mean"].as_f64().unwrap(),
    );
    assert!((expected - found).abs() < 1e-5 * expected, "{expected} {found}");
    // The same clips in the same order, whatever the models' own configurations say.
    let [one, other] = ["ustep", "light"].map(|name| config(&all.join(name).join("seed-43")));
    for key in ["data", "eval"] {
        assert_eq!(one[key], other[key]);
    }
    for key in ["batch", "accumulate", "seed", "steps", "epochs"] {
        assert_eq!(one["train"][key], other["train"][key], "{key}");
    }
    assert_eq!(other["train"]["schedule"]["learning_rate"].as_float(), Some(2e-3));
    // Its own rate, which the one for all models does not replace, though it stands behind it.
    assert_eq!(one["train"]["schedule"]["learning_rate"].as_float(), Some(4e-3));
    // Its own preset, which the one for all models does not replace.
    assert_eq!(other["network"]["reassembly"].as_str(), Some("shuffle-first"));
    assert_eq!(one["network"]["spatial_depth"].as_integer(), Some(2));
    let page = std::fs::read_to_string(all.join("comparison.html")).unwrap();
    for part in [
        "light",
        "persistence",
        "light/seed-43/report.html",
        "<svg",
        "validation loss",
    ] {
        assert!(page.contains(part), "{part}");
    }

    // One run is missing, one was not evaluated: the others stay as they are.
    let before = outcome(&all);
    std::fs::remove_dir_all(all.join("light/seed-43")).unwrap();
    std::fs::remove_file(all.join("ustep/seed-43/eval/test.json")).unwrap();
    let text = succeed(path, &arguments(&own));
    assert!(text.contains("±") && text.contains("validation-by-steps.svg"), "{text}");
    let after = outcome(&all);
    assert_eq!(before.0[..3], after.0[..3]);
    assert_eq!(before.1, after.1);

    // Another learning rate.
    let message = refused(path, &arguments(&own[2..]));
    assert!(
        message.contains("light/seed-42/config.toml") && message.contains("--out"),
        "{message}"
    );
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    for (more, parts) in [
        (&["--set", "tau:train.clip_norm=1"][..], &["`tau`", "ustep, light"][..]),
        (&["--preset", "tau:kth"], &["--preset tau:kth", "ustep, light"]),
        (&["--preset", "light:kth-xxs"], &["kth-xs"]),
        (
            &["--preset", "kth-xs", "--preset", "moving-digits"],
            &["--preset moving-digits", "every model has a preset already"],
        ),
        (
            &["--preset", "light:kth-xs", "--preset", "light:kth-s"],
            &["--preset light:kth-s", "`light` has a preset already"],
        ),
        (
            &["--set", "light:train.batch=4"],
            &["train.batch=4", "the same for all"],
        ),
        (
            &["--set", "light:network.width=0"],
            &["`light` cannot take part", "network.width"],
        ),
        (&["--set", "train.patience=2"], &["train.patience"]),
        (&["advection"], &["`advection` cannot take part", "eval.against"]),
        (&["persistence"], &["leave it out"]),
        (&["../tau=tau"], &["../tau"]),
        (&["ustep=tau"], &["named twice"]),
    ] {
        let message = refused(folder.path(), &arguments(more));
        for part in parts {
            assert!(message.contains(part), "{more:?}: {message}");
        }
        assert!(!folder.path().join("all").exists(), "{more:?}");
    }
}
