//! The datasets, one function each, and the list of them.

mod caltech;
mod cikm2017;
mod files;
mod human;
mod kth;
mod moving_digits;
mod moving_mnist;
mod sequences;
mod sevir;
mod shanghai2020;
mod taxibj;
mod ucf_sports;
mod weatherbench;

use std::path::{Path, PathBuf};

use crate::{DataConfig, DataError, Dataset, whole_frames};

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

/// Where the files of a published dataset lie that is read with all of its channels.
fn located(config: &DataConfig) -> Result<PathBuf, DataError> {
    whole_frames(config)?;
    placed(config)
}

/// Where the files of a published dataset lie.
fn placed(config: &DataConfig) -> Result<PathBuf, DataError> {
    let path = config
        .path
        .clone()
        .unwrap_or_else(|| Path::new("datasets").join(&config.name));
    if path.exists() {
        return Ok(path);
    }
    let remedy = format!(
        "`foreframe data get {}` says where to get it; or name its folder (data.path, --data-path)",
        config.name
    );
    Err(DataError::file(&path, "is not there", remedy))
}
