//! Pictures of single clips.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::tensor::{Tensor, TensorData};
use foreframe_core::ClipShape;
use foreframe_data::npy::write_array;
use foreframe_data::{ClipSource, Normalization, fill_missing};
use foreframe_report::{Frames, Sample, write_gif, write_strip};
use foreframe_train::Network;

/// One clip with a forecast, in physical units.
pub(crate) struct Pictured {
    frames: Vec<f32>,
    forecast: Vec<f32>,
    clip: ClipShape,
}

impl Pictured {
    /// Clip `index` of a source, continued by `forecast`, which gets the clip in the units of a network.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub(crate) fn new(
        source: &dyn ClipSource,
        index: usize,
        normalization: &Normalization,
        forecast: impl FnOnce(&[f32], &ClipShape) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let clip = source.shape();
        let mut frames = vec![0.0; clip.clip_len()];
        source.read(0, index, &mut frames)?;
        fill_missing(&mut frames);
        let mut forecast = forecast(&frames[..clip.past * clip.frame_len()], &clip)?;
        normalization.denormalize(&mut frames, &clip);
        normalization.denormalize(&mut forecast, &clip);
        Ok(Self { frames, forecast, clip })
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
        let shape = [self.clip.past, self.clip.channels, self.clip.height, self.clip.width];
        write_array(past, &shape, &self.frames[..self.clip.past * self.clip.frame_len()])?;
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

/// What `network` makes of one clip.
pub(crate) fn of_network(network: &dyn Network) -> impl Fn(&[f32], &ClipShape) -> Result<Vec<f32>> {
    |past, clip| {
        let shape = [1, clip.past, clip.channels, clip.height, clip.width];
        let past = Tensor::from_data(TensorData::new(past.to_vec(), shape), &network.device().inner());
        Ok(network
            .forecast(past, clip.future)
            .into_data()
            .convert::<f32>()
            .try_to_vec()?)
    }
}

/// The newest frame, repeated.
pub(crate) fn of_persistence(past: &[f32], clip: &ClipShape) -> Result<Vec<f32>> {
    Ok(past[past.len() - clip.frame_len()..].repeat(clip.future))
}
