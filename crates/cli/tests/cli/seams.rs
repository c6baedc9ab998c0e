//! Where one command hands over to the next: what training read, scaled and stated must hold in all that follows.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use crate::program::{command, json, read_npy, refused, stderr, succeed, write_npy};

const FRAME: usize = 16 * 16;
const FRAMES: usize = 60;

/// A blob that drifts, 0..1.
fn blob(frame: usize, pixel: usize) -> f32 {
    let (row, column) = ((pixel / 16) as f32, (pixel % 16) as f32);
    let (y, x) = (
        8.0 + 5.0 * (frame as f32 / 9.0).sin(),
        8.0 + 5.0 * (frame as f32 / 7.0).cos(),
    );
    (-((row - y).powi(2) + (column - x).powi(2)) / 12.0).exp()
}

fn frames(frames: std::ops::Range<usize>, of: impl Fn(f32) -> f32) -> Vec<u8> {
    let values = frames.flat_map(|frame| (0..FRAME).map(move |pixel| blob(frame, pixel)));
    values.flat_map(|value| of(value).to_le_bytes()).collect()
}

fn kelvin(value: f32) -> f32 {
    266.0 + 35.0 * value
}

fn bytes(range: std::ops::Range<usize>) -> Vec<u8> {
    range
        .flat_map(|frame| (0..FRAME).map(move |pixel| (255.0 * blob(frame, pixel)).round() as u8))
        .collect()
}

const SMALL: [&str; 14] = [
    "--set",
    "data.past=4",
    "--set",
    "data.future=4",
    "--set",
    "train.batch=4",
    "--steps",
    "3",
    "--set",
    "network.spatial_channels=4",
    "--set",
    "network.temporal_channels=8",
    "--set",
    "network.temporal_depth=2",
];

fn train(folder: &Path, model: &str, data: &str, out: &str, more: &[&str]) {
    let data = folder.join(data).display().to_string();
    let base = ["train", model, "--data-path", &data, "--out", out];
    let sizes: &[&str] = if model == "simvp" { &SMALL } else { &SMALL[..8] };
    succeed(folder, &[&base[..], sizes, more].concat());
}

/// Runs on kelvin and on bytes, which the tests only read.
static RUNS: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_npy(
        &path.join("kelvin.npy"),
        "<f4",
        &[FRAMES, 1, 16, 16],
        &frames(0..FRAMES, kelvin),
    );
    write_npy(&path.join("bytes.npy"), "|u1", &[FRAMES, 1, 16, 16], &bytes(0..FRAMES));
    train(path, "simvp", "kelvin.npy", "kelvin", &[]);
    train(path, "simvp", "bytes.npy", "bytes", &["--set", "data.step=2"]);
    train(
        path,
        "convlstm",
        "kelvin.npy",
        "recurrent",
        &["--set", "network.widths=[4]", "--set", "network.patch=2"],
    );
    folder
});

fn run(name: &str) -> String {
    RUNS.path().join(name).display().to_string()
}

fn warned(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

fn range(values: &[f32]) -> [f32; 2] {
    values.iter().fold([f32::MAX, f32::MIN], |[low, high], value| {
        [low.min(*value), high.max(*value)]
    })
}

#[test]
fn forecasts_are_physical_and_other_scales_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), run("kelvin"));
    write_npy(&path.join("past.npy"), "<f4", &[4, 1, 16, 16], &frames(0..4, kelvin));
    let quiet = warned(path, &["forecast", &run, "-i", "past.npy", "-o", "out.npy"]);
    assert!(!quiet.contains("values reach"), "{quiet}");
    let [low, high] = range(&read_npy(&path.join("out.npy")).1);
    assert!(low > 200.0 && high < 360.0, "{low} to {high} K");
    write_npy(
        &path.join("raw.npy"),
        "<f4",
        &[4, 1, 16, 16],
        &frames(0..4, |value| value),
    );
    let warning = warned(path, &["forecast", &run, "-i", "raw.npy", "-o", "out.npy"]);
    assert!(warning.contains("those of training reached from 266"), "{warning}");
    // In the units of the network nothing is scaled: its answer to the physical frames, scaled by hand, is the same.
    succeed(path, &["forecast", &run, "-i", "past.npy", "-o", "physical.npy"]);
    let header = json(path, &["eval", &run, "--json"]);
    assert_eq!(header["data"], "files");
    let config = fs::read_to_string(Path::new(&run).join("config.toml")).unwrap();
    assert!(config.contains("normalize = \"auto\""));
    succeed(
        path,
        &["forecast", &run, "-i", "raw.npy", "-o", "network.npy", "--normalized"],
    );
    let [low, high] = range(&read_npy(&path.join("network.npy")).1);
    assert!(low > -30.0 && high < 30.0, "{low} to {high}");
}

