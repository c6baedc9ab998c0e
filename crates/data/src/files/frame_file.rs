//! The frames of one file, as it came.

use std::path::{Path, PathBuf};

use super::discover::in_one_file;
use super::frames::Frames;
use super::stamp::named_time;
use crate::fields::is_field;
use crate::{Channels, DataConfig, DataError};

/// The frames of one file, read as `[data]` says: variable, axes, unit, crop, pool, resize, missing values.
///
/// Beside everything that [`DataConfig::path`] may name as a file, this is also a single image.
pub struct FrameFile {
    path: PathBuf,
    frames: Frames,
    /// Recording and frame of each, in order.
    places: Vec<(usize, usize)>,
    /// When the only frame was taken, by the name of the file.
    named: Option<i64>,
    /// What is chosen of frames whose channels have no names.
    chosen: Option<Channels>,
}

impl FrameFile {
    /// Opens a file; nothing but an animation is decoded yet. Where a network was trained on chosen `channels`, its frames
    /// are the observed ones: HDF5 and NetCDF files must have those by name, all others as many as the frames of the
    /// training data or as were chosen of them.
    ///
    /// # Errors
    /// Names the file that cannot be read, that holds several recordings whose order in time is not known, or whose channels
    /// are others.
    pub fn open(path: &Path, config: &DataConfig, channels: Option<&Channels>) -> Result<Self, DataError> {
        match channels {
            None => Self::whole(path, config),
            Some(channels) if is_field(path) => {
                let file = Self::whole(path, config)?;
                channels.check_names(path, file.frames.names())?;
                Ok(file)
            }
            Some(channels) => {
                let of_all = DataConfig {
                    variables: Vec::new(),
                    channels: Vec::new(),
                    targets: Vec::new(),
                    ..config.clone()
                };
                let file = Self::whole(path, &of_all)?;
                let found = file.frames.size().channels;
                if !channels.can_choose(found) {
                    return Err(DataError::file(
                        path,
                        format!(
                            "has frames of {found} channels, the network expects {}",
                            channels.observed
                        ),
                        format!("name a file of these: {}", channels.expected()),
                    ));
                }
                let chosen = Some(channels.clone());
                Ok(Self { chosen, ..file })
            }
        }
    }

    fn whole(path: &Path, config: &DataConfig) -> Result<Self, DataError> {
        let recordings = in_one_file(path, config)?;
        if recordings.len() > 1 && recordings.iter().any(|recording| recording.time(0).is_none()) {
            return Err(DataError::file(
                path,
                format!("holds {} recordings without times", recordings.len()),
                "save frames that follow each other as [T, C, H, W] or [T, H, W]",
            ));
        }
        // What is said of the first frame of the training data is not so of this one.
        let config = DataConfig {
            start: None,
            time_step: None,
            ..config.clone()
        };
        let frames = Frames::new(recordings, &config)?;
        let places: Vec<(usize, usize)> = (frames.recordings().iter().enumerate())
            .flat_map(|(number, recording)| (0..recording.frames()).map(move |frame| (number, frame)))
            .collect();
        let named = match places.len() {
            1 => named_time(path),
            _ => None,
        };
        Ok(Self {
            path: path.to_owned(),
            frames,
            places,
            named,
            chosen: None,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of frames, one at least.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no frame, which no file that can be opened is guilty of.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// `[channels, height, width]` of every frame.
    pub fn size(&self) -> [usize; 3] {
        let size = self.frames.size();
        let channels = self.chosen.as_ref().map_or(size.channels, |chosen| chosen.observed);
        [channels, size.height, size.width]
    }

    /// When a frame was taken, in seconds since 1970: as the file says, else, of an only frame, as its name says.
    ///
    /// # Panics
    /// If `frame` is not below `len`.
    pub fn time(&self, frame: usize) -> Option<i64> {
        let (recording, frame) = self.places[frame];
        self.frames.time(recording, frame).or(self.named)
    }

    /// Reads a frame, `[channels, height, width]`, in physical units.
    ///
    /// # Errors
    /// Names the file and what is wrong with it, or the place of a value that is not finite.
    ///
    /// # Panics
    /// If `frame` is not below `len`.
    pub fn read(&self, frame: usize) -> Result<Vec<f32>, DataError> {
        let (recording, frame) = self.places[frame];
        let size = self.frames.size();
        let mut values = vec![0.0; size.len()];
        self.frames.read(recording, frame, &mut values)?;
        let chosen = match &self.chosen {
            None => Some(values),
            Some(channels) => channels.choose(values, size.channels, size.height * size.width),
        };
        Ok(chosen.expect("the number of channels was checked"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Missing;
    use crate::images::write_frames;
    use crate::npy::{Array, write_array};

    #[test]
    fn a_file_is_read_as_configured_and_knows_its_times() {
        let folder = tempfile::tempdir().unwrap();
        let config = DataConfig {
            pool: Some(2),
            missing: Some(Missing::Become(0.5)),
            ..DataConfig::default()
        };
        let path = folder.path().join("rain_20240229T2355.npy");
        write_array(
            &path,
            &[1, 2, 4],
            &[1.0, 2.0, f32::NAN, f32::NAN, 3.0, 6.0, f32::NAN, f32::NAN],
        )
        .unwrap();
        let file = FrameFile::open(&path, &config, None).unwrap();
        assert_eq!((file.len(), file.size()), (1, [1, 1, 2]));
        assert_eq!(file.read(0).unwrap(), [3.0, 0.5]);
        assert_eq!(file.time(0), Some(1_709_250_900));
        let several = folder.path().join("film_20240229T2355.npy");
        write_array(&several, &[3, 2, 2], &[0.0; 12]).unwrap();
        let file = FrameFile::open(&several, &config, None).unwrap();
        // A name tells one moment, not three.
        assert_eq!((file.len(), file.time(2)), (3, None));
    }

    #[test]
    fn an_image_is_a_frame_and_a_set_of_clips_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let image = Array {
            shape: vec![1, 1, 2, 3],
            values: vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
        };
        let images = folder.path().join("images");
        write_frames(&images, &image).unwrap();
        let file = FrameFile::open(&images.join("frame-0000.png"), &DataConfig::default(), None).unwrap();
        assert_eq!(file.read(0).unwrap(), image.values);
        let clips = folder.path().join("clips.npy");
        write_array(&clips, &[2, 1, 1, 1, 1], &[0.0; 2]).unwrap();
        let error = FrameFile::open(&clips, &DataConfig::default(), None)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("clips.npy` holds 2 recordings without times"), "{error}");
    }
}
