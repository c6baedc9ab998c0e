//! Anything that can be read, written as one memory-mapped array.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::discover::discover;
use super::frames::Frames;
use super::manifest::{ArrayManifest, Stretch};
use super::recording::Recording;
use super::source_path;
use crate::channels::numbered;
use crate::fingerprint::{Agreement, Fingerprint, fingerprint, hex};
use crate::{DataConfig, DataError, Scaling};
use foreframe_formats::npy::f32_header;
use foreframe_formats::replace;
use foreframe_formats::time::written;

/// Changes whenever the same configuration yields other values.
const CONVERTER: &str = "convert 1";

/// Writes the frames of `config.path` as they are read (variable, unit, crop, pool, resize and missing values as
/// configured) into one `.npy` file `[T, C, H, W]` of f32, and its manifest beside it.
///
/// Frames are written one by one, so that memory holds one of them. A conversion that was interrupted goes on where it
/// stopped, if source and configuration are still the same; one that was finished is not repeated. `progress` gets the
/// frames written and their total.
///
/// # Errors
/// Names the file or key at fault, or an output that is there and is of something else.
pub fn convert(
    config: &DataConfig,
    output: &Path,
    mut progress: impl FnMut(usize, usize),
) -> Result<ArrayManifest, DataError> {
    if !output
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("npy"))
    {
        return Err(DataError::file(
            output,
            "does not end in .npy",
            "name the array to write, e.g. rain.npy",
        ));
    }
    let config = DataConfig {
        normalize: Scaling::None,
        targets: Vec::new(),
        ..config.clone()
    };
    let source = source_path(&config)?;
    let recordings = discover(source, &config)?;
    let files: Vec<PathBuf> = recordings.iter().flat_map(Recording::files).collect();
    let fingerprint = fingerprint(&config, CONVERTER, &files)?;
    if output.exists() {
        let finished = ArrayManifest::of(output)?.filter(|manifest| is_of(&fingerprint, &manifest.fingerprint));
        return finished.ok_or_else(|| {
            DataError::file(
                output,
                "is there already and holds something else",
                "remove it, or choose another path",
            )
        });
    }
    let frames = Frames::new(recordings, &config)?;
    let part = Part::of(output);
    let shape = part.write(&frames, &fingerprint, &mut progress)?;
    if frames.blank() > 1 {
        tracing::warn!(
            "{} frames of `{}` hold no value at all",
            frames.blank(),
            source.display()
        );
    }
    let measured = measure(&part.array, f32_header(&shape).len())?;
    let manifest = manifest(&frames, &config, source, shape, &fingerprint, measured);
    // The array last: whoever finds it finds its manifest too.
    manifest.write(output)?;
    fs::rename(&part.array, output).map_err(DataError::io("write", output))?;
    fs::remove_file(&part.journal).map_err(DataError::io("remove", &part.journal))?;
    Ok(manifest)
}

/// Whether an array with the digest `noted` is, or is to become, what `fingerprint` stands for.
fn is_of(fingerprint: &Fingerprint, noted: &str) -> bool {
    fingerprint.compare(noted) == Agreement::Same
}

/// An array that is not finished, and what it is to become.
struct Part {
    array: PathBuf,
    /// Holds the fingerprint of source and configuration.
    journal: PathBuf,
}

impl Part {
    fn of(output: &Path) -> Self {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        Self {
            array: output.with_file_name(format!(".{name}.part")),
            journal: output.with_file_name(format!(".{name}.part.txt")),
        }
    }

