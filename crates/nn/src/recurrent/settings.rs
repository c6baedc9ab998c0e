//! The datasets on which recurrent networks were published.

use foreframe_core::{ClipShape, Preset};

/// A dataset as OpenSTL's recurrent networks see it.
struct Setting {
    name: &'static str,
    about: &'static str,
    /// `[T, T', channels, height, width]`
    clip: [usize; 5],
    /// Edge of a patch.
    patch: usize,
}

const fn setting(name: &'static str, about: &'static str, clip: [usize; 5], patch: usize) -> Setting {
    Setting {
        name,
        about,
        clip,
        patch,
    }
}

/// `configs/<dataset>/<Method>.py` of OpenSTL.
const SETTINGS: [Setting; 12] = [
    setting(
        "moving-mnist",
        "two moving digits, 10 -> 10 frames",
        [10, 10, 1, 64, 64],
        4,
    ),
    setting(
        "moving-mnist-cifar",
        "two moving digits before photographs, 10 -> 10 frames",
        [10, 10, 3, 64, 64],
        4,
    ),
    setting(
        "taxibj",
        "taxi in- and outflow of Beijing, 4 -> 4 frames",
        [4, 4, 2, 32, 32],
        2,
    ),
    setting(
        "kth",
        "people walking, boxing, waving, 10 -> 20 frames",
        [10, 20, 1, 128, 128],
        2,
    ),
    setting("human", "Human3.6M, 4 -> 4 frames", [4, 4, 3, 256, 256], 4),
    setting("kinetics", "Kinetics-400, 4 -> 4 frames", [4, 4, 3, 256, 256], 4),
    setting(
        "caltech",
        "driving, KITTI to Caltech Pedestrian, 10 -> 1 frames",
        [10, 1, 3, 128, 160],
        2,
    ),
    setting("bair", "a robot arm pushing, 4 -> 12 frames", [4, 12, 3, 64, 64], 2),
    setting(
        "weatherbench",
        "temperature at 5.625 degrees, 12 -> 12 hours",
        [12, 12, 1, 32, 64],
        2,
    ),
    setting(
        "weatherbench-fine",
        "temperature at 1.40625 degrees, 12 -> 12 hours",
        [12, 12, 1, 128, 256],
        2,
    ),
    setting(
        "weatherbench-wind",
        "both components of wind at 5.625 degrees, 12 -> 12 hours",
        [12, 12, 2, 32, 64],
        2,
    ),
    setting(
        "weatherbench-multi",
        "twelve weather variables at 5.625 degrees, 4 -> 4 frames of 6 hours",
        [4, 4, 12, 32, 64],
        2,
    ),
];

/// Presets for OpenSTL's datasets: `config` from the edge of a patch, which is the usual one of the dataset or that of
/// `patches`.
pub fn openstl_presets<C>(patches: &[(&str, usize)], config: impl Fn(usize) -> C) -> Vec<Preset<C>> {
    SETTINGS
        .iter()
        .map(|setting| {
            let own = patches.iter().find(|(name, _)| *name == setting.name);
            Preset {
                name: setting.name,
                about: setting.about,
                clip: ClipShape::new(setting.clip),
                config: config(own.map_or(setting.patch, |(_, patch)| *patch)),
            }
        })
        .collect()
}

/// The preset that is small enough for a laptop's CPU.
pub fn moving_digits<C>(config: C) -> Preset<C> {
    Preset {
        name: "moving-digits",
        about: "small: trains in minutes on a laptop's CPU",
        clip: ClipShape::new([10, 10, 1, 32, 32]),
        config,
    }
}
