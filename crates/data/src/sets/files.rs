//! A user's own data.

use crate::{DataConfig, Dataset};

/// The user's own data: a `.npy` file, a GIF, or a folder of `.npy` files, of images, of GIFs, or of folders of images.
pub const fn files() -> Dataset {
    Dataset {
        name: "files",
        about: "your own .npy files, image folders or GIFs, by --data-path",
        source: "yours",
        defaults,
        frame: |_| None,
        open: crate::files::open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: files().name.to_owned(),
        ..DataConfig::default()
    }
}
