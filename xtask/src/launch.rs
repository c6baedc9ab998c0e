//! Builds the binary `foreframe` for the backend that is asked for, and becomes it.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::backend;
use crate::workspace::Workspace;

/// The commands of the binary, which are the same here.
const COMMANDS: [&str; 13] = [
    "list",
    "show",
    "data",
    "train",
    "compare",
    "eval",
    "score",
    "forecast",
    "import",
    "export",
    "bench",
    "report",
    "completions",
];

pub(crate) const COMMANDS_HELP: &str = "\
Commands of Foreframe itself (release build, then run with the same arguments; `--backend` picks the Cargo features):
  list show data train compare eval score forecast import export bench report completions

Examples:
  cargo xtask train ustep
  cargo xtask train ustep --backend cuda
  cargo xtask bench --against-pytorch
  cargo xtask forecast --help";

/// Builds, then runs `foreframe <arguments>`, and ends as it ends.
pub(crate) fn foreframe(workspace: &Workspace, arguments: &[OsString]) -> ExitCode {
    let subcommand = arguments
        .first()
        .map(|subcommand| subcommand.to_string_lossy().into_owned())
        .unwrap_or_default();
    if !COMMANDS.contains(&subcommand.as_str()) {
        return mistake(&format!(
            "there is no command `{subcommand}`: `cargo xtask --help` lists them"
        ));
    }
    let feature = match backend::feature(arguments) {
        Ok(feature) => feature,
        Err(message) => return mistake(&message),
    };
    let cargo = |subcommand| {
        let mut command = workspace.cargo(subcommand);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_binary_is_known_here() {
        let arguments = include_str!("../../crates/cli/src/args.rs");
        let variants = arguments
            .split_once("enum Command {\n")
            .unwrap()
            .1
            .split_once("\n}")
            .unwrap()
            .0;
        let names: Vec<String> = variants
            .lines()
            .filter_map(|line| {
                line.strip_prefix("    ")
                    .filter(|line| line.starts_with(char::is_uppercase))
            })
            .map(|line| line.split(['(', ' ']).next().unwrap().to_lowercase())
            .collect();
        assert_eq!(names, COMMANDS);
        assert!(COMMANDS_HELP.contains(&names.join(" ")), "{COMMANDS_HELP}");
    }
}
