//! Builds the binary `foreframe` for the backend that is asked for, and becomes it.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::backend;
use crate::workspace::Workspace;

/// The verbs of the binary, which are the same here.
const VERBS: [&str; 12] = [
    "list",
    "show",
    "data",
    "train",
    "eval",
    "score",
    "forecast",
    "import",
    "export",
    "bench",
    "report",
    "completions",
];

pub(crate) const VERBS_HELP: &str = "\
Verbs of Foreframe itself (release build, then run with the same arguments; `--backend` picks the Cargo features):
  list show data train eval score forecast import export bench report completions

Examples:
  cargo xtask train ustep
  cargo xtask train ustep --backend cuda
  cargo xtask bench --against-pytorch
  cargo xtask forecast --help";

/// Builds, then runs `foreframe <arguments>`, and ends as it ends.
pub(crate) fn foreframe(workspace: &Workspace, arguments: &[OsString]) -> ExitCode {
    let verb = arguments
        .first()
        .map(|verb| verb.to_string_lossy().into_owned())
        .unwrap_or_default();
    if !VERBS.contains(&verb.as_str()) {
        return mistake(&format!("there is no verb `{verb}`: `cargo xtask --help` lists them"));
    }
    let feature = match backend::feature(arguments) {
        Ok(feature) => feature,
        Err(message) => return mistake(&message),
    };
    let cargo = |verb| {
        let mut command = workspace.cargo(verb);
        command.args(["--release", "--package", "foreframe", "--bin", "foreframe"]);
        if let Some(feature) = feature {
            command.args(["--features", feature]);
        }
        command
    };
    // Two calls, because `cargo run --quiet` hides the progress of a long build and without it announces every start.
    match cargo("build").status() {
        Ok(status) if status.success() => {}
        Ok(status) => return ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)),
        Err(error) => return mistake(&format!("cannot start cargo: {error}")),
    }
    let mut run = cargo("run");
    run.arg("--quiet").arg("--").args(arguments);
    if let Some(commit) = workspace.commit() {
        run.env("FOREFRAME_COMMIT", commit);
    }
    become_it(&mut run)
}

/// Replaces this process, so that signals and the exit code are those of the binary.
#[cfg(unix)]
fn become_it(command: &mut Command) -> ExitCode {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    mistake(&format!("cannot start foreframe: {error}"))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) => ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)),
        Err(error) => mistake(&format!("cannot start foreframe: {error}")),
    }
}

fn mistake(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(2)
}
