//! Results, on standard output.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use comfy_table::Table;
use serde::Serialize;

/// Writes one line. Whoever reads may have seen enough and closed the pipe: that is no error.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(()),
    }
}

/// Writes one JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    line(serde_json::to_string_pretty(value)?)
}

/// A table without lines, for terminals and for `awk`.
pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(header);
    table
}

/// Writes a table.
pub(crate) fn print(table: &Table) -> Result<()> {
    line(table.trim_fmt())
}

/// Fails now rather than after the work, if a file could not be written at `path` in the end.
pub(crate) fn check_writable(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    if path.is_dir() {
        bail!("cannot write `{}`: it is a folder: name a file", path.display());
    }
    if !folder.is_dir() {
        bail!(
            "cannot write `{}`: there is no folder `{}`: create it first",
            path.display(),
            folder.display()
        );
    }
    tempfile::Builder::new()
        .prefix(".foreframe-")
        .tempfile_in(folder)
        .map(drop)
        .with_context(|| {
            format!(
                "cannot write into `{}`: choose a folder that can be written",
                folder.display()
            )
        })
}

/// Files that training writes at the top of a run folder, and the folders that it fills.
const OF_A_RUN: [&str; 9] = [
    "config.toml",
    "run.json",
    "epochs.csv",
    "steps.jsonl",
    "log.txt",
    "report.html",
    "checkpoints",
    "eval",
    "samples",
];

/// Refuses an output that would replace one of the `inputs` or be read with them next time, before any work: one that is
/// an input itself, by whatever path or link, that lies in an input folder, or that is one of a run's own files.
///
/// # Errors
/// Names both.
pub(crate) fn check_apart(output: &Path, inputs: &[&Path]) -> Result<()> {
    for input in inputs {
        if is_same(output, input) {
            bail!(
                "cannot write `{}`: it is what is read (`{}`): choose another output",
                output.display(),
                input.display()
            );
        }
        let Some(below) = below(output, input) else {
            continue;
        };
        if !input.join("config.toml").is_file() {
            bail!(
                "cannot write `{}`: it would lie in `{}`, which is read, and be taken for data next time: choose a place outside",
                output.display(),
                input.display()
            );
        }
        if output.exists() && OF_A_RUN.iter().any(|own| below.starts_with(own)) {
            bail!(
                "cannot write `{}`: it is a file of the run `{}`: choose another output",
                output.display(),
                input.display()
            );
        }
    }
    Ok(())
}

/// Whether both are there and are one, also by two names of the same file.
fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |path: &Path| std::fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
        identity(one).is_some_and(|found| identity(other) == Some(found))
    }
    #[cfg(not(unix))]
    {
        let identity = |path: &Path| path.canonicalize().ok();
        identity(one).is_some_and(|found| identity(other) == Some(found))
    }
}

/// Where `output` lies in `folder`, if it does: by its own name or as what it links to.
fn below(output: &Path, folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok().filter(|folder| folder.is_dir())?;
    let named = folder_of(output).canonicalize().ok().zip(output.file_name());
    let named = named.map(|(parent, name)| parent.join(name));
    let places = [named, output.canonicalize().ok()];
    let mut inside = places
        .iter()
        .flatten()
        .filter_map(|place| place.strip_prefix(&folder).ok());
    inside.next().map(Path::to_owned)
}

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".foreframe-")
            .tempfile_in(folder_of(path))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| {
        format!(
            "cannot write `{}`: free some space or choose another path",
            path.display()
        )
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1000, 1_234_567].map(thousands).map(String::leak)
        );
    }

    #[test]
    fn an_impossible_output_is_refused_beforehand() {
        let dir = tempfile::tempdir().unwrap();
        assert!(check_writable(&dir.path().join("out.npy")).is_ok());
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            0,
            "the trial leaves nothing behind"
        );
        assert!(check_writable(dir.path()).unwrap_err().to_string().contains("folder"));
        assert!(
            check_writable(&dir.path().join("no/out.npy"))
                .unwrap_err()
                .to_string()
                .contains("no folder")
        );
    }
}
