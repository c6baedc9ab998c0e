//! Running one case in a process of its own.

use std::process::{Command, Stdio};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::memory::peak_rss;
use crate::precision::Precision;
use crate::subject;

/// Starts this program again: given a case's name, the number of repetitions and of threads (all, if none), a command that
/// calls [`alone`] and prints its JSON.
pub struct Fresh<'a>(pub &'a dyn Fn(&str, usize, Option<usize>) -> Command);

/// Report of a process that ran nothing but one case.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Alone {
    /// Each repetition.
    pub seconds: Vec<f64>,
    /// The most memory of the process, if the system tells.
    pub peak_rss_bytes: Option<u64>,
    /// Memory of the device that the process holds, if that is not the process's own.
    pub device_bytes: Option<u64>,
}

/// Runs `case` in this process, which should have done nothing before.
///
/// # Errors
/// The reason why the case cannot be run.
pub fn alone(case: &Case, device: &Device, precision: Precision, repetitions: usize) -> Result<Alone, String> {
    let mut subject = subject::prepare(case, device, precision)?;
    subject::warm_up(&mut *subject)?;
    Ok(Alone {
        seconds: subject::time(&mut *subject, repetitions)?,
        peak_rss_bytes: peak_rss("self"),
        device_bytes: device.memory_pool_usage().map(|usage| usage.bytes_reserved),
    })
}

impl Fresh<'_> {
    pub(crate) fn run(&self, case: &Case, repetitions: usize, threads: Option<usize>) -> Result<Alone, String> {
        let output = (self.0)(&case.name(), repetitions, threads)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.lines().last().map_or(output.status.to_string(), str::to_owned));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }
}
