//! Frames of files, read as those that a network was trained on.

use std::path::{Path, PathBuf};

use super::discover::{discover, in_one_file};
use super::frames::Frames;
use crate::{Channels, DataConfig, DataError, InputSpec};

/// Frames that are read, converted and reduced as those of training were, in physical units.
pub(super) struct Reader {
    pub(super) path: PathBuf,
    pub(super) frames: Frames,
    /// The selection for frames whose channels have no names.
    chosen: Option<Channels>,
}

impl Reader {
    /// All recordings at a path, or those in one file, which may be a single image. Where a network was trained on chosen
    /// `channels`, its frames are the observed ones: HDF5 and NetCDF files must have those by name, all others as many as the
    /// frames of the training data or as were chosen of them.
    pub(super) fn open(
        path: &Path,
        input: &InputSpec,
        channels: Option<&Channels>,
        one_file: bool,
    ) -> Result<Self, DataError> {
        let config = DataConfig {
            path: Some(path.to_owned()),
            ..input.reading()
        };
        let by_name = super::holds_fields(path);
        let config = match channels {
            Some(_) if !by_name => DataConfig {
                variables: Vec::new(),
                channels: Vec::new(),
                targets: Vec::new(),
                ..config
            },
            _ => config,
        };
        let recordings = match one_file {
            true => in_one_file(path, &config)?,
            false if path.is_file() => in_one_file(path, &config)?,
            false => discover(path, &config)?,
        };
        let frames = Frames::new(recordings, &config)?;
        let chosen = match channels {
            None => None,
            Some(channels) if by_name => {
                channels.check_names(path, frames.names())?;
                None
            }
            Some(channels) if channels.can_choose(frames.size().channels) => Some(channels.clone()),
            Some(channels) => {
                return Err(DataError::file(
                    path,
                    format!(
                        "has frames of {} channels, the network expects {}",
                        frames.size().channels,
                        channels.observed
                    ),
                    format!("name a file of these: {}", channels.expected()),
                ));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            frames,
            chosen,
        })
    }

    /// `[channels, height, width]` of every frame.
    pub(super) fn size(&self) -> [usize; 3] {
        let size = self.frames.size();
        let channels = self.chosen.as_ref().map_or(size.channels, |chosen| chosen.observed);
        [channels, size.height, size.width]
    }

    /// Reads a frame, `[channels, height, width]`.
    pub(super) fn read(&self, recording: usize, frame: usize) -> Result<Vec<f32>, DataError> {
        let size = self.frames.size();
        let mut values = vec![0.0; size.values()];
        self.frames.read(recording, frame, &mut values)?;
        let chosen = match &self.chosen {
            None => Some(values),
            Some(channels) => channels.choose(values, size.channels, size.height * size.width),
        };
        Ok(chosen.expect("the number of channels was checked"))
    }
}
