//! The frames of one file, as it came.

use std::path::Path;

use super::reader::Reader;
use crate::{Channels, DataError, InputSpec};
use foreframe_formats::names::named_time;

/// The frames of one file, read as those of training were: variable, axes, unit, crop, pool, resize, missing values.
///
/// Beside everything that [`DataConfig::path`](crate::DataConfig::path) may name as a file, this is also a single image.
pub struct FrameFile {
    reader: Reader,
    /// Recording and frame of each, in order.
    places: Vec<(usize, usize)>,
    /// When the only frame was taken, by the name of the file.
    named: Option<i64>,
}

impl FrameFile {
    /// Opens a file; nothing but an animation is decoded yet. Where a network was trained on chosen `channels`, its frames
    /// are the observed ones: HDF5 and NetCDF files must have those by name, all others as many as the frames of the
    /// training data or as were chosen of them.
    ///
    /// # Errors
    /// Names the file that cannot be read, that holds several recordings whose order in time is not known, or whose channels,
    /// unit or grid are others.
    pub fn open(path: &Path, input: &InputSpec, channels: Option<&Channels>) -> Result<Self, DataError> {
        let reader = Reader::open(path, input, channels, true)?;
        let recordings = reader.frames.recordings();
        if recordings.len() > 1 && recordings.iter().any(|recording| recording.time(0).is_none()) {
            return Err(DataError::file(
                path,
                format!("holds {} recordings without times", recordings.len()),
                "save frames that follow each other as [T, C, H, W] or [T, H, W]",
            ));
        }
        let places: Vec<(usize, usize)> = (recordings.iter().enumerate())
            .flat_map(|(number, recording)| (0..recording.frames()).map(move |frame| (number, frame)))
            .collect();
        let named = match places.len() {
            1 => named_time(path),
            _ => None,
        };
        Ok(Self { reader, places, named })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.reader.path
    }

    /// Number of frames, one at least.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no frame; never true of a file that could be opened.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// `[channels, height, width]` of every frame.
    pub fn size(&self) -> [usize; 3] {
        self.reader.size()
    }

    /// When a frame was taken, in seconds since 1970: as the file says, else, of an only frame, as its name says.
    ///
    /// # Panics
    /// If `frame` is not below `len`.
    pub fn time(&self, frame: usize) -> Option<i64> {
        let (recording, frame) = self.places[frame];
        self.reader.frames.time(recording, frame).or(self.named)
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
        self.reader.read(recording, frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataConfig, Missing};
    use foreframe_formats::images::write_frames;
    use foreframe_formats::npy::{Array, write_array};

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
        let file = FrameFile::open(&path, &InputSpec::of(&config), None).unwrap();
        assert_eq!((file.len(), file.size()), (1, [1, 1, 2]));
        assert_eq!(file.read(0).unwrap(), [3.0, 0.5]);
        assert_eq!(file.time(0), Some(1_709_250_900));
        let several = folder.path().join("film_20240229T2355.npy");
        write_array(&several, &[3, 2, 2], &[0.0; 12]).unwrap();
        let file = FrameFile::open(&several, &InputSpec::of(&config), None).unwrap();
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
        let file = FrameFile::open(
            &images.join("frame-0000.png"),
            &InputSpec::of(&DataConfig::default()),
            None,
        )
        .unwrap();
        assert_eq!(file.read(0).unwrap(), image.values);
        let clips = folder.path().join("clips.npy");
        write_array(&clips, &[2, 1, 1, 1, 1], &[0.0; 2]).unwrap();
        let error = FrameFile::open(&clips, &InputSpec::of(&DataConfig::default()), None)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("clips.npy` holds 2 recordings without times"), "{error}");
    }
}
