//! `forecast` and `export` with a trained network.

use std::path::Path;

use crate::program::{TINY, TRAINED, field, read_npy, refused, succeed, write_npy};

const FRAME: usize = 16 * 16;

fn forecast(folder: &Path, weights: &str, input: &str, more: &[&str], output: &str) -> String {
    succeed(
        folder,
        &[&["forecast", weights, "--input", input, "--output", output], more].concat(),
    )
}

#[test]
fn the_layout_of_the_input_is_that_of_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &field(4 * FRAME));
    write_npy(&path.join("plain.npy"), "<f4", &[4, 16, 16], &field(4 * FRAME));
    let batch = [field(4 * FRAME), field(4 * FRAME)].concat();
    write_npy(&path.join("batch.npy"), "<f4", &[2, 4, 1, 16, 16], &batch);
    forecast(path, &run, "clip.npy", &["--horizon", "5"], "out.npy");
    let (shape, clip) = read_npy(&path.join("out.npy"));
    assert_eq!((shape.as_str(), clip.len()), ("5, 1, 16, 16", 5 * FRAME));
    assert!(clip.iter().all(|value| value.is_finite()));
    forecast(path, &run, "plain.npy", &[], "plain-out.npy");
    let (shape, plain) = read_npy(&path.join("plain-out.npy"));
    assert_eq!((shape.as_str(), &plain[..]), ("2, 16, 16", &clip[..2 * FRAME]));
    forecast(path, &run, "batch.npy", &["--horizon", "5"], "batch-out.npy");
    let (shape, batch) = read_npy(&path.join("batch-out.npy"));
    assert_eq!(shape, "2, 5, 1, 16, 16");
    for half in batch.chunks(5 * FRAME) {
        let furthest = half.iter().zip(&clip).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 1e-5, "the same clip in a batch is forecast {furthest} away");
    }
}

#[test]
fn of_a_longer_past_the_newest_frames_count() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    let newest = field(4 * FRAME);
    write_npy(
        &path.join("long.npy"),
        "<f4",
        &[6, 1, 16, 16],
        &[vec![0; 8 * FRAME], newest.clone()].concat(),
    );
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &newest);
    let arguments = ["forecast", &run, "-i", "long.npy", "-o", "long-out.npy"];
    let output = crate::program::command(path, &arguments).output().unwrap();
    assert!(output.status.success());
    assert!(crate::program::stderr(&output).contains("the last 4 are used"));
    forecast(path, &run, "clip.npy", &[], "out.npy");
    assert_eq!(read_npy(&path.join("long-out.npy")), read_npy(&path.join("out.npy")));
    write_npy(&path.join("short.npy"), "<f4", &[3, 1, 16, 16], &newest[..12 * FRAME]);
    let message = refused(path, &["forecast", &run, "-i", "short.npy", "-o", "no.npy"]);
    assert!(
        message.contains("short.npy") && message.contains("4 frames or more"),
        "{message}"
    );
    assert!(!path.join("no.npy").exists());
}

#[test]
fn images_go_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &field(4 * FRAME));
    forecast(path, &run, "clip.npy", &["--horizon", "6"], "frames");
    assert_eq!(std::fs::read_dir(path.join("frames")).unwrap().count(), 6);
    forecast(path, &run, "frames", &["--horizon", "3"], "film.gif");
    assert!(std::fs::read(path.join("film.gif")).unwrap().starts_with(b"GIF8"));
    let message = refused(path, &["forecast", &run, "-i", "frames", "-o", "frames"]);
    assert!(message.contains("not an empty folder"), "{message}");
    // GIFs have colors, this network sees one channel.
    let message = refused(path, &["forecast", &run, "-i", "film.gif", "-o", "out.npy"]);
    assert!(message.contains("film.gif"), "{message}");
}

#[test]
fn exported_weights_come_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = (folder.path(), TRAINED.argument());
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &field(4 * FRAME));
    succeed(
        path,
        &["export", &run, "-o", "weights.safetensors", "--names", "published"],
    );
    let config = TRAINED.run().join("config.toml").display().to_string();
    let import = [
        "import",
        "weights.safetensors",
        "--config",
        &config,
        "-o",
        "weights.bpk",
    ];
    assert!(succeed(path, &import).contains(" 0 skipped"));
    forecast(path, &run, "clip.npy", &[], "of-run.npy");
    forecast(path, "weights.bpk", "clip.npy", &[], "of-import.npy");
    assert_eq!(
        read_npy(&path.join("of-run.npy")),
        read_npy(&path.join("of-import.npy"))
    );
    succeed(path, &["export", "weights.bpk", "-o", "ours.safetensors"]);
    let bytes = std::fs::read(path.join("ours.safetensors")).unwrap();
    let names = safetensors::SafeTensors::deserialize(&bytes).unwrap().len();
    let bytes = std::fs::read(path.join("weights.safetensors")).unwrap();
    assert_eq!(names, safetensors::SafeTensors::deserialize(&bytes).unwrap().len());
    assert!(refused(path, &["export", &run, "-o", "weights.bin"]).contains(".safetensors"));
}

/// Each step of a recurrence has its own running statistics, and published files have room for one set.
#[test]
fn statistics_that_no_published_file_has_are_not_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let arguments = [
        "train",
        "ustep",
        "--steps",
        "1",
        "--out",
        "run",
        "--set",
        "network.micro_segment=1",
    ];
    succeed(path, &[&arguments[..], &TINY[..]].concat());
    let export = |names: &'static str| ["export", "run", "-o", "weights.safetensors", "--names", names];
    let message = refused(path, &export("published"));
    assert!(
        message.contains("running_mean") && message.contains("network.statistics"),
        "{message}"
    );
    assert!(!path.join("weights.safetensors").exists());
    succeed(path, &export("ours"));
    let bytes = std::fs::read(path.join("weights.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut means = tensors.iter().filter(|(name, _)| name.ends_with("running_mean"));
    assert!(means.all(|(_, mean)| mean.shape()[0] == 2));
}
