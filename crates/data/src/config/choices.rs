//! Settings that are chosen by name.

use serde::{Deserialize, Serialize};

/// How recordings are split into train, validation and test. No clip ever crosses from one split into another.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum SplitBy {
    /// `clip` where there are three recordings or more, else `time`.
    #[default]
    Auto,
    /// Every recording is cut in time: its beginning trains, then comes validation, its end tests. Validation and test
    /// get one clip at least where the recording is long enough for three.
    Time,
    /// Whole recordings in natural order of their names: the first train, the last test.
    Clip,
    /// Whole recordings, shuffled by `seed` before they are split.
    RandomClip,
    /// Not at all: everything tests, nothing trains or validates.
    None,
}

/// How values become what a network sees. Statistics come from the training split alone, one per channel.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// `scale` for images and 8-bit arrays, `z-score` for every other array.
    #[default]
    Auto,
    /// As they are in the file. Images are read as 0..1 in any case.
    None,
    /// Integers are divided by the largest value of their type when read (8 bits: 255), so that 0..1 becomes the unit
    /// of everything that follows, as it is for images. Floating-point values stay as they are.
    Scale,
    /// The least value becomes 0, the greatest 1.
    MinMax,
    /// Mean 0 and standard deviation 1.
    ZScore,
}

/// Which clips validate.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// A part of the training data, which then trains nothing. The test split is for the test alone.
    #[default]
    Own,
    /// As published tables were made: all training data train, and the test split chooses the checkpoint too, so that
    /// its scores are a little too good. Whatever else is peculiar to the published protocol is followed as well.
    OpenStl,
}

/// Where generated digits can be.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Motion {
    /// Anywhere: they are drawn anew in every frame.
    #[default]
    Smooth,
    /// At whole pixels, as in Moving MNIST. In frames of 32 rows that is a jitter as wide as half a stroke.
    WholePixels,
}

/// Noise on the observed frames of a clip.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// Nothing.
    #[default]
    None,
    /// A black box at a random place, another one in every frame ("perceptual" noise).
    Box,
    /// Whole frames are black.
    MissingFrames,
    /// Single pixels are black, in all channels.
    MissingPixels,
    /// Digits move at a speed that varies from frame to frame.
    Dynamic,
}

/// Which splits are disturbed.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum NoisySplits {
    /// The training split alone, as an augmentation.
    #[default]
    Train,
    /// All three.
    All,
}

/// Treatment of a symbolic link in a folder of data that leads out of the folder, or nowhere.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Links {
    /// It is an error.
    #[default]
    Refuse,
    /// It is named in a warning and left out, as if it were not there.
    Skip,
    /// Its target is read.
    Follow,
}
