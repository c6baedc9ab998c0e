//! `new-model`: a crate that compiles, is listed, and passes the registry sweep, to start a network from.

mod name;
mod registration;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use name::ModelName;

use crate::workspace::Workspace;

/// The files to generate: where, and from which template.
const TEMPLATES: [(&str, &str); 8] = [
    (
        "crates/models/__kebab__/Cargo.toml",
        include_str!("../templates/Cargo.toml"),
    ),
    (
        "crates/models/__kebab__/README.md",
        include_str!("../templates/README.md"),
    ),
    (
        "crates/models/__kebab__/src/lib.rs",
        include_str!("../templates/lib.rs"),
    ),
    (
        "crates/models/__kebab__/src/config.rs",
        include_str!("../templates/config.rs"),
    ),
    (
        "crates/models/__kebab__/src/model.rs",
        include_str!("../templates/model.rs"),
    ),
    (
        "crates/models/__kebab__/tests/network.rs",
        include_str!("../templates/network.rs"),
    ),
    (
        "crates/zoo/configs/moving-digits/__name__.toml",
        include_str!("../templates/config.toml"),
    ),
    ("docs/src/models/__name__.md", include_str!("../templates/page.md")),
];

/// Generates the crate `name` and registers it.
///
/// # Errors
/// Nothing is written if the name will not do, is taken, or the workspace is not as expected.
pub(crate) fn run(name: &str, workspace: &Workspace) -> Result<()> {
    let name = ModelName::parse(name)?;
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for (path, template) in TEMPLATES {
        let path = workspace.path(&name.fill(path));
        ensure!(
            !path.exists(),
            "the name `{}` is taken: {} exists",
            name.snake(),
            path.display()
        );
        files.push((path, name.fill(template)));
    }
    // Names of packages are one namespace, wherever the crates lie.
    for parent in ["crates", "crates/models"] {
        let folder = workspace.path(&format!("{parent}/{}", name.kebab()));
        ensure!(
            !folder.exists(),
            "the name `{}` is taken: {} exists",
            name.snake(),
            folder.display()
        );
    }
    for edit in registration::edits(&name) {
        let path = workspace.path(edit.path);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = edit
            .apply(&text)
            .with_context(|| format!("cannot add a line to {}", path.display()))?;
        files.push((path, text));
    }
    let sources: Vec<&PathBuf> = files
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect();
    for (path, text) in &files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    // Where a line breaks and how imports are ordered depends on the name.
    if !Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(sources)
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("rustfmt did not run: format the new crate by `cargo fmt`");
    }
    eprintln!(
        "\nNext: `cargo test -p foreframe-{}`, `cargo xtask show {}`, and docs/src/adding-a-model.md",
        name.kebab(),
        name.snake()
    );
    Ok(())
}
