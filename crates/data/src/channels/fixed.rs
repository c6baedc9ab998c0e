//! Fields that do not change in time: the height of the land, a mask of the sea.

use std::path::{Path, PathBuf};

use crate::files::Channel;
use crate::{DataConfig, DataError, Missing, Normalization, fill_missing};
use foreframe_formats::FrameSize;
use foreframe_formats::fields::{Grid, is_field, read_field};
use foreframe_formats::images::{decode, is_still};
use foreframe_formats::npy::Mapped;

/// One static channel, normalized by its own mean and standard deviation.
pub struct FixedField {
    /// Its name.
    pub name: String,
    /// `[height, width]`
    pub values: Vec<f32>,
    /// Mean of its values, which normalizes them.
    pub mean: f32,
    /// Their standard deviation.
    pub std: f32,
}

/// Reads what `data.static` names, turned as frames on `grid` lie; `fit` brings a field to the size of the frames. Fields are
/// normalized as `trained` says where the network is trained already. Also returns the files.
pub fn read_fixed(
    config: &DataConfig,
    trained: Option<&Normalization>,
    grid: Option<&Grid>,
    fit: impl Fn(&Path, FrameSize, Vec<f32>) -> Result<Vec<f32>, DataError>,
) -> Result<(Vec<FixedField>, Vec<PathBuf>), DataError> {
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    for place in &config.static_fields {
        let (path, variable) = split(place);
        let (name, size, mut values) = read(&path, variable, grid)?;
        fill(&path, size, &mut values, config.missing)?;
        let values = fit(&path, size, values)?;
        for (channel, plane) in values.chunks_exact(values.len() / size.channels).enumerate() {
            let name = match size.channels {
                1 => name.clone(),
                _ => format!("{name}[{channel}]"),
            };
            let number = fields.len();
            let pair = trained.and_then(|of| Some((*of.mean.get(number)?, *of.std.get(number)?)));
            fields.push(normalized(name, plane, pair));
        }
        files.push(path);
    }
    Ok((fields, files))
}

/// `orography.nc:z` is the variable `z` of `orography.nc`.
fn split(place: &str) -> (PathBuf, Option<&str>) {
    match place.rsplit_once(':') {
        Some((path, variable)) if is_field(Path::new(path)) && !Path::new(place).exists() => {
            (PathBuf::from(path), Some(variable))
        }
        _ => (PathBuf::from(place), None),
    }
}

/// The name, size and values of a field, missing ones as NaN.
fn read(path: &Path, variable: Option<&str>, grid: Option<&Grid>) -> Result<(String, FrameSize, Vec<f32>), DataError> {
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if is_still(path) {
        let (size, values) = decode(path)?;
        return Ok((stem(), size, values));
    }
    if is_field(path) {
        return Ok(read_field(path, variable, grid)?);
    }
    if !path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("npy"))
    {
        return Err(DataError::file(
            path,
            "is no static field that can be read",
            "name a .npy [H, W] or [C, H, W], an image, or a NetCDF or HDF5 file with its variable, e.g. data.static = [\"land.nc:z\"]",
        ));
    }
    let array = Mapped::open(path)?;
    let (channels, height, width) = match *array.shape() {
        [height, width] => (1, height, width),
        [channels, height, width] => (channels, height, width),
        _ => {
            return Err(DataError::file(
                path,
                format!("has shape {:?}", array.shape()),
                "save a static field as [H, W] or [C, H, W]",
            ));
        }
    };
    if array.is_empty() {
        return Err(DataError::file(path, "holds no values", "export it again"));
    }
    let mut values = vec![0.0; array.len()];
    array.read(0, &mut values);
    let size = FrameSize {
        channels,
        height,
        width,
    };
    Ok((stem(), size, values))
}

/// Replaces missing values, or refuses them unless they stay missing.
fn fill(path: &Path, size: FrameSize, values: &mut [f32], missing: Option<Missing>) -> Result<(), DataError> {
    if let Some(Missing::Become(missing)) = missing {
        let holes = values.iter_mut().filter(|value| value.is_nan());
        holes.for_each(|value| *value = missing);
    }
    let may_miss = missing == Some(Missing::Mask);
    let is_bad = |value: &f32| !(value.is_finite() || may_miss && value.is_nan());
    let Some(index) = values.iter().position(is_bad) else {
        return Ok(());
    };
    let plane = size.height * size.width;
    let (channel, row, column) = (index / plane, index % plane / size.width, index % size.width);
    Err(DataError::not_finite(
        path,
        format!("channel {channel}, row {row}, column {column}"),
        values[index],
    ))
}

/// A field by mean and standard deviation as given, else by its own; 0 where it is missing.
fn normalized(name: String, plane: &[f32], given: Option<(f32, f32)>) -> FixedField {
    let mut channel = Channel::EMPTY;
    channel.add(plane);
    let [mean, std] = given.map_or_else(|| channel.moments(), |(mean, std)| [mean, std]);
    let mean = if mean.is_finite() { mean } else { 0.0 };
    let std = match std > 0.0 && std.is_finite() {
        true => std,
        false => {
            tracing::warn!("the static field `{name}` is {mean} everywhere");
            1.0
        }
    };
    let mut values: Vec<f32> = plane.iter().map(|value| (value - mean) / std).collect();
    fill_missing(&mut values);
    FixedField {
        name,
        values,
        mean,
        std,
    }
}
