//! A stretch of frames that follow each other.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::ArrayManifest;
use crate::DataError;
use crate::fields::{About, Series, written};
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
    /// Clip number `clip` of an array of clips, a whole array, or a stretch of it.
    Array {
        file: Arc<Mapped>,
        clip: Option<usize>,
        /// Number of its first frame in the file.
        first: usize,
        /// When its first frame was taken, and seconds from one to the next, where a manifest says so.
        clock: Option<(i64, i64)>,
    },
    Stills(Vec<PathBuf>),
    Animation(Vec<f32>),
    /// Frames from number `start` on of a field.
    Field {
        series: Arc<Series>,
        start: usize,
    },
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
        // What `data convert` wrote says where its frames do not follow each other.
        let stretches: Vec<(usize, Option<(i64, i64)>)> = match clips {
            Some(clips) => vec![(frames, None); clips],
            None => match ArrayManifest::of(path)?.filter(|manifest| manifest.shape[..] == *shape) {
                Some(manifest) => manifest.clocks(),
                None => vec![(frames, None)],
            },
        };
        let mut first = 0;
        let recording = |(number, (frames, clock)): (usize, (usize, Option<(i64, i64)>))| {
            let content = Content::Array {
                file: Arc::clone(&file),
                clip: clips.map(|_| number),
                first,
                clock,
            };
            first += frames;
            Self {
                path: path.to_owned(),
                frames,
                size,
                content,
            }
        };
        Ok(stretches.into_iter().enumerate().map(recording).collect())
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

    /// A stretch of a field without a gap.
    pub(super) fn of_series(series: &Arc<Series>, stretch: Range<usize>) -> Self {
        Self {
            path: series.file_of(stretch.start).to_owned(),
            frames: stretch.len(),
            size: series.size(),
            content: Content::Field {
                series: Arc::clone(series),
                start: stretch.start,
            },
        }
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
            Content::Field { .. } => Some(ValueType::F32),
            Content::Stills(_) | Content::Animation(_) => None,
        }
    }

    /// What is known of a field as a whole.
    pub(super) fn about(&self) -> Option<&About> {
        match &self.content {
            Content::Field { series, .. } => Some(series.about()),
            _ => None,
        }
    }

    /// When a frame was taken, in seconds since 1970, where that is known.
    pub(super) fn time(&self, frame: usize) -> Option<i64> {
        match &self.content {
            Content::Field { series, start } => series.time(start + frame),
            Content::Array {
                clock: Some((start, step)),
                ..
            } => Some(start.saturating_add(step.saturating_mul(frame as i64))),
            _ => None,
        }
    }

    /// Whether reading a frame means decoding a file.
    pub(super) fn is_decoded_on_demand(&self) -> bool {
        matches!(self.content, Content::Stills(_) | Content::Field { .. })
    }

    /// The files it was made from; the recordings in one array or field name its files once.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match &self.content {
            Content::Array { first: 1.., .. } => Vec::new(),
            Content::Field { start: 1.., .. } => Vec::new(),
            Content::Field { series, .. } => series.files().to_vec(),
            Content::Stills(files) => files.clone(),
            Content::Array { .. } | Content::Animation(_) => vec![self.path.clone()],
        }
    }

    /// The file of a frame, and how a message calls it.
    pub(super) fn describe(&self, frame: usize) -> (&Path, String) {
        match &self.content {
            Content::Array { clip: Some(clip), .. } => (&self.path, format!("clip {clip}, frame {frame}")),
            Content::Stills(files) => (&files[frame], format!("frame {frame}")),
            Content::Field { series, start } => (
                series.file_of(start + frame),
                match series.time(start + frame) {
                    Some(time) => format!("frame {frame} ({})", written(time)),
                    None => format!("frame {frame}"),
                },
            ),
            Content::Array { first, .. } => (&self.path, format!("frame {}", first + frame)),
            Content::Animation(_) => (&self.path, format!("frame {frame}")),
        }
    }

    /// Reads one frame as it is in the file, `[channels, height, width]`.
    pub(super) fn read(&self, frame: usize) -> Result<(FrameSize, Vec<f32>), DataError> {
        let len = self.size.len();
        match &self.content {
            Content::Array { file, first, .. } => {
                let mut values = vec![0.0; len];
                file.read((first + frame) * len, &mut values);
                Ok((self.size, values))
            }
            Content::Field { series, start } => {
                let mut values = vec![0.0; len];
                series.read(start + frame, &mut values)?;
                Ok((self.size, values))
            }
            Content::Stills(files) => decode(&files[frame]),
            Content::Animation(values) => Ok((self.size, values[frame * len..(frame + 1) * len].to_vec())),
        }
    }
}