#[test]
fn bytes_are_divided_as_in_training_and_every_second_frame_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), run("bytes"));
    write_npy(&path.join("past.npy"), "|u1", &[7, 1, 16, 16], &bytes(0..7));
    // The same as 0..1, the frames that are looked at alone.
    let every_second: Vec<u8> = [0, 2, 4, 6]
        .into_iter()
        .flat_map(|frame| bytes(frame..frame + 1))
        .collect();
    let scaled: Vec<u8> = every_second
        .iter()
        .flat_map(|byte| (f32::from(*byte) / 255.0).to_le_bytes())
        .collect();
    write_npy(&path.join("scaled.npy"), "<f4", &[4, 1, 16, 16], &scaled);
    succeed(path, &["forecast", &run, "-i", "past.npy", "-o", "out.npy"]);
    succeed(
        path,
        &[
            "forecast",
            &run,
            "-i",
            "scaled.npy",
            "-o",
            "same.npy",
            "--set",
            "data.step=1",
        ],
    );
    assert_eq!(read_npy(&path.join("out.npy")), read_npy(&path.join("same.npy")));
    let message = refused(path, &["forecast", &run, "-i", "scaled.npy", "-o", "no.npy"]);
    assert!(message.contains("give 7 frames or more"), "{message}");
    write_npy(&path.join("words.npy"), "<i8", &[7, 1, 16, 16], &[0; 7 * FRAME * 8]);
    let message = refused(path, &["forecast", &run, "-i", "words.npy", "-o", "no.npy"]);
    assert!(
        message.contains("<i8") && message.contains("divided by 255"),
        "{message}"
    );
    // `data.step` is not applied twice to a sample that a run wrote.
    let sample = format!("{run}/samples/test-0-past.npy");
    succeed(path, &["forecast", &run, "-i", &sample, "-o", "of-sample.npy"]);
    assert_eq!(read_npy(&path.join("of-sample.npy")).0, "4, 1, 16, 16");
}

#[test]
fn other_data_are_evaluated_by_the_scale_of_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), run("kelvin"));
    // Colder and with half the spread: its own scale would hide both.
    let other = |value| 230.0 + 17.0 * value;
    write_npy(
        &path.join("other.npy"),
        "<f4",
        &[FRAMES, 1, 16, 16],
        &frames(0..FRAMES, other),
    );
    let mse = |more: &[&str]| {
        let arguments = [&["eval", &run, "--data-path", "other.npy", "--json"][..], more].concat();
        let rows = json(path, &arguments);
        let metrics = rows["rows"][0]["summary"]["metrics"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mse = metrics.iter().find(|metric| metric["name"] == "mse").cloned();
        mse.unwrap_or_else(|| panic!("{rows}"))["total"].as_f64().unwrap()
    };
    let by_weights = mse(&[]);
    let by_data = mse(&["--set", "eval.normalization=data"]);
    assert!((by_weights - by_data).abs() > 1e-3 * by_data, "{by_weights}, {by_data}");
    // The same by hand: what the network forecasts of the first test clip's past, read from a file.
    let first = 60 - 8;
    write_npy(
        &path.join("past.npy"),
        "<f4",
        &[4, 1, 16, 16],
        &frames(first..first + 4, other),
    );
    succeed(path, &["forecast", &run, "-i", "past.npy", "-o", "out.npy"]);
    let (_, forecast) = read_npy(&path.join("out.npy"));
    let truth = (first + 4..first + 8).flat_map(|frame| (0..FRAME).map(move |pixel| other(blob(frame, pixel))));
    let by_hand = forecast
        .iter()
        .zip(truth)
        .map(|(a, b)| f64::from(a - b).powi(2))
        .sum::<f64>()
        / (4 * FRAME) as f64;
    assert!((by_hand - by_weights).abs() < 1e-3 * by_hand, "{by_hand}, {by_weights}");
}

