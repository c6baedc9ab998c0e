//! Which channels of a frame are used, and in which order.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::{DataConfig, DataError};
use foreframe_formats::FrameSize;

/// A channel, or all channels of a variable, by name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick(pub String);

impl Serialize for Pick {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<u32>() {
            Ok(number) => serializer.serialize_u32(number),
            Err(_) => serializer.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Pick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrNumber;
        impl Visitor<'_> for NameOrNumber {
            type Value = Pick;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a channel or its number, counted from 0")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Pick, E> {
                Ok(Pick(name.to_owned()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Pick, E> {
                Ok(Pick(number.to_string()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Pick, E> {
                Ok(Pick(number.to_string()))
            }
        }
        deserializer.deserialize_any(NameOrNumber)
    }
}

/// The channels that are used of every frame, those to forecast first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Their names.
    pub names: Vec<String>,
    /// Their numbers in the frame.
    pub chosen: Vec<usize>,
    /// Channels of the frame.
    pub of_frame: usize,
    /// How many are to be forecast.
    pub targets: usize,
}

impl Selection {
    /// `data.channels` and `data.targets` of channels with these names.
    ///
    /// # Errors
    /// Names the key and what there is to choose from.
    pub fn of(config: &DataConfig, names: &[String]) -> Result<Self, DataError> {
        let all = || (0..names.len()).collect::<Vec<usize>>();
        let channels = match config.channels.is_empty() {
            true => all(),
            false => found("channels", &config.channels, names)?,
        };
        let mut chosen = match config.targets.is_empty() {
            true => channels.clone(),
            false => found("targets", &config.targets, names)?,
        };
        if let Some(target) = chosen.iter().find(|target| !channels.contains(target)) {
            return Err(DataError::config(
                "targets",
                format!("names `{}`, which data.channels leaves out", names[*target]),
                "add it to data.channels: what is forecast must be observed",
            ));
        }
        let targets = chosen.len();
        let others = channels
            .into_iter()
            .filter(|channel| !chosen[..targets].contains(channel));
        let others: Vec<usize> = others.collect();
        chosen.extend(others);
        Ok(Self {
            names: chosen.iter().map(|channel| names[*channel].clone()).collect(),
            of_frame: names.len(),
            chosen,
            targets,
        })
    }

    /// The chosen channels of a frame. One that has become another since its header was read is left as it is.
    pub fn apply(&self, size: FrameSize, frame: Vec<f32>) -> (FrameSize, Vec<f32>) {
        if size.channels != self.of_frame {
            return (size, frame);
        }
        let chosen = planes(frame, size.channels, size.height * size.width, &self.chosen);
        (self.size(size), chosen)
    }

    /// The size of a frame that only has the chosen channels.
    pub fn size(&self, size: FrameSize) -> FrameSize {
        FrameSize {
            channels: self.chosen.len(),
            ..size
        }
    }
}

/// The planes `chosen` of each of some frames.
///
/// # Shapes
/// - `frames`: `[.., channels, height, width]`
/// - output: `[.., chosen, height, width]`
pub(super) fn planes(frames: Vec<f32>, channels: usize, plane: usize, chosen: &[usize]) -> Vec<f32> {
    if chosen.iter().copied().eq(0..channels) {
        return frames;
    }
    let of_frame = |frame: &[f32]| -> Vec<f32> {
        let planes = chosen
            .iter()
            .map(|channel| &frame[channel * plane..(channel + 1) * plane]);
        planes.flatten().copied().collect()
    };
    frames.chunks_exact(channels * plane).flat_map(of_frame).collect()
}

/// The numbers of the channels that `picks` name: a channel by its name, a variable with all its channels, or a number.
fn found(key: &str, picks: &[Pick], names: &[String]) -> Result<Vec<usize>, DataError> {
    /// More names than this say nothing.
    const MOST_LISTED: usize = 24;
    let mut channels = Vec::new();
    for Pick(pick) in picks {
        let is = |matches: &dyn Fn(&str) -> bool| -> Vec<usize> {
            (0..names.len()).filter(|channel| matches(&names[*channel])).collect()
        };
        let level = |name: &str| {
            name.strip_prefix(pick.as_str())
                .is_some_and(|rest| rest.starts_with('['))
        };
        let number = pick.parse::<usize>().ok().filter(|number| *number < names.len());
        let ways = [is(&|name| name == pick), is(&level), number.into_iter().collect()];
        let Some(some) = ways.into_iter().find(|found| !found.is_empty()) else {
            let listed: Vec<&str> = names.iter().take(MOST_LISTED).map(String::as_str).collect();
            let more = if names.len() > MOST_LISTED { ", ..." } else { "" };
            return Err(DataError::config(
                key,
                format!("names `{pick}`, which no channel is called"),
                format!("choose from: {}{more}", listed.join(", ")),
            ));
        };
        if let Some(twice) = some.iter().find(|channel| channels.contains(*channel)) {
            return Err(DataError::config(
                key,
                format!("names `{}` twice", names[*twice]),
                "name every channel once",
            ));
        }
        channels.extend(some);
    }
    Ok(channels)
}

/// The names of channels that have none.
pub fn numbered(channels: usize) -> Vec<String> {
    (0..channels).map(|channel| channel.to_string()).collect()
}
