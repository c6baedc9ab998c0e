//! A stretch of frames that follow each other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::DataError;
use crate::images::{FrameSize, decode, probe, read_animation, same_size};
use crate::npy::{Mapped, ValueType};

/// Frames at equal intervals. A clip never reaches from one recording into another.
pub(super) struct Recording {
    /// The file or folder it came from.
    path: PathBuf,
    frames: usize,
    /// The size of the first frame; that of all of them unless they are resampled.
    size: FrameSize,
    content: Content,
}

enum Content {
    /// Clip number `clip` of an array of clips, or a whole array.
    Array {
        file: Arc<Mapped>,
        clip: Option<usize>,
    },
    Stills(Vec<PathBuf>),
    Animation(Vec<f32>),
}

impl Recording {
    /// The recordings in an array: one in `[T, H, W]` and `[T, C, H, W]`, N in `[N, T, C, H, W]`.
    pub(super) fn in_array(path: &Path) -> Result<Vec<Self>, DataError> {
        /// More channels than any data set of fields has.
        const MOST_CHANNELS: usize = 1024;
        let file = Arc::new(Mapped::open(path)?);
        let shape = file.shape();
        let refuse =
            |problem: &str, remedy: &str| Err(DataError::file(path, format!("has shape {shape:?}{problem}"), remedy));
        let (clips, frames, [channels, height, width]) = match *shape {
            [t, h, w] => (None, t, [1, h, w]),
            [t, c, h, w] => (None, t, [c, h, w]),
            [n, t, c, h, w] => (Some(n), t, [c, h, w]),
            _ => {
                let problem = format!(", {} axes", shape.len());
                return refuse(&problem, "save it as [T, H, W], [T, C, H, W] or [N, T, C, H, W]");
            }
        };
        if file.is_empty() {
            return refuse(", no values at all", "export it again");
        }
        if width <= 4 && channels > 4 {
            return refuse(
                ", which looks as if channels came last",
                "put them before rows and columns: numpy.save(path, numpy.moveaxis(array, -1, -3))",
            );
        }
        if channels > MOST_CHANNELS {
            return refuse(
                &format!(", where {channels} would be channels"),
                "save [N, T, C, H, W]; an array [T, N, H, W] becomes that by array.swapaxes(0, 1)[:, :, None]",
            );
        }
        let size = FrameSize {
            channels,
            height,
            width,
        };
        let numbers: Vec<Option<usize>> = clips.map_or_else(|| vec![None], |clips| (0..clips).map(Some).collect());
        Ok(numbers
            .into_iter()
            .map(|clip| Self {
                path: path.to_owned(),
                frames,
                size,
                content: Content::Array {
                    file: Arc::clone(&file),
                    clip,
                },
            })
            .collect())
    }

    /// A folder of images, one per frame. Frames of different sizes are refused unless `any_size`.
    pub(super) fn of_stills(folder: &Path, files: Vec<PathBuf>, any_size: bool) -> Result<Self, DataError> {
        let size = probe(&files[0])?;
        for file in &files[1..] {
            let found = probe(file)?;
            if !any_size || found.channels != size.channels {
                same_size(&files[0], size, file, found)?;
            }
        }
        Ok(Self {
            path: folder.to_owned(),
            frames: files.len(),
            size,
            content: Content::Stills(files),
        })
    }

    pub(super) fn of_animation(path: &Path) -> Result<Self, DataError> {
        let (size, values) = read_animation(path)?;
        Ok(Self {
            path: path.to_owned(),
            frames: values.len() / size.len(),
            size,
            content: Content::Animation(values),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn frames(&self) -> usize {
        self.frames
    }

    pub(super) fn size(&self) -> FrameSize {
        self.size
    }

    /// Type of the values of an array; images have none.
    pub(super) fn value_type(&self) -> Option<ValueType> {
        match &self.content {
            Content::Array { file, .. } => Some(file.value_type()),
            Content::Stills(_) | Content::Animation(_) => None,
        }
    }

    /// Whether reading a frame means decoding a file.
    pub(super) fn is_decoded_on_demand(&self) -> bool {
        matches!(self.content, Content::Stills(_))
    }

    /// The files it was made from; the clips of one array name their file once.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match &self.content {
            Content::Array { clip: Some(1..), .. } => Vec::new(),
            Content::Stills(files) => files.clone(),
            Content::Array { .. } | Content::Animation(_) => vec![self.path.clone()],
        }
    }

    /// The file of a frame, and how a message calls it.
    pub(super) fn describe(&self, frame: usize) -> (&Path, String) {
        match &self.content {
            Content::Array { clip: Some(clip), .. } => (&self.path, format!("clip {clip}, frame {frame}")),
            Content::Stills(files) => (&files[frame], format!("frame {frame}")),
            Content::Array { .. } | Content::Animation(_) => (&self.path, format!("frame {frame}")),
        }
    }

    /// Reads one frame as it is in the file, `[channels, height, width]`.
    pub(super) fn read(&self, frame: usize) -> Result<(FrameSize, Vec<f32>), DataError> {
        let len = self.size.len();
        match &self.content {
            Content::Array { file, clip } => {
                let mut values = vec![0.0; len];
                file.read((clip.unwrap_or(0) * self.frames + frame) * len, &mut values);
                Ok((self.size, values))
            }
            Content::Stills(files) => decode(&files[frame]),
            Content::Animation(values) => Ok((self.size, values[frame * len..(frame + 1) * len].to_vec())),
        }
    }
}
