//! The sidecar manifest of a converted array.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fingerprint::{hex, sha256_of};
use crate::{DataError, InputSpec};
use foreframe_formats::names::listing;
use foreframe_formats::replace;
use foreframe_formats::time::seconds;

/// No manifest is longer.
const LONGEST: u64 = 64 << 20;

/// The manifest of a converted array, `rain.npy.json` beside `rain.npy`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ArrayManifest {
    /// Version of this format: 1.
    pub version: u32,
    /// `[T, C, H, W]`.
    pub shape: [usize; 4],
    /// SHA-256 of the `.npy` file.
    pub sha256: String,
    /// The array within its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The unit of the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether these are frames as a network sees them but for its normalization: cropped, pooled and resized, and of the files'
    /// frames only those that it looks at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prepared: bool,
    /// Names of the channels; empty where they have numbers only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Usual seconds from one frame to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_seconds: Option<i64>,
    /// Stretches of frames without a gap, in the order of the array. No clip reaches from one into another.
    pub stretches: Vec<Stretch>,
    /// Frames that were left out because another had the same time.
    #[serde(default)]
    pub duplicates: usize,
    /// Files that were left out because they could not be read.
    #[serde(default)]
    pub skipped: Vec<PathBuf>,
    /// Share of values that are missing (NaN), 0..1.
    pub missing_share: f64,
    /// Least, greatest and mean value of those that are not; `null` where all are.
    pub least: Option<f32>,
    /// See `least`.
    pub greatest: Option<f32>,
    /// See `least`.
    pub mean: Option<f64>,
    /// Where the values came from.
    pub source: PathBuf,
    /// A digest of the source and of the configuration.
    pub fingerprint: String,
    /// The section `[data]` that the values were read with.
    pub settings: serde_json::Value,
}

/// Frames without a gap in time.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Number of frames.
    pub frames: usize,
    /// When the first was taken, e.g. `2010-08-26T00:00:00Z`, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

/// Whether a file is what its manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayState {
    /// Its checksum is right.
    Intact,
    /// It is not there.
    Missing,
    /// Its checksum is wrong.
    Damaged,
}

impl ArrayManifest {
    /// Where the manifest of an array lies.
    pub fn path_of(array: &Path) -> PathBuf {
        let name = array.file_name().unwrap_or_default().to_string_lossy();
        array.with_file_name(format!("{name}.json"))
    }

    /// Reads the manifest of an array, `None` where there is none.
    ///
    /// # Errors
    /// Names the manifest that cannot be read.
    pub fn of(array: &Path) -> Result<Option<Self>, DataError> {
        let path = Self::path_of(array);
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(DataError::io("read", &path)(cause)),
        };
        let mut text = String::new();
        file.take(LONGEST)
            .read_to_string(&mut text)
            .map_err(DataError::io("read", &path))?;
        let refuse = |problem: String| DataError::file(&path, problem, "remove it, or convert the array again");
        let manifest: Self = serde_json::from_str(&text).map_err(|error| refuse(format!("is no manifest: {error}")))?;
        let frames = manifest
            .stretches
            .iter()
            .try_fold(0usize, |sum, stretch| sum.checked_add(stretch.frames));
        match (manifest.version, frames) {
            (1, Some(frames))
                if frames == manifest.shape[0] && manifest.stretches.iter().all(|stretch| stretch.frames > 0) =>
            {
                Ok(Some(manifest))
            }
            (1, _) => Err(refuse(format!(
                "lists stretches that are not {} frames",
                manifest.shape[0]
            ))),
            (version, _) => Err(refuse(format!("is of version {version}, which is unknown"))),
        }
    }

    /// When the first frame of a stretch was taken, in seconds since 1970, and seconds from one frame to the next.
    pub(super) fn clock(&self, stretch: &Stretch) -> Option<(i64, i64)> {
        stretch.start.as_deref().and_then(seconds).zip(self.step_seconds)
    }

    pub(super) fn write(&self, array: &Path) -> Result<(), DataError> {
        let text = serde_json::to_string_pretty(self).expect("numbers and strings become JSON");
        replace::write(&Self::path_of(array), |writer| {
            std::io::Write::write_all(writer, text.as_bytes())
        })?;
        Ok(())
    }
}

/// Describes an array of frames as a network sees them but for its normalization, so that nobody crops, resizes or converts
/// them a second time.
///
/// # Shapes
/// - `values`: `[T, C, H, W]`, what was written into `array`
///
/// # Errors
/// Names the file that cannot be read or written.
pub fn write_prepared(array: &Path, shape: [usize; 4], values: &[f32], input: &InputSpec) -> Result<(), DataError> {
    let present = values.iter().copied().filter(|value| !value.is_nan());
    let missing = values.len() - present.clone().count();
    ArrayManifest {
        version: 1,
        shape,
        sha256: hex(&sha256_of(array)?),
        variable: None,
        unit: input.unit().map(str::to_owned),
        prepared: true,
        channels: Vec::new(),
        step_seconds: input.seconds,
        stretches: vec![Stretch {
            frames: shape[0],
            start: None,
        }],
        duplicates: 0,
        skipped: Vec::new(),
        missing_share: missing as f64 / values.len().max(1) as f64,
        least: present.clone().reduce(f32::min),
        greatest: present.clone().reduce(f32::max),
        mean: (missing < values.len()).then(|| present.map(f64::from).sum::<f64>() / (values.len() - missing) as f64),
        source: array.to_owned(),
        fingerprint: String::new(),
        settings: serde_json::to_value(&input.data).expect("plain numbers and strings become JSON"),
    }
    .write(array)
}

/// Compares the arrays at `path`, a `.npy` file or a folder of them, with their manifests.
///
/// # Errors
/// Names the path where there is no manifest, or the manifest or array that cannot be read.
pub fn verify(path: &Path) -> Result<Vec<(PathBuf, ArrayState)>, DataError> {
    let arrays = match path.is_dir() {
        true => listing(path)?
            .into_iter()
            .filter_map(|file| {
                Some(PathBuf::from(
                    file.to_str()?.strip_suffix(".npy.json")?.to_owned() + ".npy",
                ))
            })
            .collect(),
        false => vec![path.to_owned()],
    };
    let mut states = Vec::new();
    for array in arrays {
        let Some(manifest) = ArrayManifest::of(&array)? else {
            break;
        };
        let state = match array.is_file() {
            false => ArrayState::Missing,
            true if hex(&sha256_of(&array)?) == manifest.sha256 => ArrayState::Intact,
            true => ArrayState::Damaged,
        };
        states.push((array, state));
    }
    match states.is_empty() {
        false => Ok(states),
        true => Err(DataError::file(
            path,
            "has no manifest (.npy.json), so that there is no checksum to compare with",
            "name an array that `data convert` wrote, or a folder of them",
        )),
    }
}
