//! Forecasts as files: `.npy`, `.gif`, folders of images.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use foreframe_core::ClipShape;
use foreframe_formats::images;
use foreframe_formats::npy::{self, Array};
use tracing::warn;

use crate::output;

/// Where frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Npy,
    Gif,
    Folder,
}

impl Form {
    fn of(path: &Path) -> Result<Self> {
        match path
            .extension()
            .and_then(|end| end.to_str())
            .map(str::to_lowercase)
            .as_deref()
        {
            Some("npy") => Ok(Self::Npy),
            Some("gif") => Ok(Self::Gif),
            None => Ok(Self::Folder),
            Some(_) if path.is_dir() => Ok(Self::Folder),
            Some(end) => bail!(
                "cannot tell what `{}` is from `.{end}`: use `.npy`, `.gif`, or a folder for images",
                path.display()
            ),
        }
    }
}

/// How values become the brightness of images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    /// Values drawn black and white; `None` where they are unknown.
    pub(crate) range: Option<[f32; 2]>,
    /// The unit of the values.
    pub(crate) unit: Option<&'a str>,
}

impl Picture<'_> {
    /// Brings values to 0..1, and returns what was black and white unless they were of that range before.
    fn stretch(&self, path: &Path, values: &mut [f32]) -> Result<Option<[f32; 2]>> {
        let undefined = values.iter().filter(|value| value.is_nan()).count();
        if undefined > 0 {
            warn!("`{}`: {undefined} undefined values are drawn black", path.display());
        }
        let Some([least, greatest]) = self.range else {
            let reach = |pick: fn(f32, f32) -> f32| values.iter().copied().reduce(pick).unwrap_or_default();
            let (low, high) = (reach(f32::min), reach(f32::max));
            // Forecasts of images leave their range a little.
            ensure!(
                low >= -1.0 && high <= 2.0,
                "cannot draw `{}`: values reach from {low} to {high}, and it is not known what is black and white: say so, e.g. \
                 --range {low},{high}",
                path.display()
            );
            return Ok(None);
        };
        if [least, greatest] == [0.0, 1.0] {
            return Ok(None);
        }
        let width = (greatest - least).max(f32::MIN_POSITIVE);
        values.iter_mut().for_each(|value| *value = (*value - least) / width);
        Ok(Some([least, greatest]))
    }
}

/// Refuses an output that could not be written, before the work is done.
///
/// # Errors
/// Names the path and the remedy.
pub(crate) fn check_output(path: &Path) -> Result<()> {
    match Form::of(path)? {
        Form::Npy | Form::Gif => output::check_writable(path),
        Form::Folder if path.exists() => {
            ensure!(
                path.is_dir() && std::fs::read_dir(path)?.next().is_none(),
                "`{}` is not an empty folder: choose another name for the images",
                path.display()
            );
            output::check_writable(&path.join("frame.png"))
        }
        Form::Folder => output::check_writable(path),
    }
}

/// Writes `clips` forecasts of `frames` frames each, `[clips, frames, C, H, W]`, with as many axes as the array of the input
/// had. Images are stretched as `picture` says, and what is black and white in them is written beside.
///
/// # Errors
/// Names the file that cannot be written, or says why the form does not fit.
pub(crate) fn write(
    path: &Path,
    mut values: Vec<f32>,
    axes: Option<usize>,
    clips: usize,
    frames: usize,
    size: &ClipShape,
    picture: &Picture<'_>,
) -> Result<()> {
    let [channels, height, width] = [size.channels, size.height, size.width];
    let form = Form::of(path)?;
    if form == Form::Npy {
        let shape = match axes {
            Some(3) if clips == 1 && channels == 1 => vec![frames, height, width],
            Some(5) => vec![clips, frames, channels, height, width],
            _ if clips > 1 => vec![clips, frames, channels, height, width],
            _ => vec![frames, channels, height, width],
        };
        return Ok(npy::write_array(path, &shape, &values)?);
    }
    ensure!(
        clips == 1 && matches!(channels, 1 | 3),
        "{clips} clips of {channels} channels are no picture: write `{}` as `.npy`",
        path.with_extension("npy").display()
    );
    let stretched = picture.stretch(path, &mut values)?;
    let array = Array {
        shape: vec![frames, channels, height, width],
        values,
    };
    images::write_frames(path, &array)?;
    if let Some([black, white]) = stretched {
        let scale = match form {
            Form::Folder => path.join("scale.json"),
            _ => path.with_extension("scale.json"),
        };
        let text = serde_json::json!({"black": black, "white": white, "unit": picture.unit});
        output::write_whole(&scale, &serde_json::to_vec_pretty(&text)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_without_a_known_ending_is_a_folder() {
        assert_eq!(Form::of(Path::new("a/out")).unwrap(), Form::Folder);
        assert_eq!(Form::of(Path::new("out.GIF")).unwrap(), Form::Gif);
        assert!(Form::of(Path::new("out.mp4")).unwrap_err().to_string().contains(".mp4"));
    }
}
