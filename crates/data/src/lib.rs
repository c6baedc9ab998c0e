//! Data for forecasting: clips from files or made on the fly, split, normalized and prefetched.
//!
//! A [`Dataset`] opens as [`Splits`]: three [`ClipSource`]s that write single clips, and the [`Normalization`] computed
//! from the training split. A [`Loader`] turns a source into batches on a thread of its own, in an order that depends on
//! seed and epoch alone.

mod batch;
pub mod channels;
mod config;
mod error;
pub mod files;
pub mod fingerprint;
mod input;
mod loader;
pub mod noise;
mod normalization;
pub mod random;
pub mod resample;
mod source;
mod variables;

pub use batch::{HostBatch, carry_forward, fill_missing, first_channels, persistence};
pub use channels::{Channels, Pick, TimeEncoding};
pub use config::{
    DataConfig, Links, Missing, Motion, Noise, NoisySplits, Protocol, Scaling, SplitBy, at_least,
    check_positive_shares, check_shares, no_published_protocol, whole_frames,
};
pub use error::DataError;
pub use fingerprint::{Agreement, Fingerprint};
pub use input::{InputSpec, Trained};
pub use loader::{Batches, Loader, LoaderConfig};
pub use normalization::Normalization;
pub use source::{COMMON_KEYS, ClipSource, Dataset, Splits};
