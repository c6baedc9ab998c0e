//! Running the binary, and one small trained network for all tests.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use assert_cmd::Command;
use serde_json::Value;

/// Two steps on clips of 4 -> 2 frames of 16 x 16 pixels.
pub(crate) const TINY: [&str; 16] = [
    "--set",
    "data.size=16",
    "--set",
    "data.past=4",
    "--set",
    "data.future=2",
    "--set",
    "data.train_clips=8",
    "--set",
    "data.validation_clips=2",
    "--set",
    "data.test_clips=3",
    "--set",
    "train.batch=2",
    "--set",
    "data.digits=1",
];

/// `foreframe <arguments>` in `folder`.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("foreframe").unwrap();
    command.current_dir(folder).env("RUST_BACKTRACE", "1").args(arguments);
    command
}

/// Standard output of a call that must succeed.
pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The JSON document that a call writes.
pub(crate) fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(folder, arguments)).unwrap()
}

/// The message of a call that must be refused as a user's mistake: one line, no backtrace, nothing on standard output.
pub(crate) fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    for word in ["panicked", "backtrace", "RUST_"] {
        assert!(!message.contains(word), "{message}");
    }
    let errors = message.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{arguments:?}: {message}");
    message
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A run of the smallest network.
pub(crate) struct Trained {
    folder: tempfile::TempDir,
    /// Standard output of the training.
    pub(crate) stdout: String,
}

impl Trained {
    /// The run folder.
    pub(crate) fn run(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// The run folder, as an argument.
    pub(crate) fn argument(&self) -> String {
        self.run().display().to_string()
    }
}

/// Trained once for all tests; they only read it.
pub(crate) static TRAINED: LazyLock<Trained> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&["train", "ustep", "--steps", "2", "--out", "run"], &TINY[..]].concat();
    let stdout = succeed(folder.path(), &arguments);
    Trained { folder, stdout }
});

/// A `.npy` file of little-endian f32 values, or of whatever `kind` says.
pub(crate) fn write_npy(path: &Path, kind: &str, shape: &[usize], bytes: &[u8]) {
    let shape: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    std::fs::write(path, file).unwrap();
}

/// The size and values of an f32 `.npy` file.
pub(crate) fn read_npy(path: &Path) -> (String, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap();
    let end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..end].to_vec()).unwrap();
    assert!(header.contains("'<f4'"), "{header}");
    let shape = header
        .split_once("'shape': (")
        .unwrap()
        .1
        .split_once(')')
        .unwrap()
        .0
        .to_owned();
    let values = bytes[end..]
        .chunks_exact(4)
        .map(|value| f32::from_le_bytes(value.try_into().unwrap()))
        .collect();
    (shape, values)
}

/// The bytes of `len` values of a smooth field in 0..1.
pub(crate) fn field(len: usize) -> Vec<u8> {
    (0..len)
        .flat_map(|index| (0.5 + 0.5 * (index as f32 / 7.0).sin()).to_le_bytes())
        .collect()
}
