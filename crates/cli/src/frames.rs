//! Clips from and to the files a user has: `.npy`, `.gif`, folders of images.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use foreframe_core::ClipShape;
use foreframe_data::npy::{self, Array};
use foreframe_data::{Channels, images};

/// How the axes of an array are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `[T, H, W]`, one channel.
    Plain,
    /// `[T, C, H, W]`.
    Clip,
    /// `[B, T, C, H, W]`.
    Batch,
}

/// What was observed, cut to what a network looks at.
#[derive(Debug)]
pub(crate) struct Observed {
    /// `[B, T, C, H, W]`; of channels, those that are observed.
    pub(crate) values: Vec<f32>,
    pub(crate) clips: usize,
    pub(crate) layout: Layout,
    /// Frames at the beginning that the network does not look at.
    pub(crate) unused_frames: usize,
}

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

/// Reads a clip, or several from a `.npy` of five axes.
///
/// # Errors
/// Names the file and what the network expects of it.
pub(crate) fn read(path: &Path, expected: &ClipShape, channels: Option<&Channels>) -> Result<Observed> {
    let array = match path.is_dir() || Form::of(path)? != Form::Npy {
        true => images::read_frames(path)?,
        false => npy::read_array(path)?,
    };
    fit(array, expected, channels, path)
}

fn fit(array: Array, expected: &ClipShape, described: Option<&Channels>, path: &Path) -> Result<Observed> {
    let path = path.display();
    let [height, width] = [expected.height, expected.width];
    let channels = described.map_or(expected.channels, |described| described.observed);
    let fits = |found: usize| found == channels || described.is_some_and(|described| described.of_frame == found);
    let (layout, clips, time, frame) = match array.shape[..] {
        [time, rows, columns] if fits(1) => (Layout::Plain, 1, time, [1, rows, columns]),
        [time, c, rows, columns] => (Layout::Clip, 1, time, [c, rows, columns]),
        [clips, time, c, rows, columns] => (Layout::Batch, clips, time, [c, rows, columns]),
        _ => bail!(
            "`{path}` is {:?}: the network expects [T, {channels}, {height}, {width}] or [B, T, {channels}, {height}, {width}]",
            array.shape
        ),
    };
    if let Some(described) = described {
        ensure!(
            fits(frame[0]),
            "`{path}` has frames of {} channels, the network expects {channels}: {}",
            frame[0],
            described.expected()
        );
    }
    ensure!(
        fits(frame[0]) && frame[1..] == [height, width],
        "`{path}` has frames of {} channels, {} rows and {} columns, the network expects {channels}, {height} and {width}: \
         crop or resize it, or train a network for this size",
        frame[0],
        frame[1],
        frame[2]
    );
    ensure!(clips > 0, "`{path}` holds no clip");
    let past = expected.past;
    ensure!(
        time >= past,
        "`{path}` has {time} frames, the network looks at {past}: give {past} frames or more"
    );
    let unused_frames = time - past;
    let frame_len = frame.iter().product::<usize>();
    let values = match unused_frames {
        0 => array.values,
        _ => array
            .values
            .chunks_exact(time * frame_len)
            .flat_map(|clip| &clip[unused_frames * frame_len..])
            .copied()
            .collect(),
    };
    let values = match described {
        None => Some(values),
        Some(described) => described.choose(values, frame[0], height * width),
    };
    Ok(Observed {
        values: values.expect("the number of channels was checked"),
        clips,
        layout,
        unused_frames,
    })
}

/// Refuses an output that could not be written, before the work is done.
///
/// # Errors
/// Names the path and the remedy.
pub(crate) fn check_output(path: &Path) -> Result<()> {
    match Form::of(path)? {
        Form::Npy | Form::Gif => crate::output::check_writable(path),
        Form::Folder if path.exists() => {
            ensure!(
                path.is_dir() && std::fs::read_dir(path)?.next().is_none(),
                "`{}` is not an empty folder: choose another name for the images",
                path.display()
            );
            crate::output::check_writable(&path.join("frame.png"))
        }
        Form::Folder => crate::output::check_writable(path),
    }
}

/// Writes `clips` forecasts of `frames` frames each, `[clips, frames, C, H, W]`, in the layout of the input.
///
/// # Errors
/// Names the file that cannot be written, or says why the form does not fit.
pub(crate) fn write(
    path: &Path,
    values: Vec<f32>,
    layout: Layout,
    clips: usize,
    frames: usize,
    size: &ClipShape,
) -> Result<()> {
    let [channels, height, width] = [size.channels, size.height, size.width];
    if Form::of(path)? == Form::Npy {
        let shape = match layout {
            Layout::Plain => vec![frames, height, width],
            Layout::Clip => vec![frames, channels, height, width],
            Layout::Batch => vec![clips, frames, channels, height, width],
        };
        return Ok(npy::write_array(path, &shape, &values)?);
    }
    ensure!(
        clips == 1 && matches!(channels, 1 | 3),
        "{clips} clips of {channels} channels are no picture: write `{}` as `.npy`",
        path.with_extension("npy").display()
    );
    let array = Array {
        shape: vec![frames, channels, height, width],
        values,
    };
    images::write_frames(path, &array)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: ClipShape = ClipShape::new([2, 1, 1, 1, 2]);

    fn fitted(shape: &[usize]) -> Result<Observed> {
        let values = (0..shape.iter().product::<usize>()).map(|value| value as f32).collect();
        let array = Array {
            shape: shape.to_vec(),
            values,
        };
        fit(array, &EXPECTED, None, Path::new("clip.npy"))
    }

    #[test]
    fn the_newest_frames_are_used() {
        let observed = fitted(&[2, 3, 1, 1, 2]).unwrap();
        assert_eq!(observed.values, [2.0, 3.0, 4.0, 5.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(
            (observed.clips, observed.unused_frames, observed.layout),
            (2, 1, Layout::Batch)
        );
        assert_eq!(fitted(&[2, 1, 1, 2]).unwrap().layout, Layout::Clip);
        assert_eq!(fitted(&[2, 1, 2]).unwrap().layout, Layout::Plain);
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        for (shape, told) in [
            (&[1, 1, 1, 2][..], "has 1 frames, the network looks at 2"),
            (&[2, 3, 1, 2], "3 channels"),
            (&[2, 1, 4, 2], "4 rows"),
            (&[2, 2], "[T, 1, 1, 2]"),
            (&[0, 2, 1, 1, 2], "no clip"),
        ] {
            let message = fitted(shape).unwrap_err().to_string();
            assert!(message.contains(told) && message.contains("clip.npy"), "{message}");
        }
    }

    #[test]
    fn an_output_without_a_known_ending_is_a_folder() {
        assert_eq!(Form::of(Path::new("a/out")).unwrap(), Form::Folder);
        assert_eq!(Form::of(Path::new("out.GIF")).unwrap(), Form::Gif);
        assert!(Form::of(Path::new("out.mp4")).unwrap_err().to_string().contains(".mp4"));
    }
}
