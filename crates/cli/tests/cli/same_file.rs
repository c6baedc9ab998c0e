//! Outputs that are inputs, or that would be read with them next time.

use std::fs;
use std::path::Path;

use crate::program::{TRAINED, field, refused, succeed, write_npy};

const FRAME: usize = 16 * 16;

/// Everything below a folder, with its content.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(content(&path)),
            false => found.push((path.display().to_string(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn no_verb_replaces_what_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let run = TRAINED.argument();
    fs::create_dir_all(path.join("data/deep")).unwrap();
    for name in ["clip.npy", "data/a.npy"] {
        write_npy(&path.join(name), "<f4", &[8, 1, 16, 16], &field(8 * FRAME));
    }
    succeed(path, &["export", &run, "-o", "weights.safetensors"]);
    fs::write(path.join("config.toml"), "[data]\npast = 2\n").unwrap();
    fs::hard_link(path.join("clip.npy"), path.join("hard.npy")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("clip.npy", path.join("soft.npy")).unwrap();
        std::os::unix::fs::symlink("data", path.join("link")).unwrap();
    }
    let before = content(path);
    let run_before = content(&TRAINED.run());
    let curves = format!("{run}/epochs.csv");
    let mut refusals: Vec<(&str, Vec<&str>)> = Vec::new();
    for output in ["clip.npy", "./data/../clip.npy", "hard.npy"] {
        refusals.push((output, vec!["forecast", &run, "-i", "clip.npy", "-o", output]));
        refusals.push((output, vec!["data", "convert", "clip.npy", "-o", output]));
        refusals.push((output, vec!["data", "show", "./clip.npy", "-o", output]));
    }
    for output in ["data/forecast.npy", "data/deep/forecast.npy"] {
        refusals.push((output, vec!["forecast", &run, "-i", "data", "-o", output]));
        refusals.push((output, vec!["data", "convert", "data", "-o", output]));
        refusals.push((output, vec!["data", "show", "data", "-o", output]));
        refusals.push((output, vec!["train", "stlight", "--data-path", "data", "--out", output]));
    }
    #[cfg(unix)]
    {
        refusals.push(("soft.npy", vec!["forecast", &run, "-i", "clip.npy", "-o", "soft.npy"]));
        refusals.push(("clip.npy", vec!["forecast", &run, "-i", "soft.npy", "-o", "clip.npy"]));
        refusals.push(("link/b.npy", vec!["data", "convert", "data", "-o", "link/b.npy"]));
        refusals.push(("data/b.npy", vec!["data", "convert", "link", "-o", "data/b.npy"]));
    }
    let import = ["import", "weights.safetensors", "--model", "ustep", "-o"];
    for output in ["weights.safetensors", "data/../weights.safetensors"] {
        refusals.push((output, [&import[..], &[output]].concat()));
    }
    let configured = ["--config", "config.toml", "-o", "config.toml"];
    refusals.push((
        "config.toml",
        [&["import", "weights.safetensors"], &configured[..]].concat(),
    ));
    refusals.push(("config.toml", [&["data", "show", "clip.npy"], &configured[..]].concat()));
    refusals.push((&curves, vec!["report", &run, "--beside", &run, "--curves", &curves]));
    for (output, arguments) in refusals {
        let message = refused(path, &arguments);
        assert!(
            message.contains(output) && message.contains("cannot write"),
            "{arguments:?}: {message}"
        );
    }
    assert_eq!(content(path), before);
    assert_eq!(content(&TRAINED.run()), run_before);
}

#[test]
fn weights_are_not_replaced_by_what_they_forecast() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let best = fs::read_to_string(TRAINED.run().join("checkpoints/best")).unwrap();
    let weights = TRAINED.run().join("checkpoints").join(best.trim()).join("network.bpk");
    fs::copy(weights, path.join("weights.bpk")).unwrap();
    for name in ["weights.npy", "weights.safetensors"] {
        fs::hard_link(path.join("weights.bpk"), path.join(name)).unwrap();
    }
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &field(4 * FRAME));
    let message = refused(
        path,
        &["forecast", "weights.bpk", "-i", "clip.npy", "-o", "weights.npy"],
    );
    assert!(
        message.contains("weights.npy") && message.contains("weights.bpk"),
        "{message}"
    );
    let message = refused(path, &["export", "weights.bpk", "-o", "weights.safetensors"]);
    assert!(
        message.contains("weights.safetensors") && message.contains("weights.bpk"),
        "{message}"
    );
    // An output beside the input is fine, also a second time.
    for _ in 0..2 {
        succeed(path, &["forecast", "weights.bpk", "-i", "clip.npy", "-o", "future.npy"]);
    }
}
