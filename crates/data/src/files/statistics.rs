//! Statistics of the training frames.

use super::frames::Frames;
use super::split::Range;
use crate::{DataError, Normalization, Scaling};

/// Mean, spread and extremes of one channel.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    count: f64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
    least: f32,
    greatest: f32,
}

impl Channel {
    /// Of no value at all.
    pub const EMPTY: Self = Self {
        count: 0.0,
        mean: 0.0,
        squares: 0.0,
        least: f32::INFINITY,
        greatest: f32::NEG_INFINITY,
    };

    /// Adds a plane of values (Chan et al., 1983), so that temperatures in kelvin lose nothing to their large mean. Missing
    /// ones do not count.
    pub fn add(&mut self, plane: &[f32]) {
        let present = || plane.iter().filter(|value| !value.is_nan());
        let count = present().count() as f64;
        if count == 0.0 {
            return;
        }
        let mean = present().map(|value| f64::from(*value)).sum::<f64>() / count;
        let squares = present().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>();
        let (difference, total) = (mean - self.mean, self.count + count);
        self.squares += squares + difference * difference * self.count * count / total;
        self.mean += difference * count / total;
        self.count = total;
        for value in plane {
            self.least = self.least.min(*value);
            self.greatest = self.greatest.max(*value);
        }
    }

    /// Mean and standard deviation.
    pub fn moments(&self) -> [f32; 2] {
        let mean = if self.count > 0.0 { self.mean } else { f64::NAN };
        [mean as f32, (self.squares / self.count).sqrt() as f32]
    }

    /// The least value, and how far the greatest is above it.
    fn range(&self) -> [f32; 2] {
        [self.least, self.greatest - self.least]
    }
}

/// Frames that are looked at for the extremes where no normalization needs all of them.
const SAMPLED: usize = 256;

/// The least and the greatest value of every channel.
pub(super) type Extremes = [Vec<f32>; 2];

/// Normalization as configured, and extremes, from the frames of the training split alone.
pub(super) fn measured(
    frames: &Frames,
    train: &[Range],
    scaling: Scaling,
) -> Result<(Normalization, Option<Extremes>), DataError> {
    let scaling = match scaling {
        Scaling::Auto if frames.is_image_like() => Scaling::Scale,
        Scaling::Auto => Scaling::ZScore,
        other => other,
    };
    let pair = match scaling {
        Scaling::Auto | Scaling::Scale if frames.is_image_like() => {
            return Ok((Normalization::identity(), Some([vec![0.0], vec![1.0]])));
        }
        Scaling::Auto | Scaling::None | Scaling::Scale => {
            // Non-finite values are found where they are read.
            let channels = measure(frames, &sampled(train), Frames::read_once)?;
            return Ok((Normalization::identity(), extremes(&channels)));
        }
        Scaling::MinMax => Channel::range,
        Scaling::ZScore => Channel::moments,
    };
    let channels = measure(frames, train, Frames::read)?;
    let pairs = channels
        .iter()
        .enumerate()
        .map(|(number, channel)| match pair(channel) {
            [mean, spread] if spread > 0.0 && spread.is_finite() => (mean, spread),
            [mean, _] if !mean.is_finite() => {
                tracing::warn!("channel {number} is missing everywhere in the training split");
                (0.0, 1.0)
            }
            [mean, _] => {
                tracing::warn!("channel {number} is {mean} everywhere in the training split");
                (mean, 1.0)
            }
        });
    let (mean, std) = pairs.unzip();
    Ok((Normalization { mean, std }, extremes(&channels)))
}

/// Of every channel, where all of them have values.
fn extremes(channels: &[Channel]) -> Option<Extremes> {
    let of = |value: fn(&Channel) -> f32| -> Vec<f32> { channels.iter().map(value).collect() };
    let extremes = [of(|channel| channel.least), of(|channel| channel.greatest)];
    let known = extremes.iter().flatten().all(|value| value.is_finite());
    known.then_some(extremes)
}

/// Up to [`SAMPLED`] evenly spaced frames of the ranges.
fn sampled(ranges: &[Range]) -> Vec<Range> {
    let all: usize = ranges.iter().map(|range| range.len()).sum();
    let every = all.div_ceil(SAMPLED).max(1);
    let frames = ranges
        .iter()
        .flat_map(|range| (range.start..range.end).map(|frame| (range.recording, frame)));
    let single = |(recording, start)| Range {
        recording,
        start,
        end: start + 1,
    };
    frames.step_by(every).map(single).collect()
}

fn measure(
    frames: &Frames,
    train: &[Range],
    read: fn(&Frames, usize, usize, &mut [f32]) -> Result<(), DataError>,
) -> Result<Vec<Channel>, DataError> {
    let size = frames.size();
    let mut channels = vec![Channel::EMPTY; size.channels];
    let mut values = vec![0.0; size.values()];
    for range in train {
        for frame in range.start..range.end {
            read(frames, range.recording, frame, &mut values)?;
            for (channel, plane) in channels.iter_mut().zip(values.chunks_exact(size.height * size.width)) {
                channel.add(plane);
            }
        }
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_mean_does_not_hide_a_small_spread() {
        let mut channel = Channel::EMPTY;
        for plane in [[300.0, 300.25, 300.5], [301.0, 301.25, 301.5], [f32::NAN; 3]] {
            channel.add(&plane);
        }
        let [mean, std] = channel.moments();
        assert_eq!(mean, 300.75);
        // numpy.std of the six values
        assert!((std - 0.540_061_7).abs() < 1e-6, "{std}");
        assert_eq!(channel.range(), [300.0, 1.5]);
    }
}
