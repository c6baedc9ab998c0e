//! `score`: forecasts in files, whoever made them.

use std::path::Path;

use safetensors::SafeTensors;
use serde_json::Value;

use crate::program::{TRAINED, field, json, refused, succeed, write_npy};

/// Shared with the tests of the scores.
#[path = "../../../metrics/tests/public/frames.rs"]
mod frames;

const FRAME: usize = 16 * 16;

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn values(bytes: &[u8]) -> Vec<f32> {
    let values = bytes.chunks_exact(4);
    values
        .map(|value| f32::from_le_bytes(value.try_into().unwrap()))
        .collect()
}

/// Three clips of 4 -> 2 frames, whole and in two parts.
fn clips(folder: &Path, change: impl Fn(&mut Vec<f32>)) {
    let mut all = values(&field(3 * 6 * FRAME));
    change(&mut all);
    let part = |from: usize, to: usize| -> Vec<f32> {
        let clips = all.chunks(6 * FRAME);
        clips
            .flat_map(|clip| &clip[from * FRAME..to * FRAME])
            .copied()
            .collect()
    };
    for (name, [from, to]) in [("all.npy", [0, 6]), ("past.npy", [0, 4]), ("truth.npy", [4, 6])] {
        let shape = [3, to - from, 1, 16, 16];
        write_npy(&folder.join(name), "<f4", &shape, &bytes(&part(from, to)));
    }
}

fn summary<'a>(comparison: &'a Value, model: &str) -> &'a Value {
    let rows = comparison["rows"].as_array().unwrap();
    &rows.iter().find(|row| row["model"] == model).unwrap()["summary"]
}

fn metric<'a>(comparison: &'a Value, model: &str, name: &str) -> &'a Value {
    let metrics = summary(comparison, model)["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == name).unwrap()
}

const EVENTS: [&str; 4] = [
    "--set",
    "eval.scores.thresholds=[0.25, 0.75, 2]",
    "--set",
    "eval.scores.fss_scales=[1, 5]",
];

/// `eval` of every clip of a file, `forecast` and `score` of the same clips.
#[test]
fn forecasts_of_a_network_have_the_scores_that_eval_gives_them() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    clips(path, |_| {});
    let eval = ["eval", &run, "--data-path", "all.npy", "--split", "all", "--json"];
    let unit = ["--set", "data.normalize=none"];
    let evaluated = json(path, &[&eval[..], &unit, &EVENTS].concat());
    assert_eq!(evaluated["split"], "all");
    assert_eq!(summary(&evaluated, "ustep")["clips"], 3);
    succeed(path, &["forecast", &run, "-i", "past.npy", "-o", "out.npy"]);
    let score = [
        "score",
        "out.npy",
        "truth.npy",
        "--past",
        "past.npy",
        "--against",
        "past.npy",
    ];
    let message = refused(path, &score);
    assert!(
        message.contains("`past.npy` is [3, 4, 1, 16, 16], but `truth.npy` is [3, 2, 1, 16, 16]"),
        "{message}"
    );
    let scored = json(
        path,
        &[
            &score[..5],
            &["--name", "ustep", "--json", "--report", "page.html"],
            &EVENTS,
        ]
        .concat(),
    );
    for model in ["ustep", "persistence"] {
        let (own, others) = (summary(&scored, model), summary(&evaluated, model));
        assert_eq!(own["metrics"], others["metrics"], "{model}");
        assert_eq!(own["clips"], others["clips"]);
    }
    assert_eq!(scored["skill"], evaluated["skill"]);
    let page = std::fs::read_to_string(path.join("page.html")).unwrap();
    for part in ["Scores on truth.npy", "csi_0.25", "persistence", "<svg", "By lead time"] {
        assert!(page.contains(part), "{part}");
    }
    let text = succeed(path, &score[..5]);
    for part in [
        "truth.npy, 3 clips",
        "out",
        "against persistence",
        "as they are in the files",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_is_missing_counts_nowhere_and_persistence_is_that_of_eval() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    let frame = |clip: usize, frame: usize| (6 * clip + frame) * FRAME;
    // A row of the newest frame, a pixel of the whole past, half of a frame of the truth.
    clips(path, |all| {
        all[frame(0, 3)..][..16].fill(f32::NAN);
        (0..4).for_each(|time| all[frame(1, time) + 40] = f32::NAN);
        all[frame(2, 5)..][..128].fill(f32::NAN);
    });
    let eval = ["eval", &run, "--data-path", "all.npy", "--split", "all", "--json"];
    let masked = ["--set", "data.normalize=none", "--set", "data.missing=mask"];
    let evaluated = json(path, &[&eval[..], &masked].concat());
    // A forecast need not know what nobody knows.
    let mut forecast = vec![0.5; 6 * FRAME];
    forecast[5 * FRAME..][..128].fill(f32::NAN);
    write_npy(&path.join("half.npy"), "<f4", &[3, 2, 1, 16, 16], &bytes(&forecast));
    let score = ["score", "half.npy", "truth.npy", "--past", "past.npy", "--json"];
    let message = refused(path, &score);
    assert!(
        message.contains("`past.npy` never has a value in clip 1, frame 0, channel 0, row 2, column 8")
            && message.contains("--weights"),
        "{message}"
    );
    let scored = json(path, &[&score[..], &["--weights", &run]].concat());
    assert_eq!(
        summary(&scored, "persistence")["metrics"],
        summary(&evaluated, "persistence")["metrics"]
    );
    assert_eq!(summary(&scored, "half")["missing_share"], 1.0 - 1408.0 / 1536.0);
    forecast[3 * FRAME + 17] = f32::NAN;
    write_npy(&path.join("half.npy"), "<f4", &[3, 2, 1, 16, 16], &bytes(&forecast));
    let message = refused(path, &["score", "half.npy", "truth.npy"]);
    assert!(
        message.contains("`half.npy` holds no value (NaN) in clip 1, frame 1, channel 0, row 1, column 1"),
        "{message}"
    );
    forecast[3 * FRAME + 17] = f32::INFINITY;
    write_npy(&path.join("half.npy"), "<f4", &[3, 2, 1, 16, 16], &bytes(&forecast));
    let message = refused(path, &["score", "half.npy", "truth.npy"]);
    assert!(
        message.contains("half.npy") && message.contains("clip 1, frame 1"),
        "{message}"
    );
}