    /// Writes what is still missing; returns the array's shape.
    fn write(
        &self,
        frames: &Frames,
        fingerprint: &Fingerprint,
        progress: &mut impl FnMut(usize, usize),
    ) -> Result<[usize; 4], DataError> {
        let size = frames.size();
        let places: Vec<usize> = frames.recordings().iter().map(Recording::frames).collect();
        let total: usize = places.iter().sum();
        let shape = [total, size.channels, size.height, size.width];
        let header = f32_header(&shape);
        let done = self.begin(fingerprint, &header, 4 * size.values(), total)?;
        let file = OpenOptions::new().append(true).open(&self.array);
        let mut writer = BufWriter::new(file.map_err(DataError::io("write", &self.array))?);
        let mut values = vec![0.0; size.values()];
        let all = places
            .iter()
            .enumerate()
            .flat_map(|(recording, frames)| (0..*frames).map(move |frame| (recording, frame)));
        for (number, (recording, frame)) in all.enumerate().skip(done) {
            frames.read_once(recording, frame, &mut values)?;
            replace::write_f32(&mut writer, &values).map_err(DataError::io("write", &self.array))?;
            progress(number + 1, total);
        }
        let flushed = writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all());
        flushed.map_err(DataError::io("write", &self.array))?;
        Ok(shape)
    }

    /// Finds out how many frames are there already, and leaves a file of just these.
    fn begin(&self, fingerprint: &Fingerprint, header: &[u8], frame: usize, total: usize) -> Result<usize, DataError> {
        let write = DataError::io("write", &self.array);
        let is_same = fs::read_to_string(&self.journal).is_ok_and(|text| is_of(fingerprint, &text));
        let len = fs::metadata(&self.array).map_or(0, |metadata| metadata.len());
        if is_same && len >= header.len() as u64 {
            let done = ((len - header.len() as u64) / frame as u64).min(total as u64);
            let keep = header.len() as u64 + done * frame as u64;
            let kept = OpenOptions::new()
                .write(true)
                .open(&self.array)
                .and_then(|file| file.set_len(keep));
            kept.map_err(write)?;
            tracing::info!("{done} of {total} frames were there already");
            return Ok(done as usize);
        }
        let started = File::create(&self.array).and_then(|mut file| {
            file.write_all(header)?;
            file.sync_all()
        });
        started.map_err(write)?;
        replace::write(&self.journal, |writer| {
            writer.write_all(fingerprint.as_str().as_bytes())
        })?;
        Ok(0)
    }
}

/// Result of one pass over a finished array.
struct Measured {
    sha256: String,
    values: u64,
    missing: u64,
    least: f32,
    greatest: f32,
    sum: f64,
}

fn measure(path: &Path, header: usize) -> Result<Measured, DataError> {
    let mut measured = Measured {
        sha256: String::new(),
        values: 0,
        missing: 0,
        least: f32::INFINITY,
        greatest: f32::NEG_INFINITY,
        sum: 0.0,
    };
    let mut pass = || -> io::Result<()> {
        let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
        let mut hasher = Sha256::new();
        let mut start = vec![0; header];
        reader.read_exact(&mut start)?;
        hasher.update(&start);
        let mut bytes = Vec::with_capacity(1 << 20);
        loop {
            bytes.clear();
            reader.by_ref().take(1 << 20).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            hasher.update(&bytes);
            for value in bytes
                .chunks_exact(4)
                .map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]]))
            {
                measured.values += 1;
                if value.is_nan() {
                    measured.missing += 1;
                    continue;
                }
                measured.least = measured.least.min(value);
                measured.greatest = measured.greatest.max(value);
                measured.sum += f64::from(value);
            }
        }
        measured.sha256 = hex(&hasher.finalize());
        Ok(())
    };
    pass().map_err(DataError::io("read", path))?;
    Ok(measured)
}

fn manifest(
    frames: &Frames,
    config: &DataConfig,
    source: &Path,
    shape: [usize; 4],
    fingerprint: &Fingerprint,
    measured: Measured,
) -> ArrayManifest {
    let recordings = frames.recordings();
    let about = recordings[0].about().cloned().unwrap_or_default();
    let present = measured.values - measured.missing;
    let names = match frames.names() == numbered(shape[1]) {
        true => Vec::new(),
        false => frames.names().to_vec(),
    };
    let of_present = |value: f64| (present > 0).then_some(value);
    ArrayManifest {
        version: 1,
        shape,
        sha256: measured.sha256,
        variable: Some(about.variable).filter(|name| !name.is_empty()),
        unit: frames.unit().map(str::to_owned),
        prepared: false,
        channels: names,
        step_seconds: about.step,
        stretches: recordings
            .iter()
            .map(|recording| Stretch {
                frames: recording.frames(),
                start: recording.time(0).map(written),
            })
            .collect(),
        duplicates: about.duplicates,
        skipped: about.skipped,
        missing_share: measured.missing as f64 / measured.values.max(1) as f64,
        least: of_present(measured.least.into()).map(|value| value as f32),
        greatest: of_present(measured.greatest.into()).map(|value| value as f32),
        mean: of_present(measured.sum / present.max(1) as f64),
        source: source.to_owned(),
        fingerprint: fingerprint.to_string(),
        settings: serde_json::to_value(config).expect("plain numbers and strings become JSON"),
    }
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
