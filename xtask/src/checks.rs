//! The checks that must pass before a change lands.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::workspace::{Workspace, step};

/// The features that compile the tests for `ndarray` and `wgpu` beside `flex`.
const BACKENDS: [&str; 2] = ["--features", "foreframe-golden/ndarray,foreframe-golden/wgpu"];

/// The tests of operators and shared blocks, beside the unit tests. Packages are not named anywhere here: for some of them Cargo
/// resolves other features than for all, and builds everything again.
const SHARED: [&str; 5] = [
    "--workspace",
    "--lib",
    "--test=convolutions",
    "--test=elementwise",
    "--test=repeatable",
];
/// The tests that compare each model with the public PyTorch code.
const PARITY: &str = "--test=parity";
/// The tests that compare every registered model across backends.
const SWEEP: &str = "--test=sweep";

pub(crate) fn check(workspace: &Workspace, cuda: bool) -> Result<()> {
    let cargo = |subcommand| match cuda {
        true => with_cuda(workspace, subcommand),
        false => workspace.cargo(subcommand),
    };
    step(workspace.cargo("fmt").args(["--all", "--check"]))?;
    step(cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    step(
        cargo("doc")
            .args(["--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    if is_installed(workspace.cargo("deny")) {
        step(workspace.cargo("deny").arg("check"))?;
    } else {
        eprintln!("cargo-deny is not installed: licenses and advisories are not checked");
    }
    if is_installed(Command::new("typos")) {
        step(Command::new("typos").arg(workspace.path(".")))?;
    } else {
        eprintln!("typos is not installed (cargo install typos-cli): spelling is not checked");
    }
    Ok(())
}

fn is_installed(mut command: Command) -> bool {
    let command = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

pub(crate) fn test(workspace: &Workspace, one_build: bool, arguments: &[OsString]) -> Result<()> {
    let mut command = tests(workspace, one_build);
    if arguments.is_empty() {
        command.arg("--workspace");
    }
    step(command.args(arguments))
}

pub(crate) fn parity(workspace: &Workspace, one_build: bool) -> Result<()> {
    step(tests(workspace, one_build).args(SHARED).arg(PARITY))
}

/// `cargo test` on the default backend; from the build of [`portability`] if both are wanted from one.
fn tests(workspace: &Workspace, one_build: bool) -> Command {
    let mut command = workspace.cargo("test");
    if one_build {
        command.args(BACKENDS).env("FOREFRAME_TEST_BACKENDS", "flex");
    }
    command
}

pub(crate) fn portability(workspace: &Workspace, short: bool) -> Result<()> {
    let mut command = workspace.cargo("test");
    command.args(BACKENDS).args(SHARED).arg(SWEEP);
    if !short {
        command.arg(PARITY);
    }
    step(&mut command)
}

pub(crate) fn cuda(workspace: &Workspace) -> Result<()> {
    step(with_cuda(workspace, "check").args(["--package", "foreframe"]))
}

/// A command of Cargo's that only reads the code, with the CUDA backend in it.
///
/// DOCS_RS makes the build script of CubeCL's LLVM bindings skip its download. The target folder is its own because the same
/// variable changes what other build scripts do.
fn with_cuda(workspace: &Workspace, subcommand: &str) -> Command {
    let mut command = workspace.cargo(subcommand);
    command.args(["--features", "foreframe/cuda", "--target-dir"]);
    command.arg(workspace.target().join("cuda-check"));
    command.env("DOCS_RS", "1");
    command
}