#[test]
fn events_have_the_scores_of_pysteps() {
    let expected = frames::expected();
    let size = |key: &str| expected[key].as_u64().unwrap() as usize;
    let (clips, lead_times, height, width) = (size("clips"), size("lead_times"), size("height"), size("width"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let pairs = |side: usize| -> Vec<f32> {
        (0..clips as u32)
            .flat_map(|clip| frames::pair(clip, lead_times as u32, height, width)[side].clone())
            .map(|value| value as f32)
            .collect()
    };
    for (side, name) in ["pysteps.npy", "truth.npy"].into_iter().enumerate() {
        let shape = [clips, lead_times, 1, height, width];
        write_npy(&path.join(name), "<f4", &shape, &bytes(&pairs(side)));
    }
    let set = |key: &str, of: &str| format!("eval.scores.{key}={}", expected[of]);
    let (thresholds, scales) = (set("thresholds", "thresholds"), set("fss_scales", "scales"));
    let score = [
        "score",
        "pysteps.npy",
        "truth.npy",
        "--json",
        "--set",
        &thresholds,
        "--set",
        &scales,
    ];
    let found = json(path, &score);
    let close = |found: &Value, expected: &Value, name: &str| match expected.as_f64() {
        Some(expected) => assert!((found.as_f64().unwrap() - expected).abs() < 1e-11, "{name}: {found}"),
        None => assert_eq!(found, "nan", "{name}"),
    };
    let scores = expected["scores"].as_object().unwrap();
    assert_eq!(scores.len(), 36);
    for (name, expected) in scores {
        let found = metric(&found, "pysteps", name);
        close(&found["total"], &expected["total"], name);
        let pairs = found["per_lead_time"].as_array().unwrap().iter();
        pairs
            .zip(expected["per_lead_time"].as_array().unwrap())
            .for_each(|(found, expected)| close(found, expected, name));
    }
}

#[test]
fn errors_and_similarities_are_those_of_openstl() {
    for name in ["no_denorm", "rgb"] {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/metrics");
        let text = std::fs::read_to_string(golden.join(format!("{name}.json"))).unwrap();
        let expected: Value = serde_json::from_str(&text.replace("Infinity", "\"inf\"")).unwrap();
        let tensors = std::fs::read(golden.join(format!("{name}.safetensors"))).unwrap();
        let tensors = SafeTensors::deserialize(&tensors).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (file, tensor) in [("forecast.npy", "pred"), ("truth.npy", "true")] {
            let tensor = tensors.tensor(tensor).unwrap();
            write_npy(&folder.path().join(file), "<f4", tensor.shape(), tensor.data());
        }
        let found = json(folder.path(), &["score", "forecast.npy", "truth.npy", "--json"]);
        for score in ["mse", "mae", "rmse", "ssim", "psnr"] {
            let found = metric(&found, "forecast", &format!("openstl_{score}"))["total"]
                .as_f64()
                .unwrap();
            let expected = expected["result"][score].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 4e-7 * expected.abs().max(1.0),
                "{name} {score}: {found}"
            );
        }
    }
}

#[test]
fn files_that_do_not_go_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, kind: &str, shape: &[usize]| {
        let size = if kind == "|u1" { 1 } else { 4 };
        write_npy(
            &path.join(name),
            kind,
            shape,
            &vec![0; size * shape.iter().product::<usize>()],
        );
    };
    write("a.npy", "<f4", &[2, 8, 8]);
    write("truth.npy", "<f4", &[2, 1, 8, 8]);
    write("long.npy", "<f4", &[3, 8, 8]);
    write("wide.npy", "<f4", &[2, 1, 8, 9]);
    write("bytes.npy", "|u1", &[2, 8, 8]);
    std::fs::create_dir(path.join("other")).unwrap();
    write("other/a.npy", "<f4", &[2, 8, 8]);
    let score = |more: &[&'static str]| [&["score", "a.npy", "truth.npy"], more].concat();
    // Three axes are those of one channel.
    assert!(succeed(path, &score(&[])).contains("truth.npy, 1 clip\n"));
    for (more, words) in [
        (
            &["--against", "long.npy"][..],
            "`long.npy` is [1, 3, 1, 8, 8], but `truth.npy` is [1, 2, 1, 8, 8]",
        ),
        (
            &["--past", "wide.npy"],
            "`wide.npy` is [1, 2, 1, 8, 9], but `truth.npy`",
        ),
        (&["--against", "nothing.npy"], "nothing.npy"),
        (
            &["--against", "bytes.npy"],
            "`bytes.npy` holds bytes, but `truth.npy` no bytes",
        ),
        (&["--against", "other/a.npy"], "two rows would be called `a`"),
        (
            &["--name", "persistence", "--past", "long.npy"],
            "two rows would be called `persistence`",
        ),
        (&["--name", "b", "--name", "c"], "there are 2 names for 1 forecasts"),
        (&["--set", "train.batch=2"], "only keys of `data` and `eval.scores`"),
        (&["--set", "eval.scores.threshold=[1.0]"], "did you mean"),
        (&["--set", "eval.scores.latitudes=[1, 2, 3]"], "frames have 8 rows"),
        (&["--set", "data.normalize=z-score"], "use none, or scale"),
        (&["--fvd-weights", "i3d.pt"], "add --past"),
        (&["--report", "nowhere/page.html"], "no folder `nowhere`"),
        (&["--weights", "run"], "--past"),
    ] {
        let message = refused(path, &score(more));
        assert!(message.contains(words), "{more:?}: {message}");
    }
    let scaled = ["--against", "bytes.npy", "--set", "data.normalize=scale", "--json"];
    let rows = json(path, &score(&scaled))["rows"].clone();
    assert_eq!((&rows[0]["model"], &rows[1]["model"]), (&"a".into(), &"bytes".into()));
}

/// A forecast called `climatology` says what is normal, as the model of that name does in `eval`.
#[test]
fn anomalies_are_those_from_a_climatology() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, values: [f32; 4]| {
        write_npy(&folder.path().join(name), "<f4", &[1, 2, 2], &bytes(&values));
    };
    write("forecast.npy", [1.0, 2.0, 0.0, 1.0]);
    write("truth.npy", [2.0, 1.0, 0.0, 1.0]);
    write("climatology.npy", [0.0, 0.0, 0.0, 1.0]);
    let score = [
        "score",
        "forecast.npy",
        "truth.npy",
        "--against",
        "climatology.npy",
        "--json",
    ];
    let found = json(folder.path(), &score);
    let acc = metric(&found, "forecast", "acc")["total"].as_f64().unwrap();
    assert!((acc - 4.0 / 5.0).abs() < 1e-12, "{acc}");
}
