//! What has to hold before a change goes in.

use std::ffi::OsString;
use std::process::Stdio;

use anyhow::Result;

use crate::workspace::{Workspace, step};

/// What all networks are made of.
const SHARED: [&str; 2] = ["foreframe-ops", "foreframe-nn"];

/// Crates whose tests compare with the public PyTorch code: the operators, the shared blocks and every model.
fn parity_packages(workspace: &Workspace) -> Result<Vec<String>> {
    let mut packages = SHARED.map(str::to_owned).to_vec();
    for entry in std::fs::read_dir(workspace.path("crates"))? {
        let folder = entry?.path();
        if folder.join("tests/parity.rs").is_file()
            && let Some(name) = folder.file_name().and_then(|name| name.to_str())
        {
            packages.push(format!("foreframe-{name}"));
        }
    }
    packages.sort();
    packages.dedup();
    Ok(packages)
}

pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    step(workspace.cargo("fmt").args(["--all", "--check"]))?;
    step(
        workspace
            .cargo("clippy")
            .args(["--workspace", "--all-targets", "--", "-D", "warnings"]),
    )?;
    step(
        workspace
            .cargo("doc")
            .args(["--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    let mut deny = workspace.cargo("deny");
    let installed = std::process::Command::new(deny.get_program())
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        eprintln!("cargo-deny is not installed: licences and advisories are not checked");
        return Ok(());
    }
    step(deny.arg("check"))
}

pub(crate) fn test(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let mut command = workspace.cargo("test");
    if arguments.is_empty() {
        command.arg("--workspace");
    }
    step(command.args(arguments))
}

pub(crate) fn parity(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo("test");
    for package in parity_packages(workspace)? {
        command.args(["--package", &package]);
    }
    step(&mut command)
}

pub(crate) fn portability(workspace: &Workspace, short: bool) -> Result<()> {
    let mut command = workspace.cargo("test");
    command.args(["--tests", "--package", "foreframe-golden"]);
    command.args(["--features", "foreframe-golden/ndarray,foreframe-golden/wgpu"]);
    // The sweep compares every registered model across backends.
    command.args(["--package", "foreframe-tests"]);
    let packages = match short {
        true => SHARED.map(str::to_owned).to_vec(),
        false => parity_packages(workspace)?,
    };
    for package in packages {
        command.args(["--package", &package]);
    }
    step(&mut command)
}

pub(crate) fn cuda(workspace: &Workspace) -> Result<()> {
    // DOCS_RS makes the build script of CubeCL's LLVM bindings skip its download; a folder of its own, because the same
    // variable changes what other build scripts do.
    let mut command = workspace.cargo("check");
    command.args(["--package", "foreframe", "--features", "cuda", "--target-dir"]);
    command.arg(workspace.target().join("cuda-check"));
    step(command.env("DOCS_RS", "1"))
}
