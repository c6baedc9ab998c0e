//! Results, on standard output.

use std::io::{ErrorKind, Write};
use std::path::Path;

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
