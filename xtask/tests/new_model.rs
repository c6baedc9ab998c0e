//! `new-model` on a copy of the files it touches.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const EDITED: [(&str, &str); 5] = [
    (
        "Cargo.toml",
        "foreframe-conv-lstm = { path = \"crates/models/conv-lstm\", version = \"0.1.0\" }",
    ),
    ("crates/zoo/Cargo.toml", "foreframe-conv-lstm.workspace = true"),
    (
        "crates/zoo/src/lib.rs",
        "    Model::of::<foreframe_conv_lstm::ConvLstm>(),",
    ),
    ("crates/zoo/src/recommended.rs", "    \"moving-digits/conv_lstm.toml\","),
    ("docs/src/SUMMARY.md", "- [Conv Lstm](models/conv_lstm.md)"),
];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn original(path: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path))
}

fn copy() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, _) in EDITED {
        let copy = dir.path().join(path);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::write(copy, original(path)).unwrap();
    }
    fs::write(dir.path().join("rustfmt.toml"), original("rustfmt.toml")).unwrap();
    dir
}

fn new_model(dir: &Path, name: &str) -> assert_cmd::assert::Assert {
    Command::cargo_bin("xtask")
        .unwrap()
        .args(["new-model", name, "--dir"])
        .arg(dir)
        .assert()
}

#[test]
fn a_model_is_one_crate_and_one_line_where_it_is_named() {
    let dir = copy();
    new_model(dir.path(), "conv_lstm").success();
    for (path, line) in EDITED {
        let (before, after) = (original(path), read(&dir.path().join(path)));
        let rest: Vec<&str> = after.lines().filter(|found| *found != line).collect();
        assert_eq!(rest, before.lines().collect::<Vec<_>>(), "{path}");
        assert_eq!(after.lines().count(), before.lines().count() + 1, "{path}");
    }
    for path in [
        "crates/models/conv-lstm/Cargo.toml",
        "crates/models/conv-lstm/README.md",
        "crates/models/conv-lstm/src/lib.rs",
        "crates/models/conv-lstm/src/config.rs",
        "crates/models/conv-lstm/src/model.rs",
        "crates/models/conv-lstm/tests/network.rs",
        "crates/zoo/configs/moving-digits/conv_lstm.toml",
        "docs/src/models/conv_lstm.md",
    ] {
        let text = read(&dir.path().join(path));
        assert!(!text.contains("__"), "{path} has a placeholder left: {text}");
        assert!(
            ["conv-lstm", "conv_lstm", "ConvLstm", "Conv Lstm"]
                .iter()
                .any(|name| text.contains(name)),
            "{path}"
        );
    }
}

#[test]
fn a_taken_or_impossible_name_changes_nothing() {
    let dir = copy();
    for (name, reason) in [
        ("zoo", "taken"),
        ("Conv", "cannot name a model"),
        ("../up", "cannot name a model"),
    ] {
        let output = new_model(dir.path(), name).code(2).get_output().clone();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(reason) && message.contains(name), "{message}");
    }
    for (path, _) in EDITED {
        assert_eq!(read(&dir.path().join(path)), original(path));
    }
    assert!(!dir.path().join("crates/zoo/configs").exists());
}

#[test]
fn an_unknown_backend_or_command_is_a_mistake_without_a_build() {
    for (arguments, named) in [
        (["train", "ustep", "--backend", "tpu"], "vulkan"),
        (["trian", "ustep", "--backend", "flex"], "trian"),
    ] {
        let output = Command::cargo_bin("xtask")
            .unwrap()
            .args(arguments)
            .assert()
            .code(2)
            .get_output()
            .clone();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(named) && message.lines().count() == 1, "{message}");
    }
}
