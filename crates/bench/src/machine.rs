//! What figures are measured on.

use std::time::Instant;

/// Programs that were running or waiting in the last minute, where the system tells.
pub(crate) fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Seconds that this thread has computed: on Linux without the time in which other programs had the processor, elsewhere
/// since `start`.
pub(crate) fn computed(start: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = text.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |time| time as f64 / 1e9)
}

/// The processor, its operating system and architecture, in one line.
pub fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    format!(
        "{}, {} {}",
        processor.as_deref().unwrap_or("unknown processor"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}
