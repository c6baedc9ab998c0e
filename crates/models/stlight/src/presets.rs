//! Named configurations.

use foreframe_core::{ClipShape, Preset};

use crate::{Reassembly, StLightConfig};

const MOVING_MNIST: ClipShape = ClipShape::new([10, 10, 1, 64, 64]);
const MOVING_DIGITS: ClipShape = ClipShape::new([10, 10, 1, 32, 32]);
const TAXIBJ: ClipShape = ClipShape::new([4, 4, 2, 32, 32]);
const KTH: ClipShape = ClipShape::new([10, 20, 1, 128, 128]);

/// The networks of the paper's tables. It prints the sizes of the largest Moving MNIST network only; the others are those
/// that meet both the printed number of parameters and the printed cost.
pub(crate) fn presets() -> Vec<Preset<StLightConfig>> {
    let preset = |name, about, clip, [width, depth, patch_size, dilated_kernel]: [usize; 4]| Preset {
        name,
        about,
        clip,
        config: StLightConfig {
            width,
            depth,
            patch_size,
            dilated_kernel,
            ..StLightConfig::default()
        },
    };
    let mnist = "two moving digits, 10 -> 10 frames";
    let taxibj = "taxi in- and outflow of Beijing, 4 -> 4 frames";
    let kth = "people walking, running and waving, 10 -> 20 frames";
    vec![
        preset("moving-mnist-xs", mnist, MOVING_MNIST, [800, 16, 2, 7]),
        preset("moving-mnist-s", mnist, MOVING_MNIST, [1000, 16, 2, 7]),
        preset("moving-mnist-m", mnist, MOVING_MNIST, [1200, 16, 2, 7]),
        preset("moving-mnist-l", mnist, MOVING_MNIST, [1400, 16, 2, 7]),
        preset("taxibj-s", taxibj, TAXIBJ, [256, 12, 1, 7]),
        preset("taxibj-m", taxibj, TAXIBJ, [256, 20, 1, 7]),
        preset("taxibj-l", taxibj, TAXIBJ, [512, 10, 1, 7]),
        preset("kth-xs", kth, KTH, [400, 8, 2, 5]),
        preset("kth-s", kth, KTH, [600, 14, 2, 5]),
        preset("kth-m", kth, KTH, [800, 14, 2, 5]),
        preset("kth-l", kth, KTH, [1000, 14, 2, 5]),
        Preset {
            name: "moving-digits",
            about: "small enough to train on a CPU in minutes, 10 -> 10 frames",
            clip: MOVING_DIGITS,
            config: StLightConfig {
                width: 128,
                depth: 8,
                patch_size: 2,
                dilated_kernel: 5,
                reassembly: Reassembly::ShuffleLast,
                ..StLightConfig::default()
            },
        },
    ]
}
