//! Pictures of single clips.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::tensor::{Tensor, TensorData};
use foreframe_core::{ClipShape, Targets};
use foreframe_data::files::write_prepared;
use foreframe_data::{Channels, ClipSource, InputSpec, Normalization, fill_missing, first_channels, persistence};
use foreframe_formats::npy::write_array;
use foreframe_report::{Frames, Sample, write_gif, write_strip};
use foreframe_train::Network;

/// One clip with a forecast, in physical units.
pub(crate) struct Pictured {
    /// All frames, of the channels to forecast.
    frames: Vec<f32>,
    forecast: Vec<f32>,
    clip: ClipShape,
    /// The frames of the past with all channels that were observed, as `forecast` takes them.
    past: Vec<f32>,
    observed: usize,
    /// How such frames are read from files.
    input: Option<InputSpec>,
}

impl Pictured {
    /// Clip `index` of a source, continued by `forecast`, which gets all frames of the clip in the units of a network, NaN
    /// where a value is missing, and answers with the channels to forecast.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub(crate) fn new(
        source: &dyn ClipSource,
        index: usize,
        normalization: &Normalization,
        forecast: impl FnOnce(&[f32], &ClipShape, Targets) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let (shape, channels) = (source.shape(), source.channels());
        let mut frames = vec![0.0; shape.clip_len()];
        source.read(0, index, &mut frames)?;
        let targets = channels.map_or(Targets::All, Channels::as_targets);
        let clip = ClipShape {
            channels: targets.count(shape.channels),
            ..shape
        };
        let mut forecast = forecast(&frames, &shape, targets)?;
        fill_missing(&mut frames);
        normalization.denormalize(&mut frames, &shape);
        normalization.first(clip.channels).denormalize(&mut forecast, &clip);
        let observed = channels.map_or(shape.channels, |channels| channels.observed);
        let past = first_channels(&frames[..shape.past * shape.frame_len()], &shape, observed).into_owned();
        Ok(Self {
            past: match channels {
                Some(channels) => channels.unchoose(past, shape.height * shape.width),
                None => past,
            },
            frames: first_channels(&frames, &shape, clip.channels).into_owned(),
            forecast,
            clip,
            observed,
            input: None,
        })
    }

    /// With the past described for whoever continues it: `input` says how such frames are read from files.
    #[must_use]
    pub(crate) fn read_as(self, input: Option<&InputSpec>) -> Self {
        Self {
            input: input.cloned(),
            ..self
        }
    }

    /// Writes `<stem>.gif` and `<stem>.png` into a folder, and the observed frames beside them as `<stem>-past.npy`, which
    /// `forecast` takes.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub(crate) fn write_all(&self, folder: &Path, stem: &str, title: &str) -> Result<[PathBuf; 3]> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot write `{}`", folder.display()))?;
        let paths = [".gif", ".png", "-past.npy"].map(|ending| folder.join(format!("{stem}{ending}")));
        let [film, strip, past] = &paths;
        self.write(film, title)?;
        self.write(strip, title)?;
        let shape = [self.clip.past, self.observed, self.clip.height, self.clip.width];
        write_array(past, &shape, &self.past)?;
        if let Some(input) = &self.input {
            // Cropped, resized and apart as the network sees them, which must not be done twice.
            write_prepared(past, shape, &self.past, input)?;
        }
        Ok(paths)
    }

    /// Writes a film where the name ends in `.gif`, else a strip of stills.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub(crate) fn write(&self, path: &Path, title: &str) -> Result<()> {
        let observed = self.clip.past * self.clip.frame_len();
        let frames = |values, time| Frames {
            values,
            time,
            channels: self.clip.channels,
            height: self.clip.height,
            width: self.clip.width,
        };
        let [low, high] = self
            .frames
            .iter()
            .fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], value| {
                [low.min(*value), high.max(*value)]
            });
        let sample = Sample {
            past: frames(&self.frames[..observed], self.clip.past),
            truth: Some(frames(&self.frames[observed..], self.clip.future)),
            forecast: frames(&self.forecast, self.clip.future),
            range: (low, high),
        };
        match path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("gif"))
        {
            true => write_gif(path, &sample, title)?,
            false => write_strip(path, &sample, title)?,
        }
        Ok(())
    }
}

/// Forecast of one clip by `network`.
pub(crate) fn of_network(network: &dyn Network) -> impl Fn(&[f32], &ClipShape, Targets) -> Result<Vec<f32>> {
    |frames, clip, targets| {
        let shape = [1, clip.frames(), clip.channels, clip.height, clip.width];
        let mut frames = frames.to_vec();
        fill_missing(&mut frames);
        let frames = Tensor::<5>::from_data(TensorData::new(frames, shape), &network.device().inner());
        let ahead = targets.ahead(&frames.clone().narrow(1, clip.past, clip.future));
        Ok(network
            .forecast_ahead(frames.narrow(1, 0, clip.past), &ahead)
            .into_data()
            .convert::<f32>()
            .try_to_vec()?)
    }
}

/// The last observed frame, repeated.
pub(crate) fn of_persistence(frames: &[f32], clip: &ClipShape, targets: Targets) -> Result<Vec<f32>> {
    let targets = targets.count(clip.channels);
    let past = first_channels(&frames[..clip.past * clip.frame_len()], clip, targets);
    let mut forecast = persistence(&past, targets * clip.height * clip.width, clip.future);
    fill_missing(&mut forecast);
    Ok(forecast)
}
