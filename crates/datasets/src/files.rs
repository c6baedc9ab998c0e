//! A user's own data.

use foreframe_data::{DataConfig, Dataset};

/// The user's own data: a `.npy`, `.npz`, HDF5 or NetCDF file, a GIF, a video, or a folder of such files, of images, or of
/// folders of images.
pub const fn files() -> Dataset {
    Dataset {
        name: "files",
        about: "your own .npy, .npz, HDF5 or NetCDF files, image folders, GIFs or videos, by --data-path",
        source: "yours",
        defaults,
        keys: &[
            "path",
            "stride",
            "step",
            "split",
            "validation_share",
            "test_share",
            "normalize",
            "resize",
            "variable",
            "variables",
            "channels",
            "targets",
            "static",
            "time_encodings",
            "start",
            "time_step",
            "axes",
            "unit",
            "missing",
            "crop",
            "pool",
            "damaged",
            "links",
        ],
        frame: |_| None,
        open: foreframe_data::files::open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: files().name.to_owned(),
        ..DataConfig::default()
    }
}
