//! Where the workspace is, and running Cargo in it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The root folder of a checkout.
pub(crate) struct Workspace {
    root: PathBuf,
}

/// A Cargo call that ended with an error of its own, which it has already printed.
#[derive(Debug)]
pub(crate) struct StepFailed(String);

impl std::fmt::Display for StepFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "failed: {}", self.0)
    }
}

impl std::error::Error for StepFailed {}

impl Workspace {
    /// The workspace that this xtask was started in.
    pub(crate) fn here() -> Self {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Self::at(Path::new(&manifest).parent().unwrap_or(Path::new(".")).to_owned())
    }

    /// The workspace with the given root folder.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// A path inside the workspace.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The folder that Cargo builds into.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), PathBuf::from)
    }

    /// The revision of the sources, with `-changed` where files differ from it; none outside a clone.
    pub(crate) fn commit(&self) -> Option<String> {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(&self.root)
            .args(["describe", "--always", "--dirty=-changed", "--abbrev=12", "--match="]);
        let output = git.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    }

    /// `cargo <subcommand>` for this workspace, in the caller's folder.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .arg(subcommand)
            .arg("--manifest-path")
            .arg(self.path("Cargo.toml"));
        command
    }
}

/// Says what is run, runs it, and fails if it does.
pub(crate) fn step(command: &mut Command) -> Result<()> {
    let line = display(command);
    eprintln!("$ {line}");
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        return Err(StepFailed(line).into());
    }
    Ok(())
}

fn display(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let mut pair = name.to_owned();
        pair.push("=");
        pair.push(value?);
        Some(pair)
    });
    let program = Path::new(command.get_program()).file_name().map(OsStr::to_owned);
    let words: Vec<OsString> = variables
        .chain(program)
        .chain(command.get_args().map(OsStr::to_owned))
        .collect();
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}
