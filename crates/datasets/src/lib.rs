//! The datasets by name: published ones, digits that are drawn on the fly, and the user's own files.
//!
//! Each is one function that describes it; [`DATASETS`] lists them, [`download`] fetches those that may be fetched.
//!
//! ```
//! use foreframe_data::{DataConfig, Loader, LoaderConfig};
//! use foreframe_datasets::moving_digits;
//!
//! let dataset = moving_digits();
//! let config = DataConfig { size: 32, train_clips: 8, ..(dataset.defaults)() };
//! let splits = (dataset.open)(&config)?;
//! let loader = Loader::new(splits.train, LoaderConfig { batch: 4, seed: 1, shuffle: true, drop_last: true })?;
//! for batch in loader.epoch(0, 0) {
//!     assert_eq!(batch?.values.len(), 4 * 20 * 32 * 32);
//! }
//! # Ok::<(), foreframe_data::DataError>(())
//! ```

mod caltech;
mod cifar;
mod cikm2017;
pub mod download;
mod files;
mod human;
mod kth;
mod location;
mod moving;
mod moving_digits;
mod moving_mnist;
mod numbered;
mod sequences;
mod sevir;
mod shanghai2020;
mod taxibj;
mod ucf_sports;
mod weatherbench;

use foreframe_data::Dataset;

pub use caltech::caltech;
pub use cikm2017::cikm2017;
pub use files::files;
pub use human::human;
pub use kth::kth;
pub use moving_digits::moving_digits;
pub use moving_mnist::{moving_fashion_mnist, moving_mnist, moving_mnist_cifar, moving_mnist_dynamic};
pub use sevir::sevir;
pub use shanghai2020::shanghai2020;
pub use taxibj::taxibj;
pub use ucf_sports::ucf_sports;
pub use weatherbench::weatherbench;

/// The datasets, the one that needs no file first, the user's own last.
pub static DATASETS: &[Dataset] = &[
    moving_digits(),
    moving_mnist(),
    moving_fashion_mnist(),
    moving_mnist_dynamic(),
    moving_mnist_cifar(),
    taxibj(),
    kth(),
    human(),
    caltech(),
    weatherbench(),
    cikm2017(),
    shanghai2020(),
    sevir(),
    ucf_sports(),
    files(),
];
