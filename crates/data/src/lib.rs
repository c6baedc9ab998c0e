//! Data for forecasting: clips from files or made on the fly, split, normalized and prefetched.
//!
//! A [`Dataset`] opens as [`Splits`]: three [`ClipSource`]s that write single clips, and the [`Normalization`] computed
//! from the training split. A [`Loader`] turns a source into batches on a thread of its own, in an order that depends on
//! seed and epoch alone.
//!
//! ```
//! use foreframe_data::{DataConfig, Loader, LoaderConfig, sets};
//!
//! let dataset = sets::moving_digits();
//! let config = DataConfig { size: 32, train_clips: 8, ..(dataset.defaults)() };
//! let splits = (dataset.open)(&config)?;
//! let loader = Loader::new(splits.train, LoaderConfig { batch: 4, seed: 1, shuffle: true, drop_last: true })?;
//! for batch in loader.epoch(0, 0) {
//!     assert_eq!(batch?.values.len(), 4 * 20 * 32 * 32);
//! }
//! # Ok::<(), foreframe_data::DataError>(())
//! ```

mod batch;
mod channels;
mod cifar;
mod claims;
mod config;
pub mod download;
mod error;
mod fields;
pub mod files;
mod fingerprint;
mod idx;
pub mod images;
mod input;
mod loader;
mod moving;
mod noise;
mod normalization;
pub mod npy;
pub mod npz;
mod numbered;
mod random;
mod replace;
mod resample;
pub mod sets;
mod source;
mod video;

/// Moments and the time between frames, in seconds.
pub mod time {
    pub use crate::fields::{follows, seconds, step, written};
}

pub use batch::{HostBatch, carry_forward, fill_missing, first_channels, persistence};
pub use channels::{Channels, Pick, TimeEncoding};
pub use config::{DataConfig, Missing, Motion, Noise, NoisySplits, Protocol, Scaling, SplitBy, whole_frames};
pub use error::DataError;
pub use fields::{Coordinate, Damaged, Grid, same_unit};
pub use fingerprint::{Agreement, Fingerprint};
pub use input::{InputSpec, Trained};
pub use loader::{Batches, Loader, LoaderConfig};
pub use normalization::Normalization;
pub use source::{COMMON_KEYS, ClipSource, Dataset, Splits};