#[test]
fn imported_weights_have_the_scale_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), run("kelvin"));
    succeed(path, &["export", &run, "-o", "w.safetensors", "--names", "published"]);
    let config = format!("{run}/config.toml");
    let import = |more: &[&str]| {
        let base = [
            "import",
            "w.safetensors",
            "--config",
            &config,
            "-o",
            "w.bpk",
            "--clip",
            "4,4,1,16,16",
        ];
        succeed(path, &[&base[..], more].concat());
    };
    write_npy(&path.join("past.npy"), "<f4", &[4, 1, 16, 16], &frames(0..4, kelvin));
    let forecast = |target: &str, output: &str| {
        succeed(path, &["forecast", target, "-i", "past.npy", "-o", output]);
        read_npy(&path.join(output))
    };
    let expected = forecast(&run, "of-run.npy");
    let data = RUNS.path().join("kelvin.npy").display().to_string();
    import(&["--normalize", &data]);
    assert_eq!(forecast("w.bpk", "of-import.npy"), expected);
    import(&["--normalize", "266,35", "--unit", "K"]);
    assert_ne!(forecast("w.bpk", "of-numbers.npy"), expected);
    let warning = warned(path, &["eval", "w.bpk", "--data-path", &data, "--json"]);
    assert!(
        !warning.contains("do not say how their values were normalized"),
        "{warning}"
    );
    import(&[]);
    let warning = warned(path, &["eval", "w.bpk", "--data-path", &data, "--json"]);
    assert!(
        warning.contains("do not say how their values were normalized"),
        "{warning}"
    );
    let base = [
        "import",
        "w.safetensors",
        "--config",
        &config,
        "-o",
        "x.bpk",
        "--clip",
        "4,4,1,16,16",
    ];
    for (value, expected) in [
        ("1,0", "std"),
        ("1,2,3", "a mean and a standard deviation"),
        ("no.npy", "no.npy"),
    ] {
        let message = refused(path, &[&base[..], &["--normalize", value]].concat());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn images_show_the_range_of_training() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), run("kelvin"));
    write_npy(&path.join("past.npy"), "<f4", &[4, 1, 16, 16], &frames(0..4, kelvin));
    succeed(path, &["forecast", &run, "-i", "past.npy", "-o", "pictures"]);
    let scale: serde_json::Value =
        serde_json::from_slice(&fs::read(path.join("pictures/scale.json")).unwrap()).unwrap();
    assert!((scale["black"].as_f64().unwrap() - 266.0).abs() < 1.0, "{scale}");
    succeed(
        path,
        &["forecast", &run, "-i", "past.npy", "-o", "other", "--range", "200,400"],
    );
    let bytes = |name: &str| fs::read(path.join(name).join("frame-0000.png")).unwrap();
    assert_ne!(bytes("pictures"), bytes("other"));
    let message = refused(
        path,
        &[
            "forecast",
            "persistence",
            "-i",
            "past.npy",
            "-o",
            "no",
            "--horizon",
            "2",
        ],
    );
    assert!(message.contains("--range"), "{message}");
}

