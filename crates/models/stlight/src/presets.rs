//! Named configurations.

use foreframe_core::{Benchmark, Preset};

use crate::{Reassembly, StLightConfig};

/// The networks of the paper's tables. It prints the sizes of the largest Moving MNIST network only; the others are those
/// that meet both the printed number of parameters and the printed cost.
pub(crate) fn presets() -> Vec<Preset<StLightConfig>> {
    let preset = |benchmark: Benchmark, name, [width, depth, patch_size, dilated_kernel]: [usize; 4]| {
        let config = StLightConfig {
            width,
            depth,
            patch_size,
            dilated_kernel,
            ..StLightConfig::default()
        };
        benchmark.variant(name, benchmark.about, config)
    };
    vec![
        preset(Benchmark::MOVING_MNIST, "moving-mnist-xs", [800, 16, 2, 7]),
        preset(Benchmark::MOVING_MNIST, "moving-mnist-s", [1000, 16, 2, 7]),
        preset(Benchmark::MOVING_MNIST, "moving-mnist-m", [1200, 16, 2, 7]),
        preset(Benchmark::MOVING_MNIST, "moving-mnist-l", [1400, 16, 2, 7]),
        preset(Benchmark::TAXIBJ, "taxibj-s", [256, 12, 1, 7]),
        preset(Benchmark::TAXIBJ, "taxibj-m", [256, 20, 1, 7]),
        preset(Benchmark::TAXIBJ, "taxibj-l", [512, 10, 1, 7]),
        preset(Benchmark::KTH, "kth-xs", [400, 8, 2, 5]),
        preset(Benchmark::KTH, "kth-s", [600, 14, 2, 5]),
        preset(Benchmark::KTH, "kth-m", [800, 14, 2, 5]),
        preset(Benchmark::KTH, "kth-l", [1000, 14, 2, 5]),
        Benchmark::MOVING_DIGITS.preset(StLightConfig {
            width: 128,
            depth: 8,
            patch_size: 2,
            dilated_kernel: 5,
            reassembly: Reassembly::ShuffleLast,
            ..StLightConfig::default()
        }),
    ]
}
