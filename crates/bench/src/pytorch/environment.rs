//! An interpreter that has PyTorch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::BenchError;

/// Where the worker lies in a clone of the repository.
pub(super) const FOLDER: &str = "benches/pytorch";
pub(super) const WORKER: &str = "worker.py";
/// The requirements of the environment; it is there only when all of them are installed.
const INSTALLED: &str = "installed-requirements.txt";

/// The clone of the repository that `start` lies in.
///
/// # Errors
/// It lies in none.
pub fn repository(start: &Path) -> Result<PathBuf, BenchError> {
    let found = start
        .ancestors()
        .find(|folder| folder.join(FOLDER).join(WORKER).is_file());
    found.map(Path::to_owned).ok_or(BenchError::NoSources)
}

/// The interpreter of the environment `.venv` in `folder`, made if it is not there or its requirements have changed.
///
/// # Errors
/// There is no Python, or its package installer fails.
pub(crate) fn interpreter(folder: &Path, say: &dyn Fn(&str)) -> Result<PathBuf, BenchError> {
    let environment = folder.join(".venv");
    let python = match cfg!(windows) {
        true => environment.join("Scripts").join("python.exe"),
        false => environment.join("bin").join("python"),
    };
    let (wanted, marker) = (folder.join("requirements.txt"), environment.join(INSTALLED));
    let requirements = fs::read(&wanted).map_err(|_| BenchError::NoSources)?;
    if python.is_file() && fs::read(&marker).is_ok_and(|installed| installed == requirements) {
        return Ok(python);
    }
    say(&format!("making a Python environment in {}", environment.display()));
    let base = if cfg!(windows) { "python" } else { "python3" };
    call(Command::new(base).args(["-m", "venv"]).arg(&environment))?;
    say("installing PyTorch from PyPI into it, once: some gigabytes");
    let mut pip = Command::new(&python);
    call(pip.args(["-m", "pip", "install", "--requirement"]).arg(&wanted))?;
    match fs::write(&marker, requirements) {
        Ok(()) => Ok(python),
        Err(cause) => Err(BenchError::File { path: marker, cause }),
    }
}

/// Runs a command whose words the user sees, beside the results.
fn call(command: &mut Command) -> Result<(), BenchError> {
    let line = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    let output = std::io::stderr();
    let started = command.stdin(Stdio::null()).stdout(output).status();
    match started {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(BenchError::Environment { command: line }),
        Err(cause) => Err(BenchError::NoPython {
            program: command.get_program().into(),
            cause,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found_from_anywhere_in_a_clone() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        assert!(matches!(repository(&folder), Err(BenchError::NoSources)));
        fs::write(folder.join(WORKER), "").unwrap();
        for start in [root.path(), &folder] {
            assert_eq!(repository(start).unwrap(), root.path());
        }
    }

    #[test]
    fn a_finished_environment_is_used_again() {
        let root = tempfile::tempdir().unwrap();
        let bin = root
            .path()
            .join(".venv")
            .join(if cfg!(windows) { "Scripts" } else { "bin" });
        fs::create_dir_all(&bin).unwrap();
        let python = bin.join(if cfg!(windows) { "python.exe" } else { "python" });
        fs::write(&python, "").unwrap();
        fs::write(root.path().join("requirements.txt"), "torch==2").unwrap();
        fs::write(root.path().join(".venv").join(INSTALLED), "torch==2").unwrap();
        assert_eq!(interpreter(root.path(), &|_| panic!("nothing to do")).unwrap(), python);
    }

    #[test]
    fn a_missing_program_is_told_with_its_remedy() {
        let error = call(&mut Command::new("no-such-python")).unwrap_err().to_string();
        assert!(
            error.contains("no-such-python") && error.contains("--python"),
            "{error}"
        );
    }
}
