//! The most memory that a training step takes, each in a process of its own.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::case::Case;
use crate::fresh::{Alone, Fresh};
use crate::pytorch::{Mode, Setup, Worker, request};

/// Steps before the memory is read: the first ones may take less than the later ones.
const STEPS: usize = 3;

/// The most memory of one network's training step, in bytes.
#[derive(Serialize, Clone, Debug, PartialEq)]
pub struct Memory {
    /// The network.
    pub name: String,
    /// Ours: of the whole process, or of the device.
    pub foreframe: Result<u64, String>,
    /// PyTorch's, eager.
    pub pytorch: Option<Result<PyTorchMemory, String>>,
}

/// Memory of PyTorch.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PyTorchMemory {
    /// After the import.
    pub import: u64,
    /// After some steps.
    pub steps: u64,
}

impl Memory {
    /// Our share of PyTorch's less its import.
    pub fn ratio(&self) -> Option<f64> {
        let (Ok(ours), Some(Ok(theirs))) = (&self.foreframe, &self.pytorch) else {
            return None;
        };
        Some(*ours as f64 / theirs.steps.checked_sub(theirs.import)? as f64)
    }
}

/// Runs `case` in fresh processes, PyTorch with the memory layout `variant` and an allocator that gives memory back.
pub(crate) fn measure(case: &Case, fresh: &Fresh<'_>, pytorch: Option<(&Setup, Option<&str>)>) -> Memory {
    Memory {
        name: case.what.to_string(),
        foreframe: fresh.run(case, STEPS, None).and_then(
            |Alone {
                 device_bytes,
                 peak_rss_bytes,
                 ..
             }| {
                device_bytes
                    .or(peak_rss_bytes)
                    .ok_or_else(|| "this system does not tell a process's memory".to_owned())
            },
        ),
        pytorch: pytorch.map(|(setup, variant)| of_pytorch(case, setup, variant)),
    }
}

fn of_pytorch(case: &Case, setup: &Setup, variant: Option<&str>) -> Result<PyTorchMemory, String> {
    let thrifty = Setup {
        keeps_memory: false,
        ..setup.clone()
    };
    let mut worker = thrifty.start().map_err(|error| error.to_string())?;
    let import = peak(&mut worker, setup.on_device)?;
    for request in [
        request(case, variant, Mode::Eager),
        json!({ "do": "run", "repetitions": STEPS }),
    ] {
        worker.ask(&request).map_err(|failure| failure.to_string())?;
    }
    let steps = peak(&mut worker, setup.on_device)?;
    Ok(PyTorchMemory { import, steps })
}

/// The most memory that a worker has taken so far, on a GPU if it is there.
fn peak(worker: &mut Worker, on_device: bool) -> Result<u64, String> {
    // The answer also says that the import is over.
    let answer = worker
        .ask(&json!({ "do": "memory" }))
        .map_err(|failure| failure.to_string())?;
    if on_device {
        return answer["peak_device_bytes"]
            .as_u64()
            .ok_or_else(|| format!("the worker answers {answer}"));
    }
    // A child's own report contains the peak of the process that started it.
    peak_rss(&worker.id().to_string())
        .or(answer["peak_rss_kb"].as_u64().map(|kib| kib * 1024))
        .ok_or_else(|| format!("the worker answers {answer}"))
}

/// The most memory that a process has taken, in bytes, if the system tells; `self` is this one.
pub(crate) fn peak_rss(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok();
    match status {
        Some(status) => high_water(&status),
        None if process == "self" => own_usage(),
        None => None,
    }
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn own_usage() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is writable and as large as the call expects; it is read only if the call says that it has filled it.
    let usage = unsafe {
        match libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) {
            0 => usage.assume_init(),
            _ => return None,
        }
    };
    // Apple's systems count bytes, all others kibibytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    u64::try_from(usage.ru_maxrss).ok().map(|peak| peak * unit)
}

#[cfg(not(all(unix, not(target_os = "linux"))))]
fn own_usage() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read() {
        let status = "Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t   12 kB\nVmRSS:\t   10 kB\n";
        assert_eq!(high_water(status), Some(12 * 1024));
        assert_eq!(high_water("Name:\tpython\n"), None);
    }

    #[cfg(unix)]
    #[test]
    fn this_process_takes_memory() {
        assert!(peak_rss("self").unwrap() > 1 << 20);
    }

    #[test]
    fn the_import_is_not_counted() {
        let memory = |import, steps| Memory {
            name: "tau".to_owned(),
            foreframe: Ok(300),
            pytorch: Some(Ok(PyTorchMemory { import, steps })),
        };
        assert_eq!(memory(500, 1100).ratio(), Some(0.5));
        assert_eq!(memory(500, 400).ratio(), None);
    }
}
