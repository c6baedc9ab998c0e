//! Why a frame is not taken.

use foreframe_core::{ConfigError, StreamError};
use foreframe_formats::time::written;

/// Why a frame is not taken, or no forecast can be made. Everything is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// A setting that is impossible, or does not go with the network.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The frame has another size than those that the network was trained to observe.
    #[error("its frames are {found:?} ([channels, rows, columns]), the network was trained on {expected:?}")]
    Size {
        /// `[channels, height, width]` of the network.
        expected: [usize; 3],
        /// Those of the frame.
        found: [usize; 3],
    },
    /// A value that no network can read.
    #[error("a frame holds infinite values")]
    NotFinite,
    /// The network looks at the time of every frame, and that of this one is not known.
    #[error(
        "it does not say when its frames were taken, which the network looks at: bring files with a time axis, or of one \
         frame with its date and time in the name, e.g. t2m-2019-03-01T0600.npy"
    )]
    NoTime,
    /// A frame of the same moment, or of a later one, was there before.
    #[error("its frame of {} comes after one of {}", written(*time), written(*newest))]
    Late {
        /// When the frame was taken, in seconds since 1970.
        time: i64,
        /// When the newest one before it was taken.
        newest: i64,
    },
    /// Frames are further apart than those of training, or nearer.
    #[error(
        "frames are {found} s apart, the network was trained on frames {trained} s apart: bring such frames, set data.step, or \
         tell the interval (--time-step) to use it all the same"
    )]
    Interval {
        /// Seconds from one frame that the network looks at to its next.
        found: i64,
        /// Those of training.
        trained: i64,
    },
    /// The network's state cannot go on.
    #[error(transparent)]
    Stream(#[from] StreamError),
}
