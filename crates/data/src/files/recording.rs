//! A stretch of frames that follow each other.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::ArrayManifest;
use crate::DataError;
use crate::channels::numbered;
use foreframe_formats::fields::{About, Variables};
use foreframe_formats::images::{decode, probe, read_animation};
use foreframe_formats::names::describe_gap;
use foreframe_formats::names::has_extension;
use foreframe_formats::npy::{Mapped, ValueType};
use foreframe_formats::npz;
use foreframe_formats::time::written;
use foreframe_formats::video::{Color, Ffmpeg};
use foreframe_formats::{FrameSize, same_size};

/// Frames at equal intervals. A clip never reaches from one recording into another.
pub(super) struct Recording {
    /// The file or folder it came from.
    path: PathBuf,
    frames: usize,
    /// The size of the first frame; that of all of them unless they are resampled.
    size: FrameSize,
    /// Names of the channels.
    names: Vec<String>,
    /// The unit that a manifest states.
    unit: Option<String>,
    /// Whether a manifest says that these are frames as a network sees them: cropped, pooled and resized, every `step`-th.
    prepared: bool,
    content: Content,
}

enum Content {
    /// Clip number `clip` of an array of clips, a whole array, or a stretch of it.
    Array {
        file: Arc<Mapped>,
        clip: Option<usize>,
        /// Number of its first frame in the file.
        first: usize,
        /// When that was taken, in seconds since 1970, and seconds from one frame to the next, where a manifest says so.
        clock: Option<(i64, i64)>,
    },
    Stills(Vec<PathBuf>),
    Animation(Vec<f32>),
    /// Bytes, which become 0..1 as those of images do.
    Video(Mapped),
    /// Frames from number `start` on of a field.
    Field {
        series: Arc<Variables>,
        start: usize,
    },
}

impl Recording {
    /// The recordings in an array: one in `[T, H, W]` and `[T, C, H, W]`, N in `[N, T, C, H, W]`. Of the arrays of an
    /// archive it is that of the name `variable`, or the only one.
    pub(super) fn in_array(path: &Path, variable: Option<&str>) -> Result<Vec<Self>, DataError> {
        /// More channels than any data set of fields has.
        const MOST_CHANNELS: usize = 1024;
        let file = Arc::new(match has_extension(path, &["npz"]) {
            true => in_archive(path, variable)?,
            false => Mapped::open(path)?,
        });
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
        // The manifest of `data convert` says where frames do not follow each other.
        let manifest = match clips {
            Some(_) => None,
            None => ArrayManifest::of(path)?.filter(|manifest| manifest.shape[..] == *shape),
        };
        let stretches: Vec<(usize, Option<(i64, i64)>)> = match (clips, &manifest) {
            (Some(clips), _) => vec![(frames, None); clips],
            (None, Some(manifest)) => manifest
                .stretches
                .iter()
                .map(|s| (s.frames, manifest.clock(s)))
                .collect(),
            (None, None) => vec![(frames, None)],
        };
        let (unit, prepared, named) = match manifest {
            Some(manifest) => (manifest.unit, manifest.prepared, manifest.channels),
            None => (None, false, Vec::new()),
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
                names: if named.len() == channels {
                    named.clone()
                } else {
                    numbered(channels)
                },
                unit: unit.clone(),
                prepared,
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
            names: numbered(size.channels),
            unit: None,
            prepared: false,
            content: Content::Stills(files),
        })
    }

    pub(super) fn of_animation(path: &Path) -> Result<Self, DataError> {
        let (size, values) = read_animation(path)?;
        Ok(Self {
            path: path.to_owned(),
            frames: values.len() / size.values(),
            size,
            names: numbered(size.channels),
            unit: None,
            prepared: false,
            content: Content::Animation(values),
        })
    }

    pub(super) fn of_video(path: &Path) -> Result<Self, DataError> {
        let file = Ffmpeg::installed().frames(path, Color::Found)?;
        let &[frames, channels, height, width] = file.shape() else {
            return Err(DataError::file(
                file.path(),
                "is not what was decoded",
                format!("remove it, so that `{}` is decoded again", path.display()),
            ));
        };
        Ok(Self {
            path: path.to_owned(),
            frames,
            size: FrameSize {
                channels,
                height,
                width,
            },
            names: numbered(channels),
            unit: None,
            prepared: false,
            content: Content::Video(file),
        })
    }

    /// A stretch of a field without a gap.
    pub(super) fn of_series(series: &Arc<Variables>, stretch: Range<usize>) -> Self {
        Self {
            path: series.file_of(stretch.start).to_owned(),
            frames: stretch.len(),
            size: series.size(),
            names: series.names(),
            unit: None,
            prepared: false,
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
            Content::Stills(_) | Content::Animation(_) | Content::Video(_) => None,
        }
    }

    /// The unit that the manifest of an array states.
    pub(super) fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Whether these are frames as a network sees them, by the manifest of an array.
    pub(super) fn is_prepared(&self) -> bool {
        self.prepared
    }

    /// The axes of the array it is, or is a part of.
    pub(super) fn axes(&self) -> Option<usize> {
        match &self.content {
            Content::Array { file, .. } => Some(file.shape().len()),
            _ => None,
        }
    }

    /// Metadata of a field as a whole.
    pub(super) fn about(&self) -> Option<&About> {
        match &self.content {
            Content::Field { series, .. } => Some(series.about()),
            _ => None,
        }
    }

    /// In words, what is missing between this recording and the next of the same folder of images.
    pub(super) fn gap_to(&self, next: &Self) -> Option<String> {
        match (&self.content, &next.content) {
            (Content::Stills(own), Content::Stills(others)) if self.path == next.path => {
                Some(describe_gap(own.last()?, others.first()?))
            }
            _ => None,
        }
    }

    /// Names of the channels.
    pub(super) fn names(&self) -> &[String] {
        &self.names
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
            Content::Field { series, .. } => series.files(),
            Content::Stills(files) => files.clone(),
            Content::Array { .. } | Content::Animation(_) | Content::Video(_) => vec![self.path.clone()],
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
            Content::Animation(_) | Content::Video(_) => (&self.path, format!("frame {frame}")),
        }
    }

    /// Reads one frame as it is in the file, `[channels, height, width]`.
    pub(super) fn read(&self, frame: usize) -> Result<(FrameSize, Vec<f32>), DataError> {
        let len = self.size.values();
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
            Content::Stills(files) => Ok(decode(&files[frame])?),
            Content::Animation(values) => Ok((self.size, values[frame * len..(frame + 1) * len].to_vec())),
            Content::Video(file) => {
                let mut values = vec![0.0; len];
                file.read(frame * len, &mut values);
                values.iter_mut().for_each(|value| *value /= 255.0);
                Ok((self.size, values))
            }
        }
    }
}

/// The array of an archive that is wished for, or its only one.
fn in_archive(path: &Path, variable: Option<&str>) -> Result<Mapped, DataError> {
    let names = npz::names(path)?;
    match (variable, names.as_slice()) {
        (Some(name), _) => Ok(npz::array(path, name)?),
        (None, [only]) => Ok(npz::array(path, only)?),
        (None, []) => Err(DataError::file(path, "holds no array", "write it with numpy.savez")),
        (None, several) => Err(DataError::file(
            path,
            format!("holds several arrays: {}", several.join(", ")),
            "choose one with data.variable, e.g. --set data.variable=NAME",
        )),
    }
}
