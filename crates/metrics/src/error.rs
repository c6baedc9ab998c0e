use thiserror::Error;

/// Why scores cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScoreError {
    /// The sizes, the normalization or the options contradict each other.
    #[error("scores cannot be set up: {0}")]
    Spec(String),
    /// A key of the options has an impossible value.
    #[error("`scores.{key}` {problem}: {remedy}")]
    Option {
        /// The key, e.g. `thresholds`.
        key: String,
        /// The problem with it.
        problem: String,
        /// The remedy: a value to write instead.
        remedy: String,
    },
    /// A clip has another size than the scores were made for.
    #[error(
        "the {what} of a clip holds {found} values, but {expected} are scored ([lead time, channel, height, width])"
    )]
    Size {
        /// `forecast` or `truth`.
        what: &'static str,
        /// Number of values given.
        found: usize,
        /// Number of values of one clip.
        expected: usize,
    },
    /// Two accumulators that were made for different clips or with different options cannot be merged.
    #[error("scores of different clip shapes, normalizations or options cannot be merged")]
    Merge,
    /// No clip was added.
    #[error("there is nothing to score: no clip was added (is the split empty?)")]
    NoClips,
    /// Values that are NaN or infinite.
    #[error(
        "the {what} holds NaN or infinite values in {clips} of {of} clips, first in clip {clip} at lead time {lead_time}, \
         so every score would be NaN; {remedy}"
    )]
    NotFinite {
        /// `forecast` or `truth`.
        what: &'static str,
        /// Clips with such values.
        clips: usize,
        /// Clips added.
        of: usize,
        /// First such clip, counted from 0 in the order in which clips were added.
        clip: usize,
        /// Its first such lead time, counted from 1.
        lead_time: usize,
        /// The remedy.
        remedy: &'static str,
    },
}

impl ScoreError {
    pub(crate) fn option(key: &str, problem: String, remedy: impl Into<String>) -> Self {
        Self::Option {
            key: key.to_owned(),
            problem,
            remedy: remedy.into(),
        }
    }
}