#[test]
fn models_without_weights_need_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_npy(&path.join("past.npy"), "<f4", &[4, 1, 16, 16], &frames(0..4, kelvin));
    for model in ["persistence", "advection"] {
        succeed(
            path,
            &["forecast", model, "-i", "past.npy", "-o", "out.npy", "--horizon", "3"],
        );
        let (shape, values) = read_npy(&path.join("out.npy"));
        assert_eq!(shape, "3, 1, 16, 16");
        let [low, high] = range(&values);
        assert!(low > 200.0 && high < 360.0, "{low} to {high} K");
        if model == "persistence" {
            assert_eq!(
                values[..FRAME],
                (0..FRAME).map(|pixel| kelvin(blob(3, pixel))).collect::<Vec<_>>()
            );
        }
    }
    let message = refused(path, &["forecast", "persistence", "-i", "past.npy", "-o", "out.npy"]);
    assert!(message.contains("--horizon"), "{message}");
    let message = refused(path, &["forecast", "ustep", "-i", "past.npy", "-o", "out.npy"]);
    assert!(message.contains("has to be trained first"), "{message}");
}

#[test]
fn any_past_and_larger_frames_where_the_network_can() {
    let folder = tempfile::tempdir().unwrap();
    let (path, recurrent, fixed) = (folder.path(), run("recurrent"), run("kelvin"));
    write_npy(&path.join("one.npy"), "<f4", &[1, 1, 16, 16], &frames(0..1, kelvin));
    write_npy(&path.join("six.npy"), "<f4", &[6, 1, 16, 16], &frames(0..6, kelvin));
    let warning = warned(path, &["forecast", &recurrent, "-i", "one.npy", "-o", "out.npy"]);
    assert!(warning.contains("looks at 1 of 16x16 here"), "{warning}");
    succeed(
        path,
        &[
            "forecast",
            &recurrent,
            "-i",
            "six.npy",
            "-o",
            "six-out.npy",
            "--past",
            "6",
        ],
    );
    succeed(path, &["forecast", &recurrent, "-i", "six.npy", "-o", "four-out.npy"]);
    assert_ne!(
        read_npy(&path.join("six-out.npy")),
        read_npy(&path.join("four-out.npy"))
    );
    let message = refused(
        path,
        &["forecast", &fixed, "-i", "six.npy", "-o", "no.npy", "--past", "6"],
    );
    assert!(
        message.contains("simvp") && message.contains("train a network for this size"),
        "{message}"
    );
    let wide: Vec<u8> = (0..4 * 16 * 32)
        .flat_map(|at| kelvin((at % 37) as f32 / 37.0).to_le_bytes())
        .collect();
    write_npy(&path.join("wide.npy"), "<f4", &[4, 1, 16, 32], &wide);
    for run in [&recurrent, &fixed] {
        let warning = warned(path, &["forecast", run, "-i", "wide.npy", "-o", "wide-out.npy"]);
        assert!(warning.contains("16x32"), "{warning}");
        assert_eq!(read_npy(&path.join("wide-out.npy")).0, "4, 1, 16, 32");
    }
}

#[test]
fn what_was_never_observed_is_undefined() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let holes = |range: std::ops::Range<usize>| -> Vec<u8> {
        let hole = |frame: usize, pixel: usize| {
            if pixel < 16 {
                f32::NAN
            } else {
                kelvin(blob(frame, pixel))
            }
        };
        let values = range.flat_map(move |frame| (0..FRAME).map(move |pixel| hole(frame, pixel)));
        values.flat_map(f32::to_le_bytes).collect()
    };
    write_npy(&path.join("holes.npy"), "<f4", &[FRAMES, 1, 16, 16], &holes(0..FRAMES));
    train(path, "simvp", "holes.npy", "run", &["--set", "data.missing=mask"]);
    write_npy(&path.join("past.npy"), "<f4", &[4, 1, 16, 16], &holes(0..4));
    succeed(path, &["forecast", "run", "-i", "past.npy", "-o", "out.npy"]);
    let (_, values) = read_npy(&path.join("out.npy"));
    for frame in values.chunks(FRAME) {
        let undefined: Vec<bool> = frame.iter().map(|value| value.is_nan()).collect();
        assert!(undefined[..16].iter().all(|nan| *nan) && undefined[16..].iter().all(|nan| !*nan));
    }
}
