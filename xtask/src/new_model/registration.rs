//! The lines that make a model known: one for Cargo, one for the zoo's manifest, one in the registry, one in the book.

use anyhow::{Context, Result, ensure};

use super::name::ModelName;

/// A line to add to a file of the workspace.
pub(crate) struct Edit {
    pub(crate) path: &'static str,
    line: String,
    /// Whether a line belongs to the block that the new line joins.
    neighbor: fn(&str) -> bool,
    /// Name of the block, for the error that says it is gone.
    block: &'static str,
}

/// All lines for `name`.
pub(crate) fn edits(name: &ModelName) -> [Edit; 5] {
    let kebab = name.kebab();
    [
        Edit {
            path: "Cargo.toml",
            line: format!("foreframe-{kebab} = {{ path = \"crates/models/{kebab}\", version = \"0.1.0\" }}"),
            neighbor: |line| line.starts_with("foreframe-") && line.contains("path ="),
            block: "`foreframe-... = { path = ... }`",
        },
        Edit {
            path: "crates/zoo/Cargo.toml",
            line: format!("foreframe-{kebab}.workspace = true"),
            neighbor: |line| line.starts_with("foreframe-") && !line.starts_with("foreframe-golden"),
            block: "`foreframe-....workspace = true`",
        },
        Edit {
            path: "crates/zoo/src/lib.rs",
            line: format!("    Model::of::<foreframe_{}::{}>(),", name.snake(), name.type_name()),
            neighbor: |line| line.starts_with("    Model::of::<"),
            block: "`Model::of::<...>(),`",
        },
        Edit {
            path: "crates/zoo/src/recommended.rs",
            line: format!("    \"moving-digits/{}.toml\",", name.snake()),
            neighbor: |line| line.starts_with("    \"moving-"),
            block: "`\"moving-digits/....toml\",`",
        },
        Edit {
            path: "docs/src/SUMMARY.md",
            line: name.fill("- [__title__](models/__name__.md)"),
            neighbor: |line| line.contains("](models/"),
            block: "`- [...](models/...)`",
        },
    ]
}

impl Edit {
    /// `text` with the line added after the block it belongs to.
    ///
    /// # Errors
    /// If there is no such block, or the line is there already.
    pub(crate) fn apply(&self, text: &str) -> Result<String> {
        let lines: Vec<&str> = text.lines().collect();
        ensure!(
            !lines.contains(&self.line.as_str()),
            "`{}` is there already",
            self.line.trim()
        );
        let last = lines
            .iter()
            .rposition(|line| (self.neighbor)(line))
            .with_context(|| format!("it has no line like {} to put the new one after", self.block))?;
        let mut edited = lines[..=last].join("\n");
        edited.push('\n');
        edited.push_str(&self.line);
        edited.push('\n');
        for line in &lines[last + 1..] {
            edited.push_str(line);
            edited.push('\n');
        }
        Ok(edited)
    }
}
